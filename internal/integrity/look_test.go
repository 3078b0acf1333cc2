package integrity_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/integrity"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
)

// TestLookAtADoubt reads one doubt back, and what was said at both of its places.
func TestLookAtADoubt(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		h := newHouse(t)
		sent := h.say("tap-lab/10.0.0.5", result("2", "6.8"))
		h.say("tap-record/10.0.0.9:2575", result("2", "4.1"))
		room := h.follow(open())
		all, err := room.Doubts(t.Context(), time.Time{}, 10)
		if err != nil || len(all) != 1 {
			t.Fatal(all, err)
		}
		one, err := room.Doubt(t.Context(), all[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(one, all[0]); diff != "" {
			t.Errorf("one doubt is not as in the list (-got +want):\n%s", diff)
		}
		if none, err := room.Doubt(t.Context(), "none"); !errors.Is(err, integrity.ErrNoDoubt) || none.ID != "" {
			t.Errorf("a doubt that is none: %v, %v", none.ID, err)
		}
		counts, err := room.Kinds(t.Context(), time.Time{})
		if diff := cmp.Diff(counts, map[string]int{"altered": 1}); diff != "" || err != nil {
			t.Errorf("%v, counts (-got +want):\n%s", err, diff)
		}
		if later, err := room.Kinds(t.Context(), h.at.Add(time.Hour)); err != nil || len(later) > 0 {
			t.Errorf("counted since a later moment: %v, %v", later, err)
		}
		if rule := one.Rule(); rule.ID != "integrity-altered" || rule.Level != "critical" {
			t.Errorf("rule %s of level %s", rule.ID, rule.Level)
		}
		for at, want := range map[finding.Place]string{sent: "6.8", one.Places[0]: "4.1"} {
			said, err := room.Said(t.Context(), at)
			if err != nil || said.Message == nil {
				t.Fatal(said.Why, err)
			}
			if got, _ := said.Message.Get("OBX-5"); got != want || said.Received.IsZero() || said.Why != "" {
				t.Errorf("said %q at %v by %s: %s, want %s", got, said.Received, said.From, said.Why, want)
			}
		}
		if said, err := room.Said(t.Context(), finding.Place{Entry: sent.Entry, Line: 99}); err != nil || said.Message != nil || said.Why == "" {
			t.Errorf("a line that is not there: %+v, %v", said, err)
		}
	})
}

// TestLearnUntil says until when a way is learned.
func TestLearnUntil(t *testing.T) {
	h := newHouse(t)
	h.say("tap-lab/10.0.0.5", result("1", "4.1"))
	db, err := store.Open(t.Context(), "sqlite:"+t.TempDir()+"/state.db")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if got, want := h.follow(db).Routes()[0].Until, h.at.Add(14*24*time.Hour); !got.Equal(want) {
		t.Errorf("learns until %v, want %v", got, want)
	}
}
