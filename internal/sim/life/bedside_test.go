package life_test

import (
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/life"
	"github.com/wardline/wardline/internal/sim/world"
)

// TestWhatIsKnownAtTheBedside: with it nothing else is played than without, but for what it adds; what is said is what is true.
func TestWhatIsKnownAtTheBedside(t *testing.T) {
	type line struct{ bare, added, moved string }
	play2 := func(bedside bool) (all map[uint64]line, lying []life.Lying) {
		all = map[uint64]line{}
		var h *life.Hospital
		noon := monday.Add(36 * time.Hour)
		h, err := life.New(life.Config{Size: world.Mid, Seed: 11, From: monday, Days: 2, Bedside: bedside})
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Play(t.Context(), life.Sinks{
			Record: func(r *feed.Record) error {
				if r.Feed != feed.ADT && r.Feed != feed.Pharmacy {
					return nil
				}
				var l line
				for s := range strings.SplitAfterSeq(string(r.Data), "\r") {
					switch name := s[:min(3, len(s))]; {
					case name == "AL1", name == "TQ1", name == "RXR":
						l.added += s
					case name == "PV1" && (strings.Contains(string(r.Data), "|ADT^A02^") || strings.Contains(string(r.Data), "|ADT^A03^")):
						l.moved = s // without it a move tells of the place that is left, and a discharge of no end
					default:
						l.bare += s
					}
				}
				all[r.ID] = l
				return nil
			},
			Day: func(int, time.Time) error { lying = h.Lying(noon, 8*time.Hour); return nil },
		}); err != nil {
			t.Fatal(err)
		}
		return all, lying
	}
	without, _ := play2(false)
	with, lying := play2(true)
	ended, timed, moved, allergic := 0, 0, 0, map[string]string{}
	for id, w := range with {
		o, ok := without[id]
		switch {
		case o.added != "":
			t.Fatal("something is added that nobody asked for")
		case !ok && strings.Contains(w.bare, "\rORC|DC|"):
			ended++
		case !ok:
			t.Fatal("a message that there was not without")
		case w.added != "" && strings.HasPrefix(w.added, "TQ1"):
			timed++
		case o.bare != w.bare:
			t.Fatal("a message says something else")
		case o.moved != w.moved:
			moved++
		}
		if m, err := hl7.Parse([]byte(w.bare+w.added), hl7.DefaultLimits()); err == nil && strings.HasPrefix(w.added, "AL1") {
			mrn, _ := m.Get("PID-3.1")
			allergic[mrn], _ = m.Get("AL1-3.2")
		}
	}
	if ended == 0 || timed < 100 || moved == 0 || len(without)+ended != len(with) {
		t.Errorf("%d orders are ended, %d are timed, %d messages and %d", ended, timed, len(without), len(with))
	}
	due, asked := 0, 0
	for _, l := range lying {
		due += len(l.Due)
		first := allergic[l.Visit.MRN]
		switch {
		case !l.Asked && first != "":
			t.Error("nobody asked, and an answer is said")
		case l.Asked && len(l.Allergies) == 0 && first != "No known drug allergies":
			t.Error("that there are none is not said")
		case len(l.Allergies) > 0 && first != l.Allergies[0].Name:
			t.Error("another allergy is said")
		}
		if l.Asked {
			asked++
		}
	}
	if len(lying) < 60 || due < len(lying)*2 || asked < len(lying)*3/4 {
		t.Errorf("%d lie in the house, %d of them were asked, %d drugs are due", len(lying), asked, due)
	}
}
