package detect_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/format/sigma/reference"
	"github.com/wardline/wardline/internal/detect"
	"github.com/wardline/wardline/internal/event"
)

func shipped(t testing.TB) *event.Taxonomy {
	t.Helper()
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	return tax
}

// processes is the class of a process that Sysmon saw begin.
func processes(t testing.TB) *event.Class {
	return shipped(t).Class("windows", "Microsoft-Windows-Sysmon/Operational", "1")
}

// parse reads rules; there may be several in one text.
func parse(t testing.TB, text string) []*sigma.Rule {
	t.Helper()
	docs, problems := sigma.Parse("ward.yml", []byte(text), sigma.Options{Placeholders: map[string][]string{"Servers": {"srv-pacs*", "srv-lab"}}})
	for _, p := range problems {
		if !p.Warning {
			t.Fatal(p)
		}
	}
	return docs.Rules
}

// rule reads a rule about processes with the given detection.
func rule(t testing.TB, detection string) *sigma.Rule {
	t.Helper()
	indented := "    " + strings.ReplaceAll(strings.Trim(detection, "\n"), "\n", "\n    ")
	return parse(t, "title: Example\nlogsource:\n    product: windows\n    category: process_creation\ndetection:\n"+indented+"\n")[0]
}

func compile(t testing.TB, o detect.Options, rules ...*sigma.Rule) *detect.Engine {
	t.Helper()
	engine, problems := detect.Compile(rules, shipped(t), o)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return engine
}

func newEvent(t testing.TB, class *event.Class, fields string) *event.Event {
	t.Helper()
	ev := &event.Event{Class: class, Fields: []byte(fields)}
	if err := ev.Index.Scan(ev.Fields, jsonl.DefaultLimits()); err != nil {
		t.Fatal(err, fields)
	}
	return ev
}

// titles lists the rules that an event satisfies.
func titles(e *detect.Engine, ev *event.Event) []string {
	var found []string
	for _, n := range e.Matcher().Match(ev) {
		found = append(found, e.Rules()[n].Title)
	}
	return found
}

// example is a detection with events that it finds and events that it leaves alone.
type example struct {
	name      string
	detection string
	finds     []string
	leaves    []string
}

// check asks the engine, routed and not, and the reference.
func (x example) check(t *testing.T) {
	r, class := rule(t, x.detection), processes(t)
	routed, unrouted := compile(t, detect.Options{}, r).Matcher(), compile(t, detect.Options{Unrouted: true}, r).Matcher()
	for i, fields := range slices.Concat(x.finds, x.leaves) {
		want := i < len(x.finds)
		ev := newEvent(t, class, fields)
		decoded, err := reference.Decode([]byte(fields))
		if err != nil {
			t.Fatal(err)
		}
		if got := len(routed.Match(ev)) > 0; got != want {
			t.Errorf("%s: the engine's verdict is %t", fields, got)
		}
		if got := len(unrouted.Match(ev)) > 0; got != want {
			t.Errorf("%s: unrouted, the engine's verdict is %t", fields, got)
		}
		if got := (reference.Evaluator{Names: class.Names}).Match(r, decoded); got != want {
			t.Errorf("%s: the reference's verdict is %t", fields, got)
		}
	}
}

// A rule about a whole product waits for its words in every field of every log of it, and
// is asked about no other product's.
func TestKeywordsOfAWholeProduct(t *testing.T) {
	tax := shipped(t)
	engine := compile(t, detect.Options{}, parse(t, `title: Tool by name
logsource: {product: windows}
detection:
    words: [mimikatz, 'procdump*lsass']
    condition: words
`)...)
	sysmon, security := tax.Class("windows", "Microsoft-Windows-Sysmon/Operational", "1"), tax.Class("windows", "Security", "4624")
	for _, c := range []struct {
		class  *event.Class
		fields string
		finds  bool
	}{
		{sysmon, `{"Image":"C:\\Temp\\MimiKatz.exe"}`, true},
		{security, `{"a":{"b":["x",{"c":"procdump.exe -ma lsass.exe"}]}}`, true},
		{tax.Class("windows", "Some-Vendor/Admin", "7"), `{"n":1,"Message":"mimikatz"}`, true},
		{sysmon, `{"mimikatz":"the name of a field is no text"}`, false},
		{sysmon, `{"a":"procdump","b":"lsass"}`, false},
		{tax.Class("auditd", "auditd", "EXECVE"), `{"a0":"mimikatz"}`, false},
		{tax.Class("", "", ""), `{"a0":"mimikatz"}`, false},
	} {
		if got := len(titles(engine, newEvent(t, c.class, c.fields))) > 0; got != c.finds {
			t.Errorf("%v %s: found is %t", c.class.Logsource, c.fields, got)
		}
	}
	if eager := engine.Eager(); len(eager) != 0 {
		t.Error("the rule waits at no word")
	}
}

// Rules are asked by the log that an event stands in, and may find fields under the names that
// the sender gives them.
func TestRoutesByLogSource(t *testing.T) {
	tax := shipped(t)
	rules := parse(t, `title: process
logsource: {category: process_creation, product: windows}
detection: {s: {Image|endswith: '\vssadmin.exe'}, condition: s}
---
title: security
logsource: {product: windows, service: security}
detection: {s: {NewProcessName|endswith: '\vssadmin.exe'}, condition: s}
---
title: audit
logsource: {product: linux}
detection: {s: {Image|exists: true}, condition: s}
`)
	engine := compile(t, detect.Options{}, rules...)
	for _, c := range []struct {
		class  *event.Class
		fields string
		want   []string
	}{
		{tax.Class("windows", "Microsoft-Windows-Sysmon/Operational", "1"), `{"Image":"C:\\W\\vssadmin.exe"}`, []string{"process"}},
		{tax.Class("windows", "Security", "4688"), `{"NewProcessName":"C:\\W\\vssadmin.exe"}`, []string{"process", "security"}},
		{tax.Class("winlogbeat", "Microsoft-Windows-Sysmon/Operational", "1"), `{"winlog":{"event_data":{"Image":"C:\\W\\vssadmin.exe"}}}`, []string{"process"}},
		{tax.Class("winlogbeat", "Microsoft-Windows-Sysmon/Operational", "1"), `{"process.executable":"C:\\W\\vssadmin.exe"}`, []string{"process"}},
		{tax.Class("windows", "Microsoft-Windows-Sysmon/Operational", "3"), `{"Image":"C:\\W\\vssadmin.exe"}`, nil},
	} {
		if got := titles(engine, newEvent(t, c.class, c.fields)); !slices.Equal(got, c.want) {
			t.Errorf("%v %s: got %v, want %v", c.class.Logsource, c.fields, got, c.want)
		}
	}
}

// What cannot be compiled is reported and left out; the others are numbered without it.
func TestCompileReportsWhatItLeavesOut(t *testing.T) {
	good := rule(t, "s: {Image: a}\ncondition: s")
	bad := *good
	bad.Title, bad.Conditions = "Bad", []sigma.Condition{{Identifier: "nobody", Line: 9}}
	engine, problems := detect.Compile([]*sigma.Rule{&bad, good}, shipped(t), detect.Options{})
	if len(problems) != 1 || problems[0].Title != "Bad" || problems[0].Warning {
		t.Errorf("problems: %v", problems)
	}
	if got := titles(engine, newEvent(t, processes(t), `{"Image":"a"}`)); !slices.Equal(got, []string{"Example"}) {
		t.Errorf("got %v", got)
	}
}

// A condition that names a large selection again and again is not written out.
func TestCompileBoundsARule(t *testing.T) {
	numbers := strings.Repeat("7,", 1000)
	r := rule(t, "s: {Count: ["+numbers+"]}\ncondition: "+strings.Repeat("s or ", 1000)+"s")
	engine, problems := detect.Compile([]*sigma.Rule{r}, shipped(t), detect.Options{})
	if len(engine.Rules()) != 0 || len(problems) != 1 || !strings.Contains(problems[0].Reason, "name each selection once") {
		t.Errorf("%d rules, problems: %v", len(engine.Rules()), problems)
	}
}

// Rules without a literal to wait at are run on every event, and named.
func TestEager(t *testing.T) {
	waits := rule(t, "s: {Image|endswith: '\\cmd.exe'}\nt: {User|contains: adams}\ncondition: s and not t")
	eager := rule(t, "s: {Image|endswith: '\\cmd.exe'}\ncondition: not s")
	if got := compile(t, detect.Options{}, waits, eager).Eager(); !slices.Equal(got, []*sigma.Rule{eager}) {
		t.Errorf("%d eager rules", len(got))
	}
}

// Rules that ask the same questions share the answers: a matcher forgets them with each event.
func TestMatcherForgets(t *testing.T) {
	first := rule(t, "s: {User: nurse.adams}\nt: {Image: null}\ncondition: s and t")
	second := rule(t, "s: {User: nurse.adams}\nt: {Image|exists: true}\ncondition: s and t")
	engine := compile(t, detect.Options{}, first, second)
	m := engine.Matcher()
	cases := []struct {
		fields string
		want   []int32
	}{
		{`{"User":"nurse.adams"}`, []int32{0}}, {`{"User":"nurse.adams","Image":"a"}`, []int32{1}}, {`{}`, nil},
		{`{"User":"nurse.adams","Image":null}`, []int32{0, 1}}, {`{"Image":"a"}`, nil}, {`{"User":"nurse.adams"}`, []int32{0}},
	}
	for _, c := range cases {
		ev := newEvent(t, processes(t), c.fields)
		if got := m.Match(ev); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.fields, got, c.want)
		}
		for _, before := range cases { // has the number of this one once the count of events begins anew
			old := engine.Matcher()
			old.Match(newEvent(t, processes(t), before.fields))
			old.Age()
			if got := old.Match(ev); !slices.Equal(got, c.want) {
				t.Errorf("%s after %s: got %v, want %v", c.fields, before.fields, got, c.want)
			}
		}
	}
}

// A matcher remembers values that it has met. More of them than it has room for make no
// difference, nor does a value that comes again in another field or another log.
func TestManyValues(t *testing.T) {
	m := compile(t, detect.Options{}, rule(t, "s: {User|contains: adams}\nt: {Image|contains: okafor}\ncondition: 1 of them")).Matcher()
	process, logon := processes(t), shipped(t).Class("windows", "Security", "4624")
	for i := range 75_000 {
		for _, c := range []struct {
			class *event.Class
			text  string
			want  bool
		}{
			{process, `{"User":"nurse.adams%d"}`, true}, {process, `{"Image":"nurse.adams%d"}`, false}, {logon, `{"User":"nurse.adams%d"}`, false},
			{process, `{"User":"dr.okafor%d"}`, false}, {process, `{"Image":"dr.okafor%d"}`, true},
		} {
			if got := len(m.Match(newEvent(t, c.class, fmt.Sprintf(c.text, i)))) > 0; got != c.want {
				t.Fatalf("%s, the %dth time: found is %t", c.text, i, got)
			}
		}
	}
}

// Events of one shape may be of logs in which other fields are wanted, and hold values of other kinds.
func TestOneShapeInSeveralLogs(t *testing.T) {
	logon := rule(t, "s: {LogonType: '3'}\ncondition: s")
	logon.Logsource = sigma.Logsource{Product: "windows", Service: "security"}
	m := compile(t, detect.Options{}, rule(t, "s: {User|contains: adams}\ncondition: s"), logon).Matcher()
	process, security := processes(t), shipped(t).Class("windows", "Security", "4624")
	for range 2 { // the second time all is remembered
		for _, c := range []struct {
			class *event.Class
			text  string
			want  []int32
		}{
			{process, `{"User":"nurse.adams","LogonType":3}`, []int32{0}}, {security, `{"User":"nurse.adams","LogonType":3}`, []int32{1}},
			{process, `{"User":{},"LogonType":3}`, nil}, {security, `{"User":1,"LogonType":"3"}`, []int32{1}}, {security, `{"LogonType":3,"User":1}`, []int32{1}},
			{process, `{"LogonType":3,"User":"adams"}`, []int32{0}},
		} {
			if got := m.Match(newEvent(t, c.class, c.text)); !slices.Equal(got, c.want) {
				t.Errorf("%s: got %v, want %v", c.text, got, c.want)
			}
		}
	}
}

// Events of ordinary kinds cost no memory once buffers have grown.
func TestMatchingAllocatesNothing(t *testing.T) {
	rules := parse(t, everydayRules)
	m := compile(t, detect.Options{}, rules...).Matcher()
	var events []*event.Event
	for _, fields := range []string{
		`{"EventID":1,"Image":"C:\\Windows\\System32\\vssadmin.exe","CommandLine":"vssadmin delete shadows \/all\t\"C:\"","User":"WARD\\nurse.adams","n":1.50}`,
		`{"EventID":"1","Image":"C:\\Apps\\Ärzte\\befund.exe","CommandLine":"\u002fall \ud83c\udfe5","IpAddress":"10.20.30.40","UtcTime":"2026-02-01 03:04:05.678","a":{"b":["c",null]}}`,
		`{"Image":"C:\\a.exe","CommandLine":"powershell -enc SQBFAFgA -ver 2","IpAddress":"fe80::1%12","ParentImage":"C:\\a.exe","Hash":"5e0","n":12345678901234567890123}`,
		`{"Image":"C:\\a.exe","IpAddress":"-","n":"+5.0","UtcTime":"yesterday","CommandLine":"` + strings.Repeat(`x \\ \n é`, 300) + `"}`,
	} {
		events = append(events, newEvent(t, processes(t), fields))
	}
	matches := 0
	run := func() {
		for _, ev := range events {
			matches += len(m.Match(ev))
		}
	}
	run()
	if matches < 6 {
		t.Errorf("%d matches: the events miss the point", matches)
	}
	if n := testing.AllocsPerRun(100, run); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// everydayRules asks each kind of question once.
const everydayRules = `title: texts
logsource: {category: process_creation}
detection: {s: {Image|endswith: '\vssadmin.exe', CommandLine|contains|all: [delete, shadows]}, condition: s}
---
title: many texts
logsource: {category: process_creation}
detection: {s: {CommandLine|contains: [' -a1', ' -a2', ' -a3', ' -a4', ' -a5', ' -a6', ' -a7', ' -a8', ' -a9', ' -aa', ' -ab', ' -enc', '*a?c*']}, condition: s}
---
title: cased
logsource: {category: process_creation}
detection: {s: {CommandLine|contains|cased: '/all'}, condition: s}
---
title: regular expression
logsource: {category: process_creation}
detection: {s: {CommandLine|re: '-ver\s+2'}, condition: s}
---
title: network
logsource: {category: process_creation}
detection: {s: {IpAddress|cidr: [10.0.0.0/8, 'fe80::/10']}, condition: s}
---
title: numbers
logsource: {category: process_creation}
detection: {s: {n: [1.5, 5]}, t: {n|gt: 1e20}, u: {EventID: 1}, condition: s or t or u}
---
title: time
logsource: {category: process_creation}
detection: {s: {UtcTime|hour: 3}, condition: s}
---
title: fields
logsource: {category: process_creation}
detection: {s: {ParentImage|fieldref: Image}, condition: s}
---
title: words
logsource: {product: windows}
detection: {s: [nobody, somebody], condition: s}
---
title: nothing
logsource: {category: process_creation}
detection: {s: {User: null, Hash|exists: true}, condition: s}
`
