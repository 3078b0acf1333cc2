package listener

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wardline/wardline/internal/continuity/canary"
)

const (
	quiet   = 5 * time.Second // without a knock, after which a guest is told of
	longest = time.Minute     // after which it is told of though it goes on
	most    = 4096            // guests that are told apart at a time
	kinds   = 8               // of what one guest says
	others  = "others"        // who stands for those beyond most
)

// house is all doors together.
type house struct {
	c Config

	mu    sync.Mutex
	folds map[string]*fold // by address; guarded by mu
}

// fold is what one machine did at all doors within a minute at most.
type fold struct {
	first, last time.Time
	count       int
	inside      int // connections that are open
	doors       []*Door
	spoke       []string
	heard       said // of an association, the first one
}

// enter adds a knock to what its guest does. The caller calls leave once it is known what the guest said.
func (h *house) enter(d *Door, from string) (leave func(said)) {
	now := time.Now()
	if c := d.canary(); c.Allows(now, "", from) {
		return func(said) {}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	f := h.folds[from]
	if f == nil && len(h.folds) >= most {
		from = others
		f = h.folds[from]
	}
	if f == nil {
		f = &fold{first: now}
		h.folds[from] = f
	}
	f.last = now
	f.count++
	f.inside++
	if !slices.Contains(f.doors, d) {
		f.doors = append(f.doors, d)
	}
	return func(s said) {
		h.mu.Lock()
		defer h.mu.Unlock()
		f.left(s)
	}
}

// left adds what a guest said. Its fold may have been told already, when the guest took very long.
func (f *fold) left(s said) {
	f.inside--
	f.last = time.Now()
	if s.kind != nothing && !slices.Contains(f.spoke, s.kind) && len(f.spoke) < kinds {
		f.spoke = append(f.spoke, s.kind)
	}
	if f.heard.called == "" && f.heard.calling == "" {
		f.heard = s
	}
}

// settle tells of guests that have gone, or that have gone on for a minute.
func (h *house) settle(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			h.tell(time.Time{})
			return ctx.Err()
		case now := <-tick.C:
			h.tell(now)
		}
	}
}

// tell tells of the guests whose time has come; of all when now is zero.
func (h *house) tell(now time.Time) {
	h.mu.Lock()
	var due []canary.Report
	for from, f := range h.folds {
		if now.IsZero() || f.inside == 0 && now.Sub(f.last) >= quiet || now.Sub(f.first) >= longest {
			due = append(due, f.report(from))
			delete(h.folds, from)
		}
	}
	h.mu.Unlock()
	for _, r := range due {
		h.c.Out(r)
	}
}

func (f *fold) report(from string) canary.Report {
	door := canary.DoorReport{From: from, Spoke: slices.Clone(f.spoke), Calling: f.heard.calling, Called: f.heard.called}
	for _, d := range f.doors {
		door.Doors = append(door.Doors, d.Protocol+" "+d.Listen)
	}
	return canary.Report{
		Time: f.first.UTC(), Type: canary.TripType, Canary: f.doors[0].ID, Kind: canary.Listener, Act: canary.Called,
		Level: canary.Severity(canary.Listener, canary.Called).String(), Meaning: canary.Meaning(canary.Listener, canary.Called),
		How: f.how(), Count: f.count, Door: &door,
	}
}

// how names what a guest did.
func (f *fold) how() string {
	var words []string
	for _, k := range f.spoke {
		if k != unknown {
			words = append(words, strings.ToUpper(k))
		}
	}
	if len(words) < len(f.spoke) {
		words = append(words, unknown)
	}
	spoke := "spoke " + strings.Join(words, ", ")
	if f.heard.called != "" {
		spoke += ", called AE " + f.heard.called
	}
	switch {
	case len(f.doors) > 1 && len(f.spoke) > 0:
		return fmt.Sprintf("a port scan of %d decoy doors, which %s", len(f.doors), spoke)
	case len(f.doors) > 1:
		return fmt.Sprintf("a port scan of %d decoy doors", len(f.doors))
	case len(f.spoke) == 0:
		return "a port scan"
	}
	return spoke
}
