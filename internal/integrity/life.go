package integrity

import (
	"context"
	"time"

	"github.com/wardline/wardline/internal/finding"
)

// Happening is one thing that was heard of an object that a system keeps: that it was sent there, or that it was read and was another than before. It is patient data.
type Happening struct {
	ID      string    `json:"id"`                // where it stands in the journal, and its event
	At      time.Time `json:"at"`                // when it was received
	Point   string    `json:"point"`             // who said it: a sender, or the system that was read
	Act     string    `json:"act"`               // sent, or what a sweep calls it: new, amended, gone
	Outcome string    `json:"outcome,omitempty"` // of a sweep: explained, pending, mismatch
	Version string    `json:"version,omitempty"` // as the system calls it
	By      string    `json:"by,omitempty"`      // who changed it, as the system calls the person
	Says    string    `json:"says,omitempty"`    // value and unit of a result
	State   string    `json:"state,omitempty"`   // of a result
	Why     []string  `json:"why,omitempty"`     // sentences without values
}

// Place is where it stands in the journal.
func (h *Happening) Place() finding.Place {
	place, _, _ := placeOf(h.ID)
	return place
}

// Life is what was heard of an object, oldest first.
type Life struct {
	Happenings []Happening `json:"happenings"`
	Left       int         `json:"left,omitempty"` // older ones that are not kept here; the journal has them
}

// mostHappenings is how many of one object are kept.
const mostHappenings = 40

// actSent is that a result was sent.
const actSent = "sent"

// happened adds to the life of an object.
func (e *Engine) happened(name string, h Happening) error {
	l, _, err := e.lives.seal(name)
	if err != nil {
		return err
	}
	l.Happenings = append(l.Happenings[:len(l.Happenings):len(l.Happenings)], h)
	if over := len(l.Happenings) - mostHappenings; over > 0 {
		l.Happenings, l.Left = l.Happenings[over:], l.Left+over
	}
	e.lives.keep(name, l, h.At)
	return nil
}

// Life is what was heard of that which a doubt is about; nothing for one about messages alone. It is patient data: callers say who looked.
func (r *Room) Life(ctx context.Context, d *Doubt) (Life, error) {
	if d.Life == "" {
		return Life{}, nil
	}
	shelf := newDrawers[Life](r.cfg.DB, r.cfg.Vault, "integrity_lives")
	shelf.ctx = ctx
	l, _, err := shelf.seal(d.Life)
	return l, err
}
