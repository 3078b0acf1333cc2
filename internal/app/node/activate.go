package node

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/app"
	"github.com/wardline/wardline/internal/watch"
)

// rulebookDir is where what events are judged by is kept.
func (c *Config) rulebookDir() string { return filepath.Join(c.Data, "rules") }

// openRulebook reads what events are judged by: what was at work last, whatever is configured now.
func (n *Node) openRulebook(ctx context.Context) (err error) {
	system, _ := access.ActorOf(operator(ctx))
	n.rulebook, err = watch.OpenRulebook(ctx, watch.RulebookConfig{
		Dir: n.config.rulebookDir(), DB: n.db, Log: n.log, System: system,
		Pack: func(w io.Writer) error { return app.PackSet(n.config.Rules.SetConfig, w) },
		Load: func(r io.ReaderAt, size int64) (*watch.Set, []watch.Refusal, error) {
			set, refused, unlisted, err := app.UnpackSet(r, size, n.taxonomy)
			var all []watch.Refusal
			for _, p := range refused {
				all = append(all, watch.Refusal{File: p.File + ":" + strconv.Itoa(p.Line), Reason: p.Reason})
			}
			for _, p := range unlisted {
				all = append(all, watch.Refusal{File: p.File + ":" + strconv.Itoa(p.Line), Reason: p.Reason})
			}
			return set, all, err
		},
		Seal: func(ctx context.Context, version string, act func(context.Context) error) error {
			return n.house.Do(ctx, access.RuleWrite, access.Object{Kind: "rule", ID: version}, map[string]string{"change": "go live"}, act)
		},
	})
	if err == nil && len(n.rulebook.Refused()) > 0 {
		n.log.WarnContext(ctx, "rules or indicators were refused; the console's page Rules says why", "refused", len(n.rulebook.Refused()))
	}
	return err
}

// hangups has the rules and the house's map looked at anew whenever the process is told to (SIGHUP), until ctx ends.
func (n *Node) hangups(ctx context.Context) error {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGHUP)
	defer signal.Stop(told)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-told:
			n.log.InfoContext(ctx, "told to look at the rules and the house's map anew")
			n.rulebook.Wake()
			if n.housemap != nil {
				n.housemap.wake()
			}
		}
	}
}

// RulesRequest is about what is configured and not at work: Version names it, and From bounds what it is tried on. Name is that
// of a suspended rule.
type RulesRequest struct {
	Version string    `json:"version,omitempty"`
	From    time.Time `json:"from,omitzero"`
	Name    string    `json:"name,omitempty"`
}

// Proposal is what is configured and not at work; Version is empty when both are the same.
type Proposal struct {
	Version string          `json:"version"`
	Change  watch.Change    `json:"change"`
	Refused []watch.Refusal `json:"refused"`
	At      string          `json:"at"` // version of what is at work
}

func (n *Node) lookAtRules(ctx context.Context, _ *http.Request) (any, error) {
	p, _, err := n.rulebook.Look(ctx)
	if err != nil {
		return nil, err
	}
	return Proposal{Version: p.Version, Change: p.Change, Refused: p.Refused, At: n.live.Set().Version()}, nil
}

func (n *Node) resumeRule(ctx context.Context, r *http.Request) (any, error) {
	asked, err := rulesRequest(r)
	if err != nil {
		return nil, err
	}
	return asked, n.house.Do(ctx, access.RuleWrite, access.Object{Kind: "rule", ID: asked.Name}, map[string]string{"change": "try again"}, func(ctx context.Context) error {
		return n.live.Resume(ctx, asked.Name)
	})
}

func rulesRequest(r *http.Request) (asked RulesRequest, err error) {
	if json.NewDecoder(io.LimitReader(r.Body, 4<<10)).Decode(&asked) != nil {
		return asked, errors.New("say {\"version\": ...} or {\"name\": ...}")
	}
	return asked, nil
}

func (n *Node) tryRules(w http.ResponseWriter, r *http.Request) {
	n.stream(w, r, func(ctx context.Context, progress func(watch.Progress)) (reply HuntReply, err error) {
		asked, err := rulesRequest(r)
		if err != nil {
			return reply, err
		}
		err = n.house.Do(ctx, access.RuleWrite, access.Object{Kind: "rule", ID: asked.Version}, map[string]string{"change": "try"}, func(ctx context.Context) error {
			t, err := n.rulebook.Try(ctx, asked.Version, asked.From, progress)
			reply.Trial = &t
			return err
		})
		return reply, err
	})
}

func (n *Node) activateRules(w http.ResponseWriter, r *http.Request) {
	n.stream(w, r, func(ctx context.Context, progress func(watch.Progress)) (reply HuntReply, err error) {
		asked, err := rulesRequest(r)
		if err != nil {
			return reply, err
		}
		a, err := n.rulebook.Activate(ctx, asked.Version, progress)
		reply.Answer = &a
		return reply, err
	})
}

// TryRules asks the node that runs what a proposal would have changed in the past.
func TryRules(ctx context.Context, c *Config, asked RulesRequest, progress func(watch.Progress)) (watch.Trial, error) {
	reply, err := c.follow(ctx, "/rules/try", asked, progress)
	if err == nil && reply.Trial == nil {
		err = errBroken
	}
	if err != nil {
		return watch.Trial{}, err
	}
	return *reply.Trial, nil
}

// ActivateRules has the node that runs let a proposal go live, and returns what the past held.
func ActivateRules(ctx context.Context, c *Config, asked RulesRequest, progress func(watch.Progress)) (watch.Answer, error) {
	reply, err := c.follow(ctx, "/rules/activate", asked, progress)
	if err == nil && reply.Answer == nil {
		err = errBroken
	}
	if err != nil {
		return watch.Answer{}, err
	}
	return *reply.Answer, nil
}
