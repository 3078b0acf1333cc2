package finding

import (
	"encoding/json"
	"time"
)

// MarshalJSON writes the finding as one object; a time that no event says is null.
func (f Finding) MarshalJSON() ([]byte, error) {
	if f.Entities == nil {
		f.Entities = map[string][]string{}
	}
	return json.Marshal(struct {
		ID       string              `json:"id"`
		Kind     Kind                `json:"kind"`
		Rule     Rule                `json:"rule"`
		Count    int                 `json:"count"`
		First    *time.Time          `json:"first"`
		Last     *time.Time          `json:"last"`
		Entities map[string][]string `json:"entities"`
		Events   []Evidence          `json:"events"`
		Places   []Place             `json:"places,omitempty"`
	}{f.ID, f.Kind, f.Rule, f.Count, known(f.First), known(f.Last), f.Entities, f.Events, f.Places})
}

// MarshalJSON writes the event as one object; a time that it does not say is null.
func (e Evidence) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Source   string            `json:"source"`
		Record   int64             `json:"record"`
		Time     *time.Time        `json:"time"`
		Entities map[string]string `json:"entities,omitempty"`
		Fields   json.RawMessage   `json:"fields"`
		Place    *Place            `json:"place,omitempty"`
	}{e.Source, e.Record, known(e.Time), e.Entities, e.Fields, e.Place})
}

func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
