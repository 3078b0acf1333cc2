package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/journal"
)

// KeepConfig says for how many days the bodies of each kind of journal entry are kept. 0 keeps them for good. Headers and proofs
// always stay, and so does what is held (wardline journal hold).
type KeepConfig struct {
	// Events are what senders said: 400 days.
	Events int `yaml:"events"`
	// Damaged is what could not be read: 30 days.
	Damaged int `yaml:"damaged"`
	// Records are findings, what people did, answers and the books of senders: 2192 days, the six years of 45 CFR
	// 164.316(b)(2)(i).
	Records int `yaml:"records"`
}

func (k KeepConfig) days() map[journal.Kind]int {
	return map[journal.Kind]int{
		journal.Events: k.Events, journal.Damaged: k.Damaged,
		journal.Findings: k.Records, journal.Acts: k.Records, journal.Answers: k.Records, journal.Cases: k.Records, journal.Books: k.Records,
	}
}

// How often it is looked whether something is to be deleted, and when for the first time after a start.
const (
	expireEvery = 6 * time.Hour
	expireFirst = 10 * time.Minute
)

// retain deletes what is older than it is to be kept, until ctx is done.
func (n *Node) retain(ctx context.Context) error {
	for wait := expireFirst; ; wait = expireEvery {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := n.expire(ctx, time.Now()); err != nil {
			return err
		}
	}
}

func (n *Node) expire(ctx context.Context, now time.Time) error {
	var failures []error
	for kind, days := range n.config.Journal.Keep.days() {
		if days == 0 {
			continue
		}
		done, err := n.journal.Expire(ctx, kind, now.AddDate(0, 0, -days), now)
		if errors.Is(err, journal.ErrClock) {
			return fmt.Errorf("nothing is deleted: %w: see that the date is right, then run wardline journal confirm-clock", err)
		}
		if err != nil {
			failures = append(failures, err)
		}
		switch kind {
		case journal.Acts:
			failures = append(failures, n.forgetActs(ctx, now.AddDate(0, 0, -days)))
		case journal.Findings:
			failures = append(failures, n.forgetDoubts(ctx, now.AddDate(0, 0, -days)))
		}
		if done.Segments > 0 {
			n.log.InfoContext(ctx, "bodies were deleted after their time", "kind", kind, "entries", done.Entries, "bytes", done.Bytes, "segments_held", done.Held)
		}
	}
	return errors.Join(failures...)
}

// forgetActs has the table of acts follow the journal. What is held stays in the journal alone.
func (n *Node) forgetActs(ctx context.Context, before time.Time) error {
	forgotten, err := n.house.Prune(ctx, before)
	if err != nil {
		return fmt.Errorf("forget old acts: %w", err)
	}
	if forgotten > 0 {
		n.log.InfoContext(ctx, "acts were taken out of the trail after their time; their sealed lines go with the journal's", "acts", forgotten)
	}
	return nil
}

// forgetDoubts has the records room follow the journal, whose findings its doubts are.
func (n *Node) forgetDoubts(ctx context.Context, before time.Time) error {
	if n.integrity == nil {
		return nil
	}
	forgotten, err := n.integrity.Prune(ctx, before)
	if forgotten > 0 {
		n.log.InfoContext(ctx, "doubts about records were deleted after their time", "doubts", forgotten)
	}
	return err
}

// Held is a legal hold as it is asked for and listed: see journal.Hold.
type Held struct {
	journal.Hold
	Release string `json:"release,omitempty"` // id of a hold that is to end
}

// hold begins or ends a hold in the name of the operator.
func (n *Node) hold(ctx context.Context, r *http.Request) (any, error) {
	var asked Held
	if err := json.NewDecoder(io.LimitReader(r.Body, 64<<10)).Decode(&asked); err != nil {
		return nil, errors.New("say which entries are to be held")
	}
	actor, _ := access.ActorOf(ctx)
	err := n.house.Do(ctx, access.SourceWrite, access.Object{Kind: "hold", ID: asked.Release}, nil, func(ctx context.Context) (err error) {
		if asked.Release != "" {
			return n.journal.Release(ctx, asked.Release, actor.Name, asked.Reason)
		}
		asked.By = actor.Name
		asked.ID, err = n.journal.Hold(ctx, asked.Hold)
		return err
	})
	return asked, err
}

func (n *Node) confirmClock(ctx context.Context, _ *http.Request) (any, error) {
	actor, _ := access.ActorOf(ctx)
	return struct{}{}, n.house.Do(ctx, access.SourceWrite, access.Object{Kind: "clock"}, nil, func(ctx context.Context) error {
		return n.journal.ConfirmClock(ctx, actor.Name)
	})
}
