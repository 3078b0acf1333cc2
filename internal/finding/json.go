package finding

import (
	"encoding/json"
	"time"
)

// MarshalJSON writes the finding as one object; a time that no event says is null.
func (f Finding) MarshalJSON() ([]byte, error) {
	type plain Finding
	if f.Entities == nil {
		f.Entities = map[string][]string{}
	}
	return json.Marshal(struct {
		plain
		First *time.Time `json:"first"`
		Last  *time.Time `json:"last"`
	}{plain(f), known(f.First), known(f.Last)})
}

// MarshalJSON writes the event as one object; a time that it does not say is null.
func (e Evidence) MarshalJSON() ([]byte, error) {
	type plain Evidence
	return json.Marshal(struct {
		plain
		Time *time.Time `json:"time"`
	}{plain(e), known(e.Time)})
}

func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
