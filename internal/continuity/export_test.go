package continuity

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/continuity/depend"
)

// Links are those of the house's map at this moment.
func (r *Room) Links() (out []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h, err := r.graph()
	if err != nil {
		return []string{err.Error()}
	}
	for _, e := range h.Edges() {
		out = append(out, fmt.Sprintf("%s needs %s (%s)", e.From, e.To, e.Kind))
	}
	return out
}

// Pairs is how many pairs of who sends what to whom are counted.
func (e *Engine) Pairs() int { return len(e.links) }

// ProbeSigns is what a test sees of what is told of a server.
var ProbeSigns = probed

// Known is how many feeds are known.
func (e *Engine) Known() int { return len(e.order) }

// Usual is how many messages half an hour usually brings of the first feed that was heard.
func (e *Engine) Usual(at time.Time) float64 {
	n, _ := e.order[0].model.Usual(at)
	return n
}

// Classes are those of all feeds that are known, by their names.
func (e *Engine) Classes() map[string]Class {
	out := map[string]Class{}
	for _, f := range e.order {
		out[e.nameOf(f)] = f.class
	}
	return out
}

// Reclass goes on with other services.
func (e *Engine) Reclass(services *depend.Catalogue) { e.reclass(services) }

// Silent are the feeds that are, by their names.
func (e *Engine) Silent() (out []string) {
	for _, f := range e.order {
		if f.model.Silent() {
			out = append(out, e.nameOf(f))
		}
	}
	return out
}

// Heard is how many entries were heard.
func (r *Room) Heard() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.next
}

// State is all that the room's engine knows, as it is written.
func (r *Room) State() (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	feeds := make([]feedState, 0, len(r.engine.order))
	for _, f := range r.engine.order {
		feeds = append(feeds, f.state())
	}
	slices.SortFunc(feeds, func(a, b feedState) int { return cmp.Compare(a.ID, b.ID) })
	text, err := json.Marshal(struct {
		Rest  rest
		Feeds []feedState
	}{r.engine.rest(), feeds})
	return string(text), err
}
