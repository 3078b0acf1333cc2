package continuity_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/continuity"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
)

// siteOf reads what a house says of itself in these files of a folder.
func siteOf(t *testing.T, files map[string]string) (*continuity.Site, error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return continuity.ReadSite(dir)
}

func TestReadSite(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		fails string // empty: it is taken
	}{
		"nothing":                    {nil, ""},
		"links across files":         {map[string]string{"a.yml": "nodes: [{id: a, kind: component, needs: [b]}]", "b.yml": "nodes: [{id: b, kind: component}]"}, ""},
		"a key that nobody knows":    {map[string]string{"a.yml": "nodes:\n  - {id: a, kind: component}\n  - {id: b, kund: unit}"}, "a.yml, line 3: this key is not known"},
		"a link that leads nowhere":  {map[string]string{"a.yml": "nodes: []", "b.yml": "nodes:\n  - {id: b, kind: component, needs: [c]}"}, "b.yml, line 2, column 38: it leads to an id"},
		"twice in one file":          {map[string]string{"a.yml": "nodes: [{id: a, kind: unit}]", "b.yml": "nodes:\n  - {id: a, name: A}\n  - {id: a, kind: unit}"}, "b.yml, line 3, column 10: its id is there twice"},
		"a row with an unknown key":  {map[string]string{"services.yml": "services:\n  - {id: lab, nmae: x}"}, "line 2: field nmae not found"},
		"columns with unknown field": {map[string]string{"columns/x.yml": "name: x\nrequire: [[a]]\ncolumns: {idd: [a]}"}, "columns/x.yml: idd is not a field"},
	} {
		t.Run(name, func(t *testing.T) {
			site, err := siteOf(t, c.files)
			if c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails)) || c.fails == "" && (err != nil || site.Drawn != (c.files != nil)) {
				t.Errorf("got %v", err)
			}
		})
	}
	if _, err := continuity.ReadSite(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a folder that is not there is taken")
	}
}

// TestTheHousesOwnMap: what is heard is found on it by the names that the house gives, and silence is explained over it. What traffic shows besides people are asked, and what they
// say is known after a restart.
func TestTheHousesOwnMap(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		w := newWard(t, open())
		var err error
		if w.site, err = siteOf(t, map[string]string{"house.yml": `
nodes:
  - {id: lis, kind: component, name: Laboratory system, known: ["lis|main"], call: "Laboratory IT, 5340"}
  - {id: hub, kind: component, name: Interface engine, known: [10.0.0.5]}
  - {id: results, kind: feed, name: Results to the record, known: ["LIS>EHR:ORU"], needs: [hub]}
  - {id: chemistry, kind: service, name: Chemistry, like: lab, needs: [results]}
  - {id: icu, kind: unit, name: Intensive care, needs: [chemistry]}
`}); err != nil {
			t.Fatal(err)
		}
		theHousesOwnMap(t, w)
	})
}

func theHousesOwnMap(t *testing.T, w *ward) {
	w.live(21 * 24 * time.Hour)
	stopped := w.at
	room := w.follow(func(r *continuity.Room) bool {
		if !heardAll(uint64(w.n))(r) {
			return false
		}
		w.sleep(stopped.Add(90 * time.Minute))
		return silent(r)
	})
	look := func() *continuity.MapView {
		t.Helper()
		v, err := room.Map(continuity.Counted{})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	v := look()
	if !v.Drawn || len(v.Causes) != 1 || v.Causes[0].Node != "results" || len(v.Services) != 1 || v.Services[0].Name != "Chemistry" || len(v.Units) != 1 || v.Units[0].Name != "Intensive care" {
		t.Fatalf("the silence: %+v, %+v, %+v", v.Causes, v.Services, v.Units)
	}
	asked := func(v *continuity.MapView) (out []string) {
		for _, l := range v.Asked {
			out = append(out, fmt.Sprintf("%s needs %s: %d in %d days", l.From, l.To, l.Count, l.Days))
		}
		slices.Sort(out)
		return out
	}
	want := []string{
		fmt.Sprintf("Laboratory system needs Interface engine: %d in 21 days", w.n), fmt.Sprintf("Results to the record needs EHR: %d in 21 days", w.n),
		fmt.Sprintf("Results to the record needs Laboratory system: %d in 21 days", w.n),
	}
	if got := asked(v); !slices.Equal(got, want) {
		t.Fatalf("asked:\n%q, want\n%q", got, want)
	}
	says := map[string]string{"Laboratory system": continuity.LinkYes, "EHR": continuity.LinkNo}
	for _, l := range v.Asked {
		if word := says[l.To]; word != "" {
			if done, err := room.Link(t.Context(), l.ID, word, "M. Okafor"); err != nil || !done {
				t.Fatalf("%s: %v, %v", l.To, done, err)
			}
			if again, err := room.Link(t.Context(), l.ID, word, "M. Okafor"); err != nil || again {
				t.Errorf("%s is asked again: %v, %v", l.To, again, err)
			}
		}
	}
	check := func(when string) {
		t.Helper()
		v := look()
		if got := asked(v); !slices.Equal(got, want[:1]) || len(v.Said) != 2 || v.Said[0].By != "M. Okafor" {
			t.Errorf("%s asked: %q, said: %+v", when, got, v.Said)
		}
		links := room.Links()
		if !slices.Contains(links, "results needs lis (confirmed)") || slices.ContainsFunc(links, func(l string) bool { return strings.Contains(l, "EHR") }) {
			t.Errorf("%s: %q", when, links)
		}
	}
	check("afterwards")
	room = w.follow(silent)
	check("after a restart")
	for _, l := range look().Said {
		if done, err := room.Link(t.Context(), l.ID, continuity.LinkAgain, "M. Okafor"); err != nil || !done {
			t.Errorf("taken back: %v, %v", done, err)
		}
	}
	if got := asked(look()); !slices.Equal(got, want) {
		t.Errorf("taken back: %q", got)
	}
	w.sealed("continuity_links", "LIS")
	w.sealed("continuity_said", "results")
}

// sealed holds that nothing of a table can be read.
func (w *ward) sealed(table, word string) {
	w.Helper()
	var body []byte
	if err := w.db.QueryRowContext(w.Context(), `SELECT body FROM `+table).Scan(&body); err != nil || bytes.Contains(body, []byte(word)) {
		w.Errorf("%s: %q, %v", table, body, err)
	}
}

// TestAMapOfNobodys: a house that drew none has what is heard, and of what that usually rests on.
func TestAMapOfNobodys(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		w := newWard(t, open())
		w.live(8 * 24 * time.Hour)
		room := w.follow(heardAll(uint64(w.n)))
		v, err := room.Map(continuity.Counted{})
		if err != nil || v.Drawn || len(v.Asked) != 1 || v.Asked[0].From != "LIS at MAIN" || v.Asked[0].To != "10.0.0.5" {
			t.Errorf("asked: %+v, %v", v, err)
		}
		if got := strings.Join(room.Links(), "\n"); !strings.Contains(got, "lab needs feed-") || !strings.Contains(got, "needs program:LIS|MAIN (declared)") {
			t.Errorf("the map:\n%s", got)
		}
		// What is said is shown as names may be shown now: that somebody is called like a system may have been heard since.
		if done, err := room.Link(t.Context(), v.Asked[0].ID, continuity.LinkYes, "M. Okafor"); err != nil || !done {
			t.Fatal(done, err)
		}
		w.shown = func(name string) string { return strings.ReplaceAll(name, "10.0.0.5", "somebody") }
		room = w.follow(heardAll(uint64(w.n)))
		if v, err = room.Map(continuity.Counted{}); err != nil || len(v.Said) != 1 || v.Said[0].To != "somebody" || strings.Contains(v.Draw(), "10.0.0.5") || !strings.Contains(v.Draw(), "somebody") {
			t.Errorf("said: %+v, %v", v.Said, err)
		}
	})
}

// TestPairsAreBounded has a sender make up ever new receivers.
func TestPairsAreBounded(t *testing.T) {
	h := newHouse(t)
	for i := range 2100 {
		h.say("mllp/10.0.0.5", "hl7", "mllp", map[string]any{"MSH-3.1": "LIS", "MSH-5.1": fmt.Sprint("EHR", i), "MSH-9.1": "ORU"})
	}
	if h.engine.Pairs() != 2000 {
		t.Errorf("%d pairs are counted", h.engine.Pairs())
	}
	if h.engine.Tick(h.now.AddDate(0, 0, 61)); h.engine.Pairs() != 0 {
		t.Errorf("%d pairs are counted of which nothing was heard for two months", h.engine.Pairs())
	}
}
