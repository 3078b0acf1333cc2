package ruletest

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/event"
)

// members are those of a JSON object, in the order written.
type members []member

type member struct {
	name  string
	value json.RawMessage
}

var errNoObject = errors.New("fields must be one JSON object, such as {\"EventID\": 1}; a backslash is written twice")

func parseMembers(text string) (members, error) {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errNoObject
	}
	var all members
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		var value json.RawMessage
		if err != nil || !ok || d.Decode(&value) != nil {
			return nil, errNoObject
		}
		all = append(all, member{name, value})
	}
	if _, err := d.Token(); err != nil || len(bytes.TrimSpace([]byte(text)[d.InputOffset():])) > 0 {
		return nil, errNoObject
	}
	return all, nil
}

// under returns m with those of base that it does not state itself.
func (m members) under(base members) members {
	var all members
	for _, b := range base {
		if !slices.ContainsFunc(m, func(own member) bool { return own.name == b.name }) {
			all = append(all, b)
		}
	}
	return append(all, m...)
}

// build makes an event of its own fields and those that all have.
func (p *parser) build(text string) (event.Event, error) {
	own, err := parseMembers(text)
	if err != nil {
		return event.Event{}, err
	}
	var b event.Builder
	b.Reset()
	for _, m := range own.under(p.fields) {
		b.Raw(m.name, m.value)
	}
	ev := event.Event{Format: "test"}
	if err := b.Into(&ev, jsonl.DefaultLimits()); err != nil {
		return event.Event{}, errors.New("event has more fields, or fields in deeper fields, than an event may have")
	}
	ev.Class = p.tax.Class(p.sender, p.stated(&ev, p.log, "Channel", "event_type"), p.stated(&ev, p.code, "EventID", "type")).Refine(&ev)
	return ev, nil
}

// stated is what the script says or, where it is silent, the first of the event's fields.
func (p *parser) stated(ev *event.Event, said string, fields ...string) string {
	for _, f := range fields {
		if said != "" {
			break
		}
		if i := ev.Index.Find(ev.Fields, f); i >= 0 {
			said = string(ev.Index.Text(ev.Fields, i, nil))
		}
	}
	return said
}
