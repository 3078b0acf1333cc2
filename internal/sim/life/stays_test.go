package life_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/life"
	"github.com/wardline/wardline/internal/sim/world"
)

// TestStaysHoldTogether: who lies in the house is in one bed at a time, and no bed has two.
func TestStaysHoldTogether(t *testing.T) {
	newborn := 0
	h := play(t, life.Config{Size: world.Mid, Seed: 6, From: monday, Days: 3}, life.Sinks{Record: func(r *feed.Record) error {
		if r.Feed != feed.ADT {
			return nil
		}
		m, err := hl7.Parse(r.Data, hl7.DefaultLimits())
		if err != nil {
			return err
		}
		event, _ := m.Get("MSH-9.2")
		mother, _ := m.Get("PID-21.1")
		mrn, _ := m.Get("PID-3.1")
		if event == "A01" && mother != "" {
			newborn++
			if mother == mrn {
				t.Error("somebody is the own mother")
			}
		}
		return nil
	}})
	if newborn == 0 {
		t.Error("nobody was born in three days")
	}
	type span struct{ from, to time.Time }
	beds := map[string][]span{}
	for _, v := range h.AllVisits() {
		if len(v.Stays) == 0 || !v.Stays[0].From.Equal(v.From) || v.From.After(v.To) {
			t.Fatal("a visit does not begin where it begins")
		}
		for i, s := range v.Stays {
			if i > 0 && !s.From.Equal(v.Stays[i-1].To) || s.To.Before(s.From) {
				t.Fatal("a patient is nowhere, or in two places")
			}
			if s.Unit.Kind == world.Ward && s.Bed != "HALL" {
				beds[s.Unit.Code+"/"+s.Bed] = append(beds[s.Unit.Code+"/"+s.Bed], span{s.From, s.To})
			}
		}
	}
	for bed, all := range beds {
		if strings.HasSuffix(bed, "N") {
			continue // a cot beside a bed
		}
		slices.SortFunc(all, func(a, b span) int { return a.from.Compare(b.from) })
		for i := 1; i < len(all); i++ {
			if all[i].from.Before(all[i-1].to) {
				t.Fatalf("two lie in one bed")
			}
		}
	}
}
