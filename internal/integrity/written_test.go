package integrity_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/integrity"
	"github.com/wardline/wardline/internal/vault"
)

// bedside is a house with one nurse and one patient, whose systems an engine hears.
type bedside struct {
	*testing.T
	house  *hospital.House
	engine *integrity.Engine
	tax    *event.Taxonomy
	reader event.LineReader
	entry  uint64
	found  []integrity.Doubt
	down   func(token string, about, said time.Time) bool
}

// duty is when the nurse of a ward was on duty last; she is again two days later.
func duty() time.Time { return time.Date(2026, 3, 9, 7, 0, 0, 0, time.UTC) }

func newBedside(t *testing.T) *bedside {
	t.Helper()
	v, err := vault.Passing()
	if err != nil {
		t.Fatal(err)
	}
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	w := &bedside{T: t, tax: tax, house: hospital.New(v, hospital.Options{Authority: "HOSP"}), reader: event.LineReader{Taxonomy: tax, Limits: jsonl.DefaultLimits()}}
	w.engine = integrity.NewEngine(integrity.EngineConfig{Secret: func(string) []byte { return []byte("secret") }, Expected: func(token string, about, said time.Time) bool {
		return w.down != nil && w.down(token, about, said)
	}})
	from := duty().AddDate(0, 0, -30)
	w.house.Take(&hospital.Fact{Said: from, Staff: &hospital.StaffFact{Number: "N17", Logins: []string{"n17"}, Job: "RN", Title: "Nurse"}})
	w.house.Take(&hospital.Fact{Said: from, Staff: &hospital.StaffFact{Number: "N18", Logins: []string{"n18"}, Job: "MD", Title: "Doctor"}})
	for _, day := range []int{0, 2} {
		at := duty().AddDate(0, 0, day)
		w.house.Take(&hospital.Fact{Said: from, Shift: &hospital.ShiftFact{Staff: "N17", Unit: "4W", From: at, To: at.Add(12 * time.Hour)}})
	}
	ids := []hospital.Identifier{{Authority: "HOSP", Type: "MR", Value: "4711"}}
	w.house.Take(&hospital.Fact{Said: from, Patient: &hospital.PatientFact{IDs: ids, Human: hospital.Human{Family: "Roe", Given: "Rita"}}})
	w.house.Take(&hospital.Fact{Said: from, Visit: &hospital.VisitFact{Patient: ids, Number: "V1", Class: 'I', Unit: "4W", Start: duty().AddDate(0, 0, -4)}})
	return w
}

// hear has the engine hear an event, and lets time pass up to then.
func (w *bedside) hear(product, service, source string, at time.Time, fields any) {
	w.Helper()
	text, err := json.Marshal(fields)
	if err != nil {
		w.Fatal(err)
	}
	w.entry++
	sent := event.Event{Source: source, Class: w.tax.Class(product, service, ""), Format: product, Time: at, Observed: at, Fields: text, ID: event.NewID(source, fmt.Sprint(w.entry))}
	var ev event.Event
	if err := w.reader.Read(event.AppendLine(nil, &sent), &ev); err != nil {
		w.Fatal(err)
	}
	if !integrity.Wants(ev.Class) {
		w.Fatalf("%s %s is not wanted", product, service)
	}
	found, err := w.engine.Event(w.house, &ev, hospital.Place{Entry: w.entry})
	if err != nil {
		w.Fatal(err)
	}
	w.found = append(append(w.found, found...), w.engine.Clock(w.house, at)...)
}

func (w *bedside) say(at time.Time, segments ...string) {
	w.Helper()
	w.hear("hl7", "mllp", "ehr", at, map[string]string{"message": strings.Join(segments, "\r") + "\r"})
}

func (w *bedside) uses(login string, at time.Time) {
	w.Helper()
	w.hear("ehr", "audit", "access", at, map[string]any{"access": map[string]string{"user": login}})
}

func stamp(at time.Time) string { return at.Format("20060102150405-0700") }

func header(kind string, at time.Time) string {
	return `MSH|^~\&|EHR|HOSP|ENGINE|HOSP|` + stamp(at) + `||` + kind + `|M` + fmt.Sprint(at.UnixNano()) + `|P|2.5.1`
}

const pid = `PID|1||4711^^^HOSP^MR||ROE^RITA`

// note is said at a time, and claims another.
func (w *bedside) note(by, number string, at, claimed, entered time.Time, signed string) {
	w.Helper()
	w.say(at, header("MDM^T02^MDM_T02", at), pid, fmt.Sprintf(`TXA|1|PN||%s||%s|||%s^FABLE|||%s|||||AU|||||%s`, stamp(claimed), stamp(entered), by, number, signed), `OBX|1|TX|PN||Seen.||||||F`)
}

func (w *bedside) signs() []string {
	var out []string
	for _, d := range w.found {
		line := d.Kind
		for _, s := range d.Signs {
			line += fmt.Sprintf(" %s %d", s.ID, s.Weight)
		}
		out = append(out, line)
	}
	return out
}

// lives has the ward live five days up to two days after its nurse was on duty: a note each five minutes, by a doctor who sits there.
func (w *bedside) lives(until time.Time) {
	w.Helper()
	w.uses("n17", until.Add(-5*24*time.Hour))
	for i := range 5 * 24 * 12 {
		at := until.Add(time.Duration(i-5*24*12)*5*time.Minute + 7*time.Second)
		w.uses("n18", at.Add(-2*time.Minute))
		w.note("N18", fmt.Sprint("D", 1000+i), at, at.Add(-time.Minute), at.Add(-time.Minute), `N18^FABLE^^^^^^^^^^^^^`+stamp(at))
	}
}

// TestTimesOfANote says that a note is of a night on which its author was not there: its number, its signature and what had been said tell.
func TestTimesOfANote(t *testing.T) {
	w := newBedside(t)
	now := duty().Add(50 * time.Hour)
	w.lives(now)
	if len(w.found) > 0 {
		t.Fatalf("an ordinary life is doubted: %q", w.signs())
	}
	before := w.entry
	claimed := duty().Add(-20*time.Hour - 11*time.Second)
	w.uses("n17", now)
	w.note("N17", "D9000", now.Add(time.Minute), claimed, claimed, `N17^FABLE^^^^^^^^^^^^^`+stamp(claimed.Add(-time.Hour)))
	w.uses("n17", now.Add(time.Hour))
	if diff := cmp.Diff(w.signs(), []string{"back-dated late 10 days 3 off-duty 10 unseen 3 signed-before 8 order 8 gap 10"}); diff != "" {
		t.Fatalf("signs (-got +want):\n%s", diff)
	}
	d := w.found[0]
	if d.Absent == nil || d.Absent.Entry != before || d.Weight() != 52 {
		t.Errorf("weight %d, and it had not been said as of %v, want 52 and entry %d", d.Weight(), d.Absent, before)
	}
	if text := d.Signs[len(d.Signs)-1].Text; !strings.HasSuffix(text, fmt.Sprintf("as of entry %d of the journal.", before)) {
		t.Errorf("the last sign says %q", text)
	}
	if d.Patient == "" || d.Author != "N17" {
		t.Error("nobody is named")
	}
}

// TestLateEntryOfAnOwnShift is the honest twin: written two days after, about the author's own shift, and the program says when it was entered.
func TestLateEntryOfAnOwnShift(t *testing.T) {
	w := newBedside(t)
	now := duty().Add(50 * time.Hour)
	w.lives(now)
	w.uses("n17", now)
	w.note("N17", "D9000", now.Add(time.Minute), duty().Add(3*time.Hour), now, `N17^FABLE^^^^^^^^^^^^^`+stamp(now.Add(time.Minute)))
	w.uses("n17", now.Add(time.Hour))
	if len(w.found) > 0 {
		t.Errorf("it is doubted: %q", w.signs())
	}
}

// TestLateEntriesOfADowntime: after a downtime a nurse enters what was done in it, and was off duty by the roster. About another time, and of somebody else's patient, the same note is a doubt.
func TestLateEntriesOfADowntime(t *testing.T) {
	from := duty().Add(-24 * time.Hour)
	to := from.Add(8 * time.Hour)
	for what, c := range map[string]struct {
		patient string
		about   time.Time
		doubted bool
	}{
		"about the downtime":                         {"4711", from.Add(3 * time.Hour), false},
		"about the time before":                      {"4711", from.Add(-time.Hour), true},
		"about the time after":                       {"4711", to.Add(5 * time.Minute), true},
		"about the downtime, of a patient elsewhere": {"4712", from.Add(3 * time.Hour), true},
	} {
		t.Run(what, func(t *testing.T) {
			w := newBedside(t)
			ids := []hospital.Identifier{{Authority: "HOSP", Type: "MR", Value: "4712"}}
			w.house.Take(&hospital.Fact{Said: duty().AddDate(0, 0, -30), Patient: &hospital.PatientFact{IDs: ids, Human: hospital.Human{Family: "Poe", Given: "Paul"}}})
			w.house.Take(&hospital.Fact{Said: duty().AddDate(0, 0, -30), Visit: &hospital.VisitFact{Patient: ids, Number: "V2", Class: 'I', Unit: "5E", Start: duty().AddDate(0, 0, -4)}})
			id, _ := w.house.Find([]hospital.Identifier{{Authority: "HOSP", Type: "MR", Value: "4711"}})
			token := w.house.Token(id)
			w.down = func(patient string, about, said time.Time) bool {
				return patient == token && !about.Before(from) && about.Before(to) && !said.Before(to)
			}
			now := duty().Add(50 * time.Hour)
			w.lives(now)
			w.uses("n17", now)
			at := now.Add(time.Minute)
			w.say(at, header("MDM^T02^MDM_T02", at), `PID|1||`+c.patient+`^^^HOSP^MR`, fmt.Sprintf(`TXA|1|PN||%s||%s|||N17^FABLE|||D9000|||||AU`, stamp(c.about), stamp(at)), `OBX|1|TX|PN||Seen.||||||F`)
			w.uses("n17", now.Add(time.Hour))
			if (len(w.found) > 0) != c.doubted {
				t.Errorf("doubts %q, want some: %t", w.signs(), c.doubted)
			}
		})
	}
}

// TestTimesOfDosesAndResults has each be of a time that it cannot be of, after a life in which none was.
func TestTimesOfDosesAndResults(t *testing.T) {
	w := newBedside(t)
	now := duty().Add(50 * time.Hour)
	dose := func(order string, at, given time.Time) {
		w.say(at, header("RAS^O17^RAS_O17", at), pid, `ORC|RE|`+order+`^EHR`, `RXA|0|1|`+stamp(given)+`||P1^PARACETAMOL^L|1||||N99^FABLE||||||||||CP`)
	}
	prescribe := func(order string, at time.Time) {
		w.say(at, header("RDE^O11^RDE_O11", at), pid, `ORC|NW|`+order+`^EHR|||||||`+stamp(at), `RXE||P1^PARACETAMOL^L|1||TAB`)
	}
	result := func(at, taken, measured time.Time) {
		w.say(at, header("ORU^R01^ORU_R01", at), pid, `OBR|1|O1|F`+fmt.Sprint(at.Unix())+`|2823-3^Potassium^LN|||`+stamp(taken)+`|||||||||||||||`+stamp(at)+`||LAB-CHEM|F`,
			`OBX|1|NM|2823-3^Potassium^LN||4.1|mmol/L|||||F|||`+stamp(taken)+`||T1^LAB|||`+stamp(measured))
	}
	for i := range 300 {
		at := now.Add(time.Duration(i-300)*5*time.Minute + 7*time.Second)
		order := fmt.Sprint("O", i)
		prescribe(order, at.Add(-time.Minute))
		dose(order, at.Add(30*time.Second), at)
		result(at.Add(time.Minute), at.Add(-time.Hour), at.Add(-20*time.Minute))
	}
	if len(w.found) > 0 {
		t.Fatalf("an ordinary life is doubted: %q", w.signs())
	}
	w.house.Take(&hospital.Fact{Said: now.Add(-2 * time.Minute), Reason: &hospital.ReasonFact{Patient: []hospital.Identifier{{Value: "4711"}}, Kind: hospital.Assignment, Key: "K1", From: now.Add(-2 * time.Minute),
		Who: []hospital.Who{{Kind: hospital.Department, Name: hospital.Name{Text: "legal"}}}}})
	prescribe("late", now.Add(-time.Minute))
	dose("late", now, now.Add(-30*time.Minute))
	result(now.Add(time.Minute), now.Add(-30*time.Minute), now.Add(-3*time.Hour))
	prescribe("last", now.Add(30*time.Minute))
	if diff := cmp.Diff(w.signs(), []string{"mistimed backwards 12 trigger 10", "mistimed trigger 10 before-order 8"}); diff != "" {
		t.Errorf("signs (-got +want):\n%s", diff)
	}
}
