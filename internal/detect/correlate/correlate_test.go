package correlate_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/detect/correlate"
	"github.com/wardline/wardline/internal/event"
)

var start = time.Date(2026, 3, 1, 22, 0, 0, 0, time.UTC)

// members are rules for correlations to rest on.
const members = `title: Login failed
name: failed
id: 11111111-2222-4333-8444-555555555555
logsource: {product: windows, service: security}
detection: {s: {EventID: 4625}, condition: s}
---
title: Login
name: login
logsource: {product: windows, service: security}
detection: {s: {EventID: 4624}, condition: s}
---
title: Record opened
name: opened
logsource: {product: ehr}
detection: {s: {access.verb: read}, condition: s}
`

// plan reads correlations, each a title and what stands in its section.
func plan(t testing.TB, text string) (*correlate.Plan, []*sigma.Rule) {
	t.Helper()
	docs, problems := sigma.Parse("ward.yml", []byte(members+"---\n"+text), sigma.Options{})
	p, unjoined := correlate.NewPlan(docs.Correlations, docs.Rules)
	for _, problem := range append(problems, unjoined...) {
		if !problem.Warning {
			t.Fatal(problem)
		}
	}
	return p, docs.Rules
}

// night is a stream of matches as correlations see them.
type night struct {
	plan  *correlate.Plan
	rules []*sigma.Rule
	state *correlate.State
	fired []string
}

func newNight(t testing.TB, text string, c correlate.Config) *night {
	p, rules := plan(t, text)
	return &night{plan: p, rules: rules, state: correlate.NewState(p, c)}
}

// match says that a rule has matched an event some seconds after the start.
func (n *night) match(t testing.TB, rule string, second int, fields string) {
	t.Helper()
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	ev := &event.Event{Class: tax.Class("windows", "Security", "4624"), Time: start.Add(time.Duration(second) * time.Second), Fields: []byte(fields), Record: int64(second)}
	if err := ev.Index.Scan(ev.Fields, jsonl.DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	number := slices.IndexFunc(n.rules, func(r *sigma.Rule) bool { return r.Name == rule })
	n.state.Add(n.plan.Observe(number, ev), n.note)
}

// note writes down what fired: for whom, on what, and whether that is news.
func (n *night) note(f correlate.Firing) {
	var records []string
	for _, m := range f.Members {
		records = append(records, fmt.Sprint(m.Record))
	}
	news := "goes on"
	if f.Began {
		news = "began"
	}
	n.fired = append(n.fired, fmt.Sprintf("%s %s: %s %s", f.Correlation.Title, news, strings.Join(f.Group, "/"), strings.Join(records, ",")))
}

func (n *night) want(t *testing.T, want ...string) {
	t.Helper()
	n.state.Flush(n.note)
	if diff := cmp.Diff(n.fired, want); diff != "" {
		t.Error(diff)
	}
}

const guessing = `title: Guessing
name: guessing
correlation: {type: event_count, rules: [failed], group-by: [TargetUserName], timespan: 60s, condition: {gte: 3}}
`

func TestEventCount(t *testing.T) {
	n := newNight(t, guessing, correlate.DefaultConfig())
	for _, second := range []int{0, 20, 40, 60, 90, 110, 300, 360} {
		n.match(t, "failed", second, `{"TargetUserName":"nurse.adams"}`)
	}
	n.match(t, "failed", 61, `{"TargetUserName":"dr.okafor"}`)
	n.want(t, "Guessing began: nurse.adams 0,20,40", "Guessing goes on: nurse.adams 60", // a minute and no more
		"Guessing began: nurse.adams 40,60,90", // shortly before there were two of the last minute
		"Guessing began: nurse.adams 60,90,110")
}

// What another correlation rests on speaks through that one, unless it asks for both.
func TestChains(t *testing.T) {
	const guessed = `title: Guessed
correlation: {type: temporal_ordered, rules: [guessing, login], group-by: [TargetUserName], timespan: 1m, generate: %t}
---
`
	for _, generate := range []bool{false, true} {
		n := newNight(t, fmt.Sprintf(guessed, generate)+guessing, correlate.DefaultConfig())
		for _, second := range []int{1, 2, 4} {
			n.match(t, "failed", second, `{"TargetUserName":"nurse.adams"}`)
		}
		n.match(t, "failed", 3, `{"TargetUserName":"dr.okafor"}`)
		n.match(t, "login", 5, `{"TargetUserName":"nurse.adams"}`)
		n.match(t, "login", 6, `{"TargetUserName":"dr.okafor"}`)
		want := []string{"Guessed began: nurse.adams 4,5"}
		if generate {
			want = slices.Insert(want, 0, "Guessing began: nurse.adams 1,2,4")
		}
		n.want(t, want...)
	}
}

// The alias "who" is another field for each rule. An event that lacks one of the fields, or a time, takes no part.
func TestGroups(t *testing.T) {
	n := newNight(t, `title: Login from elsewhere while charts are read
correlation:
    type: temporal
    rules: [login, opened]
    group-by: [who, Computer]
    aliases: {who: {login: TargetUserName, opened: access.user}}
    timespan: 10m
`, correlate.DefaultConfig())
	n.match(t, "login", 0, `{"TargetUserName":["nurse.adams","x"],"Computer":"WARD-7"}`)
	n.match(t, "opened", 1, `{"access":{"user":"nurse.adams"},"Computer":"WARD-8"}`)
	n.match(t, "opened", 2, `{"access":{"user":"nurse.adams"}}`)
	n.match(t, "opened", 3, `{"TargetUserName":"nurse.adams","Computer":"WARD-7"}`)
	n.match(t, "opened", 4, `{"access":{"user":null},"Computer":"WARD-7"}`)
	n.match(t, "opened", 5, `{"access":{"user":"nurse.adams"},"Computer":"WARD-7"}`)
	n.want(t, "Login from elsewhere while charts are read began: nurse.adams/WARD-7 0,5")
	if o := n.plan.Observe(1, &event.Event{}); len(o.Parts) != 0 {
		t.Error("an event without a time takes part")
	}
}

// Two groups whose values only look alike when they are written one behind the other.
func TestGroupsAreNotMixedUp(t *testing.T) {
	n := newNight(t, `title: Twice
correlation: {type: event_count, rules: [login], group-by: [A, B], timespan: 60s, condition: {gte: 2}}
`, correlate.DefaultConfig())
	n.match(t, "login", 0, `{"A":"x\u0000y","B":"z"}`)
	n.match(t, "login", 1, `{"A":"x","B":"y\u0000z"}`)
	n.match(t, "login", 2, `{"A":"xy","B":"z"}`)
	n.match(t, "login", 3, `{"A":"x","B":"yz"}`)
	n.want(t)
}

func TestRulesThatAreListenedTo(t *testing.T) {
	p, _ := plan(t, guessing+"---\n"+`title: Many patients
correlation: {type: value_count, rules: [opened], group-by: [access.user], timespan: 8h, condition: {gte: 50, field: access.patient}, generate: true}
`)
	for n, want := range []struct{ listens, silenced bool }{{true, true}, {false, false}, {true, false}} {
		if p.Listens(n) != want.listens || p.Silenced(n) != want.silenced {
			t.Errorf("rule %d: listened to %t, silenced %t", n, p.Listens(n), p.Silenced(n))
		}
	}
}

func TestPlanRefusesWhatIsNotThere(t *testing.T) {
	refused := []*sigma.Correlation{
		{Rule: sigma.Rule{Title: "a"}, Rules: []string{"nobody"}}, {Rule: sigma.Rule{Title: "b", Name: "b"}, Rules: []string{"b"}},
		{Rule: sigma.Rule{Title: "c", Name: "c"}, Rules: []string{"d"}}, {Rule: sigma.Rule{Title: "d", Name: "d"}, Rules: []string{"c"}},
	}
	p, problems := correlate.NewPlan(refused, nil)
	if len(problems) != 4 || len(p.Correlations()) != 0 || !strings.Contains(problems[0].Reason, "not loaded: nobody") {
		t.Error(problems)
	}
}

// Memory is bounded: the group longest untouched goes, then the oldest match of a group.
func TestBounds(t *testing.T) {
	n := newNight(t, guessing, correlate.Config{Pending: 1, Groups: 2, Window: 3})
	for i, user := range []string{"a", "b", "c", "a"} { // c drives a out, the second a drives b out
		n.match(t, "failed", i, `{"TargetUserName":"`+user+`"}`)
	}
	n.match(t, "failed", 10, `{"TargetUserName":"x"}`) // what is pending is settled
	if n.state.Evicted != 2 {
		t.Errorf("%d forgotten, want 2", n.state.Evicted)
	}
	for second := range 5 {
		n.match(t, "failed", 20+second, `{"TargetUserName":"x"}`)
	}
	n.want(t, "Guessing began: x 10,20,21", "Guessing goes on: x 22", "Guessing goes on: x 23", "Guessing goes on: x 24")
	if n.state.Evicted != 6 { // c, and three matches of x
		t.Errorf("%d forgotten, want 6", n.state.Evicted)
	}
}

// A match that comes after its time has been counted joins what it can still belong to.
func TestLateMatches(t *testing.T) {
	n := newNight(t, guessing, correlate.Config{Lateness: 10 * time.Second, Pending: 100, Groups: 100, Window: 100})
	for _, second := range []int{100, 110, 150, 45, 101} { // 45 is too old to stand with 110, 101 is not
		n.match(t, "failed", second, `{"TargetUserName":"nurse.adams"}`)
	}
	n.want(t, "Guessing began: nurse.adams 100,101,110", "Guessing goes on: nurse.adams 150")
	if n.state.Late != 2 {
		t.Errorf("%d late, want 2", n.state.Late)
	}
}

// After a restart a changed correlation begins anew; the others go on.
func TestRestart(t *testing.T) {
	const count = `title: %s
correlation: {type: value_sum, rules: [failed], group-by: [TargetUserName], timespan: 60s, condition: {gte: 3, field: %s}}
`
	before := newNight(t, guessing+"---\n"+fmt.Sprintf(count, "Sum", "N"), correlate.DefaultConfig())
	before.match(t, "failed", 0, `{"TargetUserName":"nurse.adams","N":2,"M":2}`)
	before.match(t, "failed", 1, `{"TargetUserName":"nurse.adams","N":0.5,"M":2}`)
	before.state.Flush(before.note)
	before.match(t, "failed", 2, `{"TargetUserName":"nurse.adams","N":0,"M":0}`) // still waiting
	var saved bytes.Buffer
	if err := before.state.Save(&saved); err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string][]string{
		"N": {"Guessing began: nurse.adams 0,1,2", "Guessing goes on: nurse.adams 3", "Sum began: nurse.adams 0,1,2,3"},
		"M": {"Guessing began: nurse.adams 0,1,2", "Guessing goes on: nurse.adams 3"},
	} {
		after := newNight(t, fmt.Sprintf(count, "Sum", field)+"---\n"+guessing, correlate.DefaultConfig())
		if err := after.state.Load(bytes.NewReader(saved.Bytes())); err != nil {
			t.Fatal(err)
		}
		after.match(t, "failed", 3, `{"TargetUserName":"nurse.adams","N":0.5,"M":1}`)
		after.state.Flush(after.note)
		slices.Sort(after.fired)
		after.want(t, want...)
	}
}

// A restart makes no news of what held already, and nothing late that was not.
func TestRestartIsNotNoticed(t *testing.T) {
	c := correlate.Config{Lateness: 10 * time.Second, Pending: 100, Groups: 100, Window: 100}
	n := newNight(t, guessing, c)
	for _, second := range []int{0, 5, 10, 12, 30, 35} { // up to 25 is settled
		n.match(t, "failed", second, `{"TargetUserName":"nurse.adams"}`)
	}
	var saved bytes.Buffer
	if err := n.state.Save(&saved); err != nil {
		t.Fatal(err)
	}
	n.state = correlate.NewState(n.plan, c)
	if err := n.state.Load(&saved); err != nil {
		t.Fatal(err)
	}
	n.match(t, "failed", 30, `{"TargetUserName":"nurse.adams"}`)
	n.match(t, "failed", 11, `{"TargetUserName":"nurse.adams"}`)
	if n.state.Late != 1 {
		t.Errorf("%d late, want 1", n.state.Late)
	}
	n.want(t, "Guessing began: nurse.adams 0,5,10", "Guessing goes on: nurse.adams 12", "Guessing goes on: nurse.adams 11",
		"Guessing goes on: nurse.adams 30", "Guessing goes on: nurse.adams 30", "Guessing goes on: nurse.adams 35")
}

// A match without the value that is looked at takes no part.
func TestValues(t *testing.T) {
	n := newNight(t, `title: Many patients
correlation: {type: value_count, rules: [opened], group-by: [access.user], timespan: 8h, condition: {gte: 3, field: access.patient}}
`, correlate.DefaultConfig())
	for second, fields := range []string{`"patient":"0042"`, `"patient":"0042"`, `"patient":null`, `"study":"1"`, `"patient":["77","78"]`, `"patient":42`} {
		n.match(t, "opened", second, `{"access":{"user":"nurse.adams",`+fields+`}}`)
	}
	n.want(t, "Many patients began: nurse.adams 0,1,4,5")
}

func TestLoadRefuses(t *testing.T) {
	p, _ := plan(t, guessing)
	for _, text := range []string{``, `{`, `[]`, `{"version":2}`} {
		if correlate.NewState(p, correlate.DefaultConfig()).Load(strings.NewReader(text)) == nil {
			t.Errorf("%q was taken for a state", text)
		}
	}
	damaged := `{"version":1,"groups":[{"correlation":"x"},{"window":[{"member":7}]}],"pending":[{"observation":{"Parts":[{"Member":7}]}}]}`
	if err := correlate.NewState(p, correlate.DefaultConfig()).Load(strings.NewReader(damaged)); err != nil {
		t.Error(err)
	}
}
