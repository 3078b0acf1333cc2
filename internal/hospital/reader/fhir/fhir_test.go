package fhir_test

import (
	"bytes"
	"flag"
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
