package site_test

import (
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/ehrcsv"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/hospital/reader/readertest"
	"github.com/wardline/wardline/internal/hospital/reader/site"
)

var update = flag.Bool("update", false, "write the examples anew")

// Each example is a file of a site in Berlin, read on 14 March 2026, and the facts that its rows say.
func TestExamples(t *testing.T) {
	maps, err := ehrcsv.LoadMappings(content.Mappings())
	if err != nil {
		t.Fatal(err)
	}
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	o := collect.Options{Limits: collect.DefaultLimits(), Taxonomy: tax, Zone: zone, Whole: true}
	readertest.Run(t, *update, func(t *testing.T, in []byte) (all []hospital.Fact) {
		d := ehrcsv.Format(maps).Open(strings.NewReader(string(in)+"\n"), o)
		var ev event.Event
		for d.Next(&ev) == nil {
			ev.Observed = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
			all = append(all, site.Event(&ev, zone)...)
		}
		return all
	})
}
