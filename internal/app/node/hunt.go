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
	"github.com/wardline/wardline/internal/triage"
	"github.com/wardline/wardline/internal/watch"
)

// HuntRequest is a question about the past: see app.Question.
type HuntRequest struct {
	Question string    `json:"question"`
	From     time.Time `json:"from,omitzero"`
}

// HuntReply is a line of what comes back: how far the search is, and in the end what came of it or what went wrong.
type HuntReply struct {
	Progress *watch.Progress `json:"progress,omitempty"`
	Answer   *watch.Answer   `json:"answer,omitempty"`
	Trial    *watch.Trial    `json:"trial,omitempty"`
	Error    string          `json:"error,omitempty"`
}

// stream does what takes its time in the name of the operator, and answers with lines of HuntReply.
func (n *Node) stream(w http.ResponseWriter, r *http.Request, work func(context.Context, func(watch.Progress)) (HuntReply, error)) {
	out := json.NewEncoder(w)
	flush := http.NewResponseController(w)
	tell := func(reply HuntReply) {
		if out.Encode(reply) == nil {
			_ = flush.Flush() // whoever asked may have gone, and then the context ends
		}
	}
	steps := make(chan watch.Progress, 1)
	var reply HuntReply
	ended := make(chan error, 1)
	go func() {
		var err error
		reply, err = work(operator(r.Context()), func(p watch.Progress) {
			select {
			case steps <- p:
			default: // the one before has not been shown yet
			}
		})
		ended <- err
	}()
	for {
		select {
		case p := <-steps:
			tell(HuntReply{Progress: &p})
		case err := <-ended:
			if err != nil {
				reply = HuntReply{Error: err.Error()}
			}
			tell(reply)
			return
		}
	}
}

func (n *Node) hunt(w http.ResponseWriter, r *http.Request) {
	n.stream(w, r, func(ctx context.Context, progress func(watch.Progress)) (reply HuntReply, err error) {
		var asked HuntRequest
		if err := json.NewDecoder(io.LimitReader(r.Body, 64<<10)).Decode(&asked); err != nil {
			return reply, errors.New("say {\"question\": ...}")
		}
		set, title, err := app.Question(asked.Question, n.config.Rules.SetConfig, n.taxonomy)
		if err != nil {
			return reply, err
		}
		actor, _ := access.ActorOf(ctx)
		detail := map[string]string{"rules": strconv.Itoa(len(set.Rules())), "indicators": strconv.Itoa(set.Indicators())}
		err = n.house.Do(ctx, access.HuntRun, access.Object{Kind: "answer"}, detail, func(ctx context.Context) error {
			a, err := n.hunter.Hunt(ctx, watch.Question{Title: title, Set: set, From: asked.From, By: actor.Name}, progress)
			for i := range a.Findings {
				triage.Cover(n.veil, &a.Findings[i]) // the journal has all of it
			}
			reply.Answer = &a
			return err
		})
		return reply, err
	})
}

var errBroken = errors.New("the node ended before the answer: see its log")

// follow asks the node that runs on the data that c names, and shows how far it is, until the last reply.
func (c *Config) follow(ctx context.Context, path string, asked any, progress func(watch.Progress)) (HuntReply, error) {
	res, err := c.call(ctx, path, asked)
	if err != nil {
		return HuntReply{}, err
	}
	defer res.Body.Close()
	for in := json.NewDecoder(res.Body); ; {
		var reply HuntReply
		if err := in.Decode(&reply); err != nil {
			return HuntReply{}, errBroken
		}
		switch {
		case reply.Error != "":
			return HuntReply{}, errors.New(reply.Error)
		case reply.Progress == nil:
			return reply, nil
		}
		progress(*reply.Progress)
	}
}

// Hunt asks the node that runs on the data that c names, and shows how far the search is.
func Hunt(ctx context.Context, c *Config, asked HuntRequest, progress func(watch.Progress)) (watch.Answer, error) {
	reply, err := c.follow(ctx, "/hunts", asked, progress)
	if err == nil && reply.Answer == nil {
		err = errBroken
	}
	if err != nil {
		return watch.Answer{}, err
	}
	return *reply.Answer, nil
}
