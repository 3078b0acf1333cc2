package route

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// state is what a Route keeps over a restart. What was heard in front lies in the journal, and is told again.
type state struct {
	Began   time.Time         `json:"began"`
	Counts  Counts            `json:"counts"`
	Fields  map[string]*habit `json:"fields"`
	Ways    map[string]*share `json:"ways"`
	Sources map[string]*share `json:"sources"`
}

// Learned returns what the Route has learned, for Restore: no value of a message is in it.
func (r *Route) Learned() ([]byte, error) {
	return json.Marshal(state{r.began, r.counts, r.habits.fields, texts(r.habits.ways), texts(r.habits.sources)})
}

// Restore brings back what Learned returned, before anything is heard.
func (r *Route) Restore(learned []byte) error {
	var s state
	if err := json.Unmarshal(learned, &s); err != nil {
		return fmt.Errorf("read what was learned of a route: %w", err)
	}
	r.began, r.counts = s.Began, s.Counts
	r.habits.fields = s.Fields
	r.habits.ways, r.habits.sources = r.habits.shares(s.Ways), r.habits.shares(s.Sources)
	return nil
}

const split = "\x1f" // stands in no field of HL7

func texts(of map[way]*share) map[string]*share {
	out := map[string]*share{}
	for w, s := range of {
		out[strings.Join([]string{w.application, w.facility, w.event, w.segment}, split)] = s
	}
	return out
}

func (h *habits) shares(of map[string]*share) map[way]*share {
	out := map[way]*share{}
	for text, s := range of {
		if p := strings.Split(text, split); len(p) == 4 {
			s.over = &h.over
			out[way{origin{p[0], p[1], p[2]}, p[3]}] = s
		}
	}
	return out
}
