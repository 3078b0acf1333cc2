package console

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/triage"
	"github.com/wardline/wardline/internal/vault/veil"
)

// recall reads from the journal what the first events of a finding say: the desk knows only where they lie. It returns why what is
// not there is not, by number.
func (c *Console) recall(ctx context.Context, f *finding.Finding, most int) (lost map[int]string, err error) {
	lost = map[int]string{}
	var entry *journal.Entry // events of one finding often lie together
	for i := range f.Events[:min(most, len(f.Events))] {
		e := &f.Events[i]
		if e.Place == nil || len(e.Fields) > 0 && string(e.Fields) != "null" {
			continue
		}
		if entry == nil || entry.Index != e.Place.Entry {
			entry, err = c.Journal.Entry(ctx, e.Place.Entry)
			if damage := (*journal.DamageError)(nil); errors.As(err, &damage) {
				entry, lost[i] = nil, "The entry that holds this is damaged. The page Journal can check it."
				continue
			}
			if err != nil {
				return nil, err
			}
		}
		if !entry.Gone.IsZero() {
			lost[i] = "What it said was deleted " + c.clock().At(entry.Gone) + ", after the time for which it is kept. That it was there stays proven."
			continue
		}
		if e.Fields = c.saidAt(entry, e.Place.Line); e.Fields == nil {
			lost[i] = "The journal holds no such line."
		}
	}
	return lost, nil
}

// recallAll is recall for a program, which gets all that a finding keeps; a page reads what it shows.
func (c *Console) recallAll(r *request, items []triage.Item) error {
	if !r.api {
		return nil
	}
	for i := range items {
		if _, err := c.recall(r.Context(), &items[i].Finding, len(items[i].Events)); err != nil {
			return err
		}
	}
	return nil
}

// saidAt is what a line of an entry says; nil when there is no such line.
func (c *Console) saidAt(entry *journal.Entry, at int) json.RawMessage {
	for n, line := range entry.Lines() {
		if n != at {
			continue
		}
		reader := event.LineReader{Taxonomy: c.Taxonomy, Limits: jsonl.DefaultLimits()}
		var ev event.Event
		if entry.Header.Kind == journal.Events && reader.Read(line, &ev) == nil {
			return append(json.RawMessage(nil), ev.Fields...)
		}
		return append(json.RawMessage(nil), line...)
	}
	return nil
}

// describe is page.Describe without patients who were heard of elsewhere: a web server writes them into addresses, and a message of
// HL7 that lost a part has them where names of systems belong.
func (c *Console) describe(fields json.RawMessage, asks, patients []string) (chosen, all []page.Pair, masked bool) {
	chosen, all, masked = page.Describe(fields, asks, patients)
	hl7 := slices.ContainsFunc(all, func(p page.Pair) bool { return p.Name == "MSH-3" })
	names := map[string]bool{} // values that are a patient's name
	for _, p := range all {
		names[p.Value] = hl7 && veil.NamesSystem(p.Name) && c.Veil.IsName([]byte(p.Value))
	}
	for _, pairs := range [][]page.Pair{chosen, all} {
		for i := range pairs {
			p := &pairs[i]
			hidden, hides := c.Veil.Hide([]byte(p.Value))
			if names[p.Value] {
				hidden, hides = []byte(c.Veil.Entity("patient", p.Value)), true
			}
			if hides {
				p.Value, masked = string(hidden), true
			}
		}
	}
	return chosen, all, masked
}

// covered is what may be seen of the things that a finding names.
func (c *Console) covered(entities map[string][]string) map[string][]string {
	out := map[string][]string{}
	for kind, values := range entities {
		for _, v := range values {
			out[kind] = append(out[kind], c.Veil.Entity(kind, v))
		}
	}
	return out
}
