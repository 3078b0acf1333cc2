package stage

import (
	"encoding/json"
	"fmt"
)

type state struct {
	Traces []Trace
	Told   map[string]int
}

// Encode writes the book, so that Decode goes on where it was.
func (b *Book) Encode() []byte {
	text, err := json.Marshal(state{b.traces, b.told})
	if err != nil {
		panic(fmt.Sprint("wardline: internal error: ", err)) // texts and times can always be written
	}
	return text
}

// Decode takes up what Encode wrote.
func Decode(text []byte) (*Book, error) {
	var s state
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("what is known of stages is damaged: start it anew: %w", err)
	}
	if len(s.Traces) > mostTraces {
		return nil, fmt.Errorf("what is known of stages is damaged: %d traces: start it anew", len(s.Traces))
	}
	b := New()
	b.traces = s.Traces
	for id, n := range s.Told {
		b.told[id] = n
	}
	return b, nil
}
