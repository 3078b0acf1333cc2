package watch_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/watch"
)

// clinical seals one event of a clinical system as an entry.
func (w *ward) clinical(at time.Time, dialect, service, fields string) {
	w.t.Helper()
	w.records++
	ev := &event.Event{
		ID: event.NewID(dialect, fmt.Sprint(w.records)), Source: dialect, Record: w.records, Time: at, Observed: at, Format: dialect,
		Class: w.tax.Class(dialect, service, ""), Fields: []byte(fields),
	}
	if _, err := w.journal.Append(w.t.Context(), journal.Line{Kind: journal.Events, Source: dialect, Time: at, JSON: event.AppendLine(nil, ev)}); err != nil {
		w.t.Fatal(err)
	}
}

// TestTheIndexNeedNotKnowPatients asks rules about what the index does not hold of clinical events. With the index they find
// what they find without it.
func TestTheIndexNeedNotKnowPatients(t *testing.T) {
	w := newWard(t, sqlite(t))
	at := lately()
	long := fmt.Sprintf("%0300d", 7)
	for n := range 120 {
		when := at.Add(time.Duration(n) * time.Second)
		w.say(said{at: when, host: fmt.Sprint("WS-", n%5), code: "1", fields: `,"CommandLine":"quiet"`})
		w.clinical(when, "ehr", "audit", fmt.Sprintf(`{"access":{"verb":"read","user":"u%d","patient":["MRN-%06d"],"object_kind":"chart"}}`, n%7, n))
		switch n % 30 {
		case 3:
			w.clinical(when, "ehr", "audit", `{"access":{"verb":"search","user":"mole","patient":["MRN-004713"],"query":"family=Quillfeather","break_glass_reason":"from 203.0.113.7","object_id":"http://198.51.100.4/Patient/1"}}`)
		case 5:
			w.clinical(when, "hl7", "mllp", `{"MSH-3":"ADT","PID-3.1":"MRN-004713","PID-5.1":"Quillfeather","PID-5.2":"Ottoline","access":{"verb":"update","patient":["MRN-004713"]}}`)
		case 7: // heard of by now
			w.say(said{at: when, host: "WS-9", code: "1", fields: `,"CommandLine":"notepad Ottoline Quillfeather.txt"`})
		case 9:
			w.clinical(when, "ehr", "audit", `{"access":{"verb":"export","user":"mole","patient":["MRN-1"],"user_name":"`+long+` mole"}}`)
		}
	}
	x := w.indexed()
	until(t, "the index", func() bool { return x.Through() >= w.journal.Size() && x.Healthy() == nil })
	with := w.hunter(func(c *watch.HunterConfig) { c.Index = x })
	without := w.hunter()
	rule := func(logsource, detection string) *watch.Set {
		return compile(t, "title: r\nid: 6f2b8f5e-0000-4000-8000-000000000001\nlevel: low\nlogsource: "+logsource+"\ndetection: {s: "+detection+", condition: s}\n", "")
	}
	const few, allClinical = 20, 136
	const ehr, hl7, sysmon = "{product: ehr}", "{product: hl7}", "{product: windows}"
	for name, c := range map[string]struct {
		set  *watch.Set
		most int // events that are judged with the index
	}{
		"a field that is kept":              {rule(ehr, "{access.verb: export}"), few},
		"a value that does not fit":         {rule(ehr, "{access.user_name|endswith: 00007 mole}"), few},
		"a query that somebody typed":       {rule(ehr, "{access.query|contains: quillfeather}"), allClinical},
		"a patient":                         {rule(ehr, "{access.patient: MRN-004713}"), allClinical},
		"a name in a message":               {rule(hl7, "{PID-5.1: quillfeather}"), allClinical},
		"any event that has it":             {rule("{category: process_creation}", "{CommandLine|contains: ottoline}"), few},
		"a machine's event":                 {rule(sysmon, "{CommandLine|contains: 'notepad ottoline'}"), few},
		"an address where a reason stood":   {compile(t, "", "203.0.113.7\n"), few},
		"an address where a patient stood":  {compile(t, "", "198.51.100.4\n"), few},
		"both a kept and a left out field":  {rule(ehr, "{access.verb: search, access.query|contains: quill}"), few},
		"a list of values, some of a field": {rule(ehr, "{access.break_glass_reason|contains: [from 203, nothing]}"), allClinical},
	} {
		q := watch.Question{Set: c.set}
		fast, slow := w.hunt(with, q), w.hunt(without, q)
		if slow.Seen == 0 {
			t.Errorf("%s: nothing is found", name)
		}
		if d := cmp.Diff(slow.Findings, fast.Findings); d != "" || slow.Seen != fast.Seen {
			t.Errorf("%s: %d seen, %d with the index: %s", name, slow.Seen, fast.Seen, d)
		}
		if !fast.Index || int(fast.Judged) > c.most {
			t.Errorf("%s: %d of %d events judged with the index", name, fast.Judged, slow.Judged)
		}
	}
}
