package hl7

import (
	"sync"

	"github.com/wardline/wardline/internal/event"
)

// taken remembers which messages came under which control ids lately, of all senders of a source. It serves to flag
// events only; their ids do not depend on it.
type taken struct {
	mu       sync.Mutex
	now, old map[event.ID]event.ID // by what the sender calls the message: the event
}

// repeat tells what a message is to those before it.
type repeat uint8

const (
	fresh repeat = iota
	again        // the same came already
	other        // another came under the same control id
)

func newTaken() *taken { return &taken{now: map[event.ID]event.ID{}} }

func (t *taken) note(name, id event.ID) repeat {
	const most = 32 << 10 // names in each of two generations
	t.mu.Lock()
	defer t.mu.Unlock()
	before, known := t.now[name]
	if !known {
		before, known = t.old[name]
	}
	if len(t.now) == most {
		t.now, t.old = map[event.ID]event.ID{}, t.now
	}
	t.now[name] = id
	switch {
	case !known:
		return fresh
	case before == id:
		return again
	}
	return other
}
