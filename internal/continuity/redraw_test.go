package continuity_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/continuity"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
)

// drawn is a map of a laboratory whose results one service needs.
func drawn(service string) string {
	return "nodes:\n- {id: results, kind: feed, known: [\"LIS>EHR:ORU\"]}\n- {id: lab, kind: service, name: " + service + ", needs: [results]}\n"
}

func put(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestSiteFiles reads files again when they have changed, and only then.
func TestSiteFiles(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "house.yml")
	put(t, file, drawn("Chemistry"))
	files := continuity.NewSiteFiles(dir)
	for _, c := range []struct {
		what   string
		change func()
		read   bool
		fails  string // empty: it is taken
	}{
		{"at first", func() {}, true, ""},
		{"nothing changed", func() {}, false, ""},
		{"another text", func() { put(t, file, drawn("Haematology")) }, true, ""},
		{"a mistake", func() { put(t, file, "nodes:\n- {id: lab, kund: service}\n") }, true, "house.yml, line 2: this key is not known"},
		{"it is still there", func() {}, false, ""},
		{"mended", func() { put(t, file, drawn("Chemistry")) }, true, ""},
		{"of the same size, at another time", func() {
			if err := os.Chtimes(file, time.Time{}, time.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
		}, true, ""},
		{"a second file", func() { put(t, filepath.Join(dir, "more.yml"), "nodes: [{id: icu, kind: unit}]") }, true, ""},
		{"another row", func() { put(t, filepath.Join(dir, "services.yml"), "services: [{id: lab, class: C}]") }, true, ""},
		{"the map is gone", func() {
			for _, name := range []string{"house.yml", "more.yml"} {
				if err := os.Remove(filepath.Join(dir, name)); err != nil {
					t.Fatal(err)
				}
			}
		}, true, "put it back"},
		{"the folder is gone", func() {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}, true, "read the house's map"},
	} {
		c.change()
		site, read, err := files.Read()
		if read != c.read || (site != nil) != (c.read && c.fails == "") || c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails)) || c.fails == "" && err != nil {
			t.Fatalf("%s: read %v, %v", c.what, read, err)
		}
	}
}

// TestTheMapChangesWhileTheRoomListens draws the map anew again and again, also wrongly, while a laboratory speaks, and while it is silent: each message counts once, its silence is told
// once, and what is drawn and touched follows what is in force.
func TestTheMapChangesWhileTheRoomListens(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) { theMapChanges(t, newWard(t, open())) })
}

// atlas is the map of a house in a file, and the room that goes by it.
type atlas struct {
	*testing.T
	file  string
	files *continuity.SiteFiles
	room  *continuity.Room
}

// draw writes the file and has it read, and returns why it is not taken.
func (a *atlas) draw(text string) error {
	a.Helper()
	put(a.T, a.file, text)
	site, read, err := a.files.Read()
	if !read {
		a.Fatal("the change is not seen")
	}
	return a.room.Redraw(site, err)
}

// without are the services that care has to do without.
func (a *atlas) without() string {
	a.Helper()
	v, err := a.room.Map(continuity.Counted{})
	if err != nil {
		a.Fatal(err)
	}
	var names []string
	for _, s := range v.Services {
		names = append(names, s.Name)
	}
	if v.Trouble != a.room.MapTrouble() {
		a.Errorf("the map says %q, the room %q", v.Trouble, a.room.MapTrouble())
	}
	return strings.Join(names, ", ")
}

func theMapChanges(t *testing.T, w *ward) {
	a := &atlas{T: t, file: filepath.Join(t.TempDir(), "house.yml")}
	put(t, a.file, drawn("Chemistry"))
	a.files = continuity.NewSiteFiles(a.file)
	var err error
	if w.site, _, err = a.files.Read(); err != nil {
		t.Fatal(err)
	}
	w.live(21 * 24 * time.Hour)
	a.room = w.open()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.room.Run(ctx) }()
	wait := func(what string, done func() bool) {
		t.Helper()
		for began := time.Now(); !done(); time.Sleep(20 * time.Millisecond) {
			if time.Since(began) > time.Minute {
				t.Fatalf("waited in vain: %s: %+v", what, a.room.Feeds())
			}
		}
	}
	for n := 0; !heardAll(uint64(w.n))(a.room) || n < 50; n++ {
		if err := a.draw(drawn([]string{"Chemistry", "Haematology"}[n%2])); err != nil {
			t.Fatal(err)
		}
		if err := a.draw("nodes: [{id: lab, kund: service}]"); err == nil {
			t.Fatal("a mistake is taken")
		}
		if n < 50 {
			w.live(time.Hour)
		}
		if time.Sleep(time.Millisecond); n > 20_000 {
			t.Fatal("waited in vain for all to be heard")
		}
	}
	stopped := w.at
	if err := a.draw(drawn("Chemistry")); err != nil || a.without() != "" {
		t.Errorf("before the silence: %q, %v", a.without(), err)
	}
	w.sleep(stopped.Add(90 * time.Minute))
	wait("the laboratory is silent", func() bool { return silent(a.room) })
	w.sleep(stopped.Add(100 * time.Minute))
	wait("people are told", func() bool { return w.told(a.room) })
	if got := a.without(); got != "Chemistry" {
		t.Errorf("care does without %q", got)
	}
	if err := a.draw(drawn("Haematology")); err != nil || a.without() != "Haematology" {
		t.Errorf("drawn anew, care does without %q: %v", a.without(), err)
	}
	err = a.draw("nodes:\n- {id: results, kind: feed, needs: [nobody]}\n")
	if err == nil || !strings.Contains(err.Error(), "house.yml, line 2, column 37: it leads to an id that is not on the map") || a.without() != "Haematology" || a.room.MapTrouble() != err.Error() {
		t.Errorf("with a mistake, care does without %q: %v", a.without(), err)
	}
	if err := a.draw(drawn("Chemistry")); err != nil || a.without() != "Chemistry" || a.room.MapTrouble() != "" {
		t.Errorf("mended, care does without %q: %v, %q", a.without(), err, a.room.MapTrouble())
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if f := a.room.Feeds(); len(f) != 1 || f[0].Count != uint64(w.n) || len(w.filed()) != 1 {
		t.Errorf("%d messages, of which counted: %+v; filed: %q", w.n, f, w.filed())
	}
}

// TestFeedsAreOfTheClassThatTheHouseSays now, and what was learned of them stays.
func TestFeedsAreOfTheClassThatTheHouseSays(t *testing.T) {
	h := newHouse(t)
	h.say("mllp/10.0.0.5", "hl7", "mllp", map[string]any{"MSH-3.1": "LIS", "MSH-5.1": "EHR", "MSH-9.1": "ORU"})
	site, err := siteOf(t, map[string]string{"services.yml": "services: [{id: lab, class: C}]"})
	if err != nil {
		t.Fatal(err)
	}
	if got := h.engine.Classes()["results from LIS"]; got != continuity.Hour {
		t.Errorf("before: class %q", got)
	}
	if h.engine.Reclass(site.Catalogue); h.engine.Classes()["results from LIS"] != continuity.Days || h.engine.Known() != 1 {
		t.Errorf("afterwards: %v", h.engine.Classes())
	}
}
