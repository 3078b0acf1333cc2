package node

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/app"
	"github.com/wardline/wardline/internal/watch"
)

// HuntRequest is a question about the past: see app.Question.
type HuntRequest struct {
	Question string    `json:"question"`
	From     time.Time `json:"from,omitzero"`
}

// HuntReply is a line of what comes back: how far the search is, and in the end the answer or what went wrong.
type HuntReply struct {
	Progress *watch.Progress `json:"progress,omitempty"`
	Answer   *watch.Answer   `json:"answer,omitempty"`
	Error    string          `json:"error,omitempty"`
}

// hunt answers with lines of HuntReply.
func (n *Node) hunt(w http.ResponseWriter, r *http.Request) {
	out := json.NewEncoder(w)
	flush := http.NewResponseController(w)
	tell := func(reply HuntReply) {
		if out.Encode(reply) == nil {
			_ = flush.Flush() // whoever asked may have gone, and then the context ends
		}
	}
	answer, err := n.ask(operator(r.Context()), r.Body, tell)
	if err != nil {
		tell(HuntReply{Error: err.Error()})
		return
	}
	tell(HuntReply{Answer: &answer})
}

func (n *Node) ask(ctx context.Context, body io.Reader, tell func(HuntReply)) (watch.Answer, error) {
	var asked HuntRequest
	if err := json.NewDecoder(io.LimitReader(body, 64<<10)).Decode(&asked); err != nil {
		return watch.Answer{}, errors.New("say {\"question\": ...}")
	}
	set, title, err := app.Question(asked.Question, n.config.Rules.SetConfig, n.taxonomy)
	if err != nil {
		return watch.Answer{}, err
	}
	actor, _ := access.ActorOf(ctx)
	steps := make(chan watch.Progress, 1)
	var answer watch.Answer
	ended := make(chan error, 1)
	go func() {
		detail := map[string]string{"rules": strconv.Itoa(len(set.Rules())), "indicators": strconv.Itoa(set.Indicators())}
		ended <- n.house.Do(ctx, access.HuntRun, access.Object{Kind: "answer"}, detail, func(ctx context.Context) (err error) {
			answer, err = n.hunter.Hunt(ctx, watch.Question{Title: title, Set: set, From: asked.From, By: actor.Name}, func(p watch.Progress) {
				select {
				case steps <- p:
				default: // the one before has not been shown yet
				}
			})
			return err
		})
	}()
	for {
		select {
		case p := <-steps:
			tell(HuntReply{Progress: &p})
		case err := <-ended:
			return answer, err
		}
	}
}

// Hunt asks the node that runs on the data that c names, and shows how far the search is.
func Hunt(ctx context.Context, c *Config, asked HuntRequest, progress func(watch.Progress)) (watch.Answer, error) {
	res, err := c.call(ctx, "/hunts", asked)
	if err != nil {
		return watch.Answer{}, err
	}
	defer res.Body.Close()
	for in := json.NewDecoder(res.Body); ; {
		var reply HuntReply
		if err := in.Decode(&reply); err != nil {
			return watch.Answer{}, errors.New("the node ended before the answer: see its log")
		}
		switch {
		case reply.Error != "":
			return watch.Answer{}, errors.New(reply.Error)
		case reply.Answer != nil:
			return *reply.Answer, nil
		case reply.Progress != nil:
			progress(*reply.Progress)
		}
	}
}
