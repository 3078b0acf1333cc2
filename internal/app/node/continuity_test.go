package node_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/continuity"
)

func TestPlannedDowntimeIsChecked(t *testing.T) {
	for name, c := range map[string]node.ContinuityConfig{
		"a day that is none":         {Holidays: []string{"25.12.2026"}},
		"it ends before it began":    {Downtimes: []node.DowntimeConfig{{From: "2026-12-05T03:00", To: "2026-12-05T01:00", Owner: "IT"}}},
		"nobody can be asked":        {Downtimes: []node.DowntimeConfig{{From: "2026-12-05T01:00", To: "2026-12-05T03:00"}}},
		"half the path of a map":     {Map: "map"},
		"a time without its minutes": {Downtimes: []node.DowntimeConfig{{From: "2026-12-05", To: "2026-12-06", Owner: "IT"}}},
	} {
		if c.Check() == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestPlannedDowntimeChanges(t *testing.T) {
	c := node.ContinuityConfig{Downtimes: []node.DowntimeConfig{
		{From: "2026-12-05T01:00", To: "2026-12-05T03:00", Owner: "IT"}, {From: "2026-12-05T02:00", To: "2026-12-05T04:30", Owner: "laboratory"},
	}}
	planned, err := c.Planned(time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	at := func(clock string) time.Time {
		t.Helper()
		v, err := time.Parse("15:04", clock)
		if err != nil {
			t.Fatal(err)
		}
		return time.Date(2026, 12, 5, v.Hour(), v.Minute(), 0, 0, time.UTC)
	}
	for _, c := range []struct {
		at   string
		down bool
		next string
	}{{"00:30", false, "01:00"}, {"01:00", true, "02:00"}, {"02:30", true, "03:00"}, {"04:29", true, "04:30"}} {
		if down, next := planned(at(c.at)); down != c.down || !next.Equal(at(c.next)) {
			t.Errorf("%s: %v until %v", c.at, down, next)
		}
	}
	if down, next := planned(at("04:30")); down || !next.IsZero() {
		t.Errorf("afterwards: %v until %v", down, next)
	}
}

// TestANodeReadsTheHousesMap starts with a map, and refuses to with one that cannot be meant, saying where.
func TestANodeReadsTheHousesMap(t *testing.T) {
	file := filepath.Join(t.TempDir(), "house.yml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("nodes: [{id: lis, kind: component}]\n")
	c, err := node.ReadConfig(newHouse(t, "continuity: {map: "+filepath.Dir(file)+"}\n").config)
	if err != nil {
		t.Fatal(err)
	}
	n, err := node.Open(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	m, err := n.Continuity().Map(continuity.Counted{})
	if err != nil || !m.Drawn || m.Size() != 1 {
		t.Errorf("the map: %+v, %v", m, err)
	}
	if err := n.Close(t.Context()); err != nil {
		t.Error(err)
	}
	write("nodes:\n  - {id: lis, kind: component, needs: [nothing]}\n")
	if n, err = node.Open(t.Context(), c, slog.New(slog.DiscardHandler)); err == nil {
		n.Close(t.Context())
	}
	if err == nil || !strings.Contains(err.Error(), "continuity.map: ") || !strings.Contains(err.Error(), "house.yml, line 2, column 40: it leads to an id that is not on the map") {
		t.Errorf("got %v", err)
	}
}

// TestANodeReadsTheHousesMapAgain when it is told to, says to an administrator where a mistake is, and goes on by the map from before until it is mended.
func TestANodeReadsTheHousesMapAgain(t *testing.T) {
	g := newGuard(t, asked("north"))
	file := filepath.Join(g.dir, "house.yml")
	g.write(g.config, g.text(g.config)+"continuity: {map: "+file+"}\n")
	g.write(file, "nodes: [{id: lis, kind: component}]\n")
	g.start()
	look := func() {
		t.Helper()
		if err := g.process.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	complains := func() bool {
		return slices.ContainsFunc(node.Doctor(t.Context(), g.conf()).Complaints, func(c node.Complaint) bool {
			return strings.Contains(c.What, "The house's map was changed and is not taken") && strings.Contains(c.What, "house.yml, line 2, column 40: it leads to an id")
		})
	}
	if complains() {
		t.Error("the doctor complains of a map that is well")
	}
	g.write(file, "nodes:\n  - {id: lis, kind: component, needs: [nothing]}\n")
	look()
	g.eventually(func() bool { return strings.Contains(g.status().Map, "line 2, column 40") })
	if !complains() {
		t.Errorf("the doctor says %+v", node.Doctor(t.Context(), g.conf()).Complaints)
	}
	g.open("north")
	g.write(file, "nodes:\n  - {id: lis, kind: component, needs: [hub]}\n  - {id: hub, kind: component}\n")
	look()
	g.eventually(func() bool { return g.status().Map == "" })
	if d := g.queue(); !slices.Equal(d, []string{"Door north opened 1"}) {
		t.Errorf("the queue: %q", d)
	}
}
