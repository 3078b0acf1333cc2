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
	doors       []*Door
	spoke       []string
	heard       said // of an association, the first one
}

// note adds a knock to what its guest did.
func (h *house) note(d *Door, from string, s said) {
	now := time.Now()
	if c := d.canary(); c.Allows(now, "", from) {
		return
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
	if !slices.Contains(f.doors, d) {
		f.doors = append(f.doors, d)
	}
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
		if now.IsZero() || now.Sub(f.last) >= quiet || now.Sub(f.first) >= longest {
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
	door := canary.DoorReport{From: from, Spoke: f.spoke, Calling: f.heard.calling, Called: f.heard.called}
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
	words := make([]string, 0, len(f.spoke))
	for _, k := range f.spoke {
		words = append(words, strings.ToUpper(k))
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
