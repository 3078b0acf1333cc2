package node_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/triage"
	"github.com/wardline/wardline/internal/watch"
)

// asked are rules of invented doors that were opened; door says which.
func asked(doors ...string) string {
	var all []string
	for i, door := range doors {
		all = append(all, fmt.Sprintf(`title: Door %s opened
id: 6f2b8f5e-0000-4000-8000-0000000001%02d
level: high
logsource: {product: windows, service: security}
detection: {s: {EventID: 4624, Door: %s}, condition: s}
`, door, i, door))
	}
	return strings.Join(all, "---\n")
}

// guard is a house that judges by one file of rules and one list.
type guard struct {
	*house
	rules, list string
	sent        int
}

func newGuard(t *testing.T, rules string) *guard {
	t.Helper()
	h := newHouse(t)
	g := &guard{house: h, rules: filepath.Join(h.dir, "rules.yml"), list: filepath.Join(h.dir, "bad.txt")}
	text, err := os.ReadFile(h.config)
	if err != nil {
		t.Fatal(err)
	}
	g.write(h.config, string(text)+fmt.Sprintf("rules: {places: [%q], indicators: [%q]}\n", g.rules, g.list))
	g.write(g.rules, rules)
	g.write(g.list, "198.51.100.200\n")
	// What the house made before judged by something else.
	if err := os.RemoveAll(filepath.Join(h.dir, "data", "rules")); err != nil {
		t.Fatal(err)
	}
	return g
}

func (g *guard) write(file, text string) {
	g.t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		g.t.Fatal(err)
	}
}

// open sends that doors were opened, over the node's own HTTP door, and waits until they are durable.
func (g *guard) open(doors ...string) {
	g.t.Helper()
	var body strings.Builder
	for _, door := range doors {
		g.sent++
		fmt.Fprintf(&body, `{"create":{}}`+"\n"+`{"@timestamp":%q,"winlog":{"channel":"Security","event_id":4624,"record_id":%d,"computer_name":"gate-1.alder.example","event_data":{"Door":%q,"Peer":%q}}}`+"\n",
			time.Now().UTC().Format(time.RFC3339Nano), g.sent, door, "198.51.100.7")
	}
	req, err := http.NewRequestWithContext(g.t.Context(), http.MethodPost, "https://"+g.http+"/_bulk", strings.NewReader(body.String()))
	if err != nil {
		g.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+g.token)
	req.Header.Set("Content-Type", "application/x-ndjson")
	resp, err := g.target().Client.Do(req)
	if err != nil {
		g.t.Fatal(err)
	}
	defer resp.Body.Close()
	var said struct {
		Errors bool `json:"errors"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&said); err != nil || resp.StatusCode != http.StatusOK || said.Errors {
		g.t.Fatalf("status %d, %+v, %v", resp.StatusCode, said, err)
	}
}

func (g *guard) conf() *node.Config {
	g.t.Helper()
	c, err := node.ReadConfig(g.config)
	if err != nil {
		g.t.Fatal(err)
	}
	return &c
}

func (g *guard) status() node.Status {
	g.t.Helper()
	var s node.Status
	g.eventually(func() bool { return node.Control(g.t.Context(), g.conf(), "/status", nil, &s) == nil })
	return s
}

// settled waits until the node has judged all and nothing is about to go live.
func (g *guard) settled(version string) {
	g.t.Helper()
	g.eventually(func() bool {
		s := g.status()
		return s.Judged >= s.Entries && s.Going == "" && (version == "" || s.Rules == version)
	})
}

// look asks the node what is configured and not at work.
func (g *guard) look() node.Proposal {
	g.t.Helper()
	var p node.Proposal
	if err := node.Control(g.t.Context(), g.conf(), "/rules/look", node.RulesRequest{}, &p); err != nil {
		g.t.Fatal(err)
	}
	return p
}

func (g *guard) activate(version string) watch.Answer {
	g.t.Helper()
	a, err := node.ActivateRules(g.t.Context(), g.conf(), node.RulesRequest{Version: version}, func(watch.Progress) {})
	if err != nil {
		g.t.Fatal(err)
	}
	return a
}

// queue stops the node, and tells what is in its queue: rule and events.
func (g *guard) queue() []string {
	g.t.Helper()
	g.settled("")
	g.stop(syscall.SIGTERM)
	ctx := g.t.Context()
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(g.dir, "data", "state.db"))
	if err != nil {
		g.t.Fatal(err)
	}
	defer db.Close()
	desk, err := triage.Open(ctx, db, g.veil())
	if err != nil {
		g.t.Fatal(err)
	}
	j, err := journal.Open(ctx, g.conf().JournalConfig(), nil)
	if err != nil {
		g.t.Fatal(err)
	}
	defer j.Close(ctx)
	g.eventually(func() bool { // the desk may have been stopped before the end
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		_ = desk.Run(ctx, j)
		return true
	})
	items, err := desk.List(ctx, triage.Filter{Level: "low"})
	if err != nil {
		g.t.Fatal(err)
	}
	var all []string
	for _, i := range items {
		if i.Rule.Type != "notice" {
			all = append(all, fmt.Sprint(i.Rule.Title, " ", i.Count))
		}
	}
	slices.Sort(all)
	return all
}

// TestRulesGoLiveByHand goes the whole way of an operator: a file is changed, nothing happens; what would change is shown; then
// the past is searched and the rules are at work.
func TestRulesGoLiveByHand(t *testing.T) {
	g := newGuard(t, asked("north"))
	g.start()
	g.open("north", "south", "south")
	g.settled("")
	if p := g.look(); p.Version != "" {
		t.Fatalf("nothing was changed, and it says %+v", p.Change)
	}
	g.write(g.rules, asked("north", "south")+"---\ntitle: Broken\nlogsource: {product: windows}\ndetection: {condition: nothing}\n")
	g.write(g.list, "198.51.100.7\n")
	g.open("south")
	p := g.look()
	if len(p.Change.New) != 1 || len(p.Change.Changed)+len(p.Change.Gone) > 0 || !p.Change.Lists || len(p.Refused) != 1 || !strings.HasPrefix(p.Refused[0].File, g.rules+":") {
		t.Fatalf("%+v", p)
	}
	if s := g.status(); s.Rules == p.Version {
		t.Fatal("it is at work, and nobody asked for it")
	}
	trial, err := node.TryRules(t.Context(), g.conf(), node.RulesRequest{Version: p.Version}, func(watch.Progress) {})
	// A finding of the new rule, and one of the new indicator.
	if err != nil || trial.New != 2 || trial.EventsNew != 3+4 || trial.Gone != 0 || trial.Events != 4 || trial.Days < 1 {
		t.Fatalf("%+v, %v", trial, err)
	}
	a := g.activate(p.Version)
	if a.Distinct != 2 || a.Events != 4 || a.Rules != 1 || a.Listed != 1 {
		t.Errorf("%+v", a)
	}
	if _, err := node.ActivateRules(t.Context(), g.conf(), node.RulesRequest{Version: p.Version}, nil); err == nil || err.Error() != watch.ErrOutdated.Error() {
		t.Errorf("once more: %v", err)
	}
	g.open("south")
	want := []string{"Address on the list bad: 198.51.100.7 5", "Door north opened 1", "Door south opened 4"}
	if d := cmp.Diff(want, g.queue()); d != "" {
		t.Error(d)
	}
	g.sealed("go live")
}

// sealed looks for an act upon the rules in the trail, once begun and once ended.
func (g *guard) sealed(change string) {
	g.t.Helper()
	ctx := g.t.Context()
	j, err := journal.Open(ctx, g.conf().JournalConfig(), nil)
	if err != nil {
		g.t.Fatal(err)
	}
	defer j.Close(ctx)
	steps := map[string]int{}
	answers := 0
	for i := range j.Size() {
		e, err := j.Entry(ctx, i)
		if err != nil {
			g.t.Fatal(err)
		}
		for _, line := range e.Lines() {
			switch text := string(line); {
			case e.Header.Kind == journal.Answers && strings.Contains(text, "What is new in the rules"):
				answers++
			case e.Header.Kind == journal.Acts && strings.Contains(text, string(access.RuleWrite)) && strings.Contains(text, change):
				var l struct{ Step string }
				if err := json.Unmarshal(line, &l); err != nil {
					g.t.Fatal(err)
				}
				steps[l.Step]++
			}
		}
	}
	if steps["intent"] == 0 || answers == 0 {
		g.t.Errorf("acts %v, %d answers", steps, answers)
	}
}

// TestRulesGoLiveByThemselves changes files while the node is down, and while it runs and is told so.
func TestRulesGoLiveByThemselves(t *testing.T) {
	g := newGuard(t, asked("north"))
	g.start()
	g.open("north", "south", "east")
	g.settled("")
	first := g.status().Rules
	g.stop(syscall.SIGTERM)
	g.write(g.rules, asked("north", "south"))
	g.start()
	g.eventually(func() bool { s := g.status(); return s.Rules != first && s.Going == "" })
	second := g.status().Rules
	g.write(g.rules, asked("north", "south", "east"))
	if err := g.process.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	g.eventually(func() bool { s := g.status(); return s.Rules != second && s.Going == "" })
	g.open("north", "south", "east")
	if d := cmp.Diff([]string{"Door east opened 2", "Door north opened 2", "Door south opened 2"}, g.queue()); d != "" {
		t.Error(d)
	}
	// What cannot be read any more changes nothing.
	g.write(g.config, strings.Replace(g.text(g.config), g.list, g.list+".gone", 1))
	g.start()
	g.eventually(func() bool { return strings.Contains(g.status().Trouble, "cannot be read") })
	checkup := node.Doctor(t.Context(), g.conf())
	if !slices.ContainsFunc(checkup.Complaints, func(c node.Complaint) bool { return strings.Contains(c.What, "Something is wrong with the rules") }) {
		t.Errorf("the doctor says %+v", checkup.Complaints)
	}
	g.open("north")
	if d := cmp.Diff([]string{"Door east opened 2", "Door north opened 3", "Door south opened 2"}, g.queue()); d != "" {
		t.Error(d)
	}
}

func (g *guard) text(file string) string {
	g.t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		g.t.Fatal(err)
	}
	return string(text)
}

// TestKilledWhileRulesGoLive kills the node again and again while the past is searched: each event counts once, and the rules
// that were asked for are at work, whatever lies in the files meanwhile.
func TestKilledWhileRulesGoLive(t *testing.T) {
	g := newGuard(t, asked("north"))
	g.start()
	for range 40 {
		g.open("north", "south", "east", "south")
	}
	g.settled("")
	g.write(g.rules, asked("north", "south"))
	p := g.look()
	going := make(chan struct{})
	go func() {
		defer close(going)
		_, _ = node.ActivateRules(context.Background(), g.conf(), node.RulesRequest{Version: p.Version}, func(watch.Progress) {}) // the node dies on it
	}()
	next := filepath.Join(g.dir, "data", "rules", "next.zip")
	g.eventually(func() bool { _, err := os.Stat(next); return err == nil || g.status().Rules == p.Version })
	for range 3 {
		g.stop(syscall.SIGKILL)
		<-going
		g.start()
		g.open("south")
	}
	g.settled(p.Version)
	if d := cmp.Diff([]string{"Door north opened 40", "Door south opened 83"}, g.queue()); d != "" {
		t.Error(d)
	}
}

// A node that finds what was at work spoilt judges by what is configured, and says so until somebody has looked.
func TestWhatWasAtWorkIsSpoilt(t *testing.T) {
	g := newGuard(t, asked("north"))
	g.start()
	g.stop(syscall.SIGTERM)
	active := filepath.Join(g.dir, "data", "rules", "active.zip")
	g.write(active, g.text(active)[:100])
	g.write(g.rules, asked("north", "south"))
	g.start()
	if s := g.status(); !strings.Contains(s.Trouble, "could not be read at a start") {
		t.Errorf("it says %q", s.Trouble)
	}
	g.open("south")
	if d := cmp.Diff([]string{"Door south opened 1"}, g.queue()); d != "" {
		t.Error(d)
	}
	if err := os.Remove(filepath.Join(filepath.Dir(active), "unreadable.zip")); err != nil {
		t.Fatal(err)
	}
	g.start()
	if s := g.status(); s.Trouble != "" {
		t.Errorf("somebody has looked, and it says %q", s.Trouble)
	}
	g.stop(syscall.SIGTERM)
}
