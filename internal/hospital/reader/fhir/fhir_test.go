package fhir_test

import (
	"bytes"
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/hospital/reader/fhir"
	"github.com/wardline/wardline/internal/hospital/reader/readertest"
)

var update = flag.Bool("update", false, "write the examples anew")

// Each example is a resource, or several, and the facts that are read from them.
func TestExamples(t *testing.T) {
	readertest.Run(t, *update, func(t *testing.T, in []byte) (all []hospital.Fact) {
		zone, err := time.LoadLocation("Europe/Berlin")
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range bytes.Split(bytes.TrimSpace(in), []byte("\n\n")) {
			ev := event.Event{Fields: text}
			if err := ev.Index.Scan(text, jsonl.DefaultLimits()); err != nil {
				t.Fatal(err)
			}
			all = append(all, fhir.Event(&ev, zone)...)
		}
		return all
	})
}

// A resource that is large in some way takes no longer to read than its size makes it, and one that points to itself comes to an end.
func TestHostileResources(t *testing.T) {
	many := func(element string, n int) string { return "[" + strings.Repeat(element+",", n) + "{}]" }
	for name, text := range map[string]string{
		"members of a team":   `{"resourceType":"CareTeam","participant":` + many(`{}`, 60_000) + `}`,
		"participants":        `{"resourceType":"Encounter","participant":` + many(`{"actor":{"reference":"#a"}}`, 20_000) + `}`,
		"links":               `{"resourceType":"Patient","id":"1","link":` + many(`{"other":{"reference":"#a"}}`, 20_000) + `}`,
		"what is contained":   `{"resourceType":"Encounter","participant":` + many(`{"actor":{"reference":"#a"}}`, 10_000) + `,"contained":` + many(`{}`, 30_000) + `}`,
		"those who are asked": `{"resourceType":"Appointment","participant":` + many(`{"actor":{"reference":"#a","type":"Patient"}}`, 63) + `,"contained":` + many(`{}`, 60_000) + `}`,
		"a role of itself":    `{"resourceType":"PractitionerRole","practitioner":{"reference":"#a"},"contained":[{"id":"a","practitioner":{"reference":"#a"}}]}`,
		"two of each other": `{"resourceType":"Encounter","id":"1","subject":{"reference":"Patient/1"},"participant":[{"individual":{"reference":"#a"}}],
			"contained":[{"id":"a","practitioner":{"reference":"#b"}},{"id":"b","practitioner":{"reference":"#a"}}]}`,
	} {
		ev := event.Event{Fields: []byte(text)}
		if err := ev.Index.Scan(ev.Fields, jsonl.DefaultLimits()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if facts := fhir.Event(&ev, nil); len(facts) > 1024 { // a few milliseconds; what takes many times many runs into the time limit of the suite
			t.Errorf("%s: %d facts", name, len(facts))
		}
	}
}
