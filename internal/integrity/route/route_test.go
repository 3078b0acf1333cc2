package route_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/internal/integrity/route"
)

// line is a route that a test talks to.
type line struct {
	*route.Route
	t  *testing.T
	at time.Time
	n  int
}

func open(t *testing.T, cfg route.Config) *line {
	t.Helper()
	return &line{Route: route.New(cfg), t: t, at: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)}
}

// hear tells the route of a message, a tenth of a second after the one before.
func (l *line) hear(p route.Point, segments ...string) []route.Outcome {
	l.t.Helper()
	l.at = l.at.Add(100 * time.Millisecond)
	m, err := hl7.Parse([]byte(strings.Join(segments, "\r")+"\r"), hl7.DefaultLimits())
	if err != nil {
		l.t.Fatal(err)
	}
	l.n++
	return append(l.Tick(l.at), l.Hear(p, &m, fmt.Sprintf("%s%d", [...]string{"front", "behind"}[p], l.n), l.at)...)
}

func (l *line) wait(d time.Duration) []route.Outcome {
	l.at = l.at.Add(d)
	return l.Tick(l.at)
}

// said is an outcome in one line: kind, statement, and each change.
func said(outcomes []route.Outcome) []string {
	var out []string
	for _, o := range outcomes {
		text := string(o.Kind) + " " + o.Statement
		for _, c := range o.Changes {
			text += fmt.Sprintf("; %s: %s -> %s", c.Field, c.Before, c.After)
		}
		out = append(out, text)
	}
	return out
}

func expect(t *testing.T, got []route.Outcome, want ...string) {
	t.Helper()
	if diff := cmp.Diff(said(got), want); diff != "" {
		t.Errorf("outcomes (-got +want):\n%s", diff)
	}
}

func msh(control string) string {
	return `MSH|^~\&|LIS|LAB|EHR|HOSP|20260302080000||ORU^R01^ORU_R01|` + control + `|P|2.5.1`
}

const (
	pid = `PID|1||4711^^^HOSP^MR||ROE^RITA||19560403|F`
	obr = `OBR|1|P1|F1|24323-8^Panel^LN|||20260302073000||||||||||||||||||F`
)

func obx(value string) string {
	return `OBX|1|NM|2823-3^Potassium^LN||` + value + `|mmol/L|3.5-5.1||||F|||20260302073000`
}

func TestHonestMessageIsQuiet(t *testing.T) {
	l := open(t, route.Config{})
	expect(t, l.hear(route.Before, msh("1"), pid, obr, obx("4.1")))
	expect(t, l.hear(route.After, msh("1"), pid, obr, obx("4.1")))
	expect(t, l.wait(time.Hour))
	if diff := cmp.Diff(l.Counts(), route.Counts{Before: 1, After: 1, Paired: 1, Alike: 2}); diff != "" {
		t.Error(diff)
	}
}

func TestChangedValueIsToldAtOnce(t *testing.T) {
	l := open(t, route.Config{})
	l.hear(route.Before, msh("1"), pid, obr, obx("6.8"))
	expect(t, l.hear(route.After, msh("1"), pid, obr, obx("4.1")), "altered OBX 2823-3; OBX-5: 6.8 -> 4.1")
}

// An engine that gives messages numbers of its own hides nothing.
func TestChangedValueIsToldWithoutControlID(t *testing.T) {
	l := open(t, route.Config{})
	l.hear(route.Before, msh("1"), pid, obr, obx("6.8"))
	expect(t, l.hear(route.After, msh("9000"), pid, obr, obx("4.1")))
	expect(t, l.wait(21*time.Second), "altered OBX 2823-3; OBX-5: 6.8 -> 4.1")
}

func TestHeardBehindBeforeInFront(t *testing.T) {
	l := open(t, route.Config{})
	expect(t, l.hear(route.After, msh("1"), pid, obr, obx("4.1")))
	expect(t, l.hear(route.Before, msh("1"), pid, obr, obx("6.8")), "altered OBX 2823-3; OBX-5: 6.8 -> 4.1")
	expect(t, l.hear(route.After, msh("77"), pid, obr, obx("5.5")))
	expect(t, l.hear(route.Before, msh("2"), pid, obr, obx("5.5")))
	expect(t, l.hear(route.After, msh("3"), strings.Replace(pid, "4711", "4712", 1), obr, obx("5.5")))
	expect(t, l.hear(route.Before, msh("3"), pid, obr, obx("5.5")), "altered PID; PID-3: 4711^^^HOSP^MR -> 4712^^^HOSP^MR")
	expect(t, l.wait(time.Minute))
}

// What a clinician acts on, each in its turn.
func TestClinicalFields(t *testing.T) {
	for _, c := range []struct {
		name, before, after string
		want                []string
	}{
		{"another unit", obx("4.1"), strings.Replace(obx("4.1"), "mmol/L", "mg/dL", 1), []string{"altered OBX 2823-3; OBX-6: mmol/L -> mg/dL"}},
		{"another analyte", obx("4.1"), strings.Replace(obx("4.1"), "2823-3^Potassium", "2951-2^Sodium", 1), []string{"altered OBX 2951-2; OBX-3.1: 2823-3 -> 2951-2; OBX-3.2: Potassium -> Sodium"}},
		{"other limits", obx("4.1"), strings.Replace(obx("4.1"), "3.5-5.1", "3.5-7.1", 1), []string{"altered OBX 2823-3; OBX-7: 3.5-5.1 -> 3.5-7.1"}},
		{"a flag", obx("6.8") + "", strings.Replace(obx("6.8"), "||||F|", "|N|||F|", 1), []string{"altered OBX 2823-3; OBX-8:  -> N"}},
		{"final made preliminary", obx("6.8"), strings.Replace(obx("6.8"), "|F|||", "|P|||", 1), []string{"altered OBX 2823-3; OBX-11: F -> P"}},
		{"an order is cancelled", "ORC|NW|P1|F1", "ORC|CA|P1|F1", []string{"altered ORC; ORC-1: NW -> CA"}},
		{"a dose", "RXE|1|161^Paracetamol^RXNORM|500||mg", "RXE|1|161^Paracetamol^RXNORM|5000||mg", []string{"altered RXE 161; RXE-3: 500 -> 5000"}},
		{"an allergy", "AL1|1|DA|7980^Penicillin^RXNORM|SV", "AL1|1|DA|7980^Penicillin^RXNORM|MI", []string{"altered AL1 7980; AL1-4: SV -> MI"}},
		{"a note", obx("4.1") + "\rNTE|1||haemolysed", obx("4.1") + "\rNTE|1||fine", []string{"altered NTE OBX 2823-3; NTE-3: haemolysed -> fine"}},
		{"a number written longer", obx("4.1"), obx("4.10"), nil},
		{"a number that only looks alike", obx("4.1"), obx("41"), []string{"altered OBX 2823-3; OBX-5: 4.1 -> 41"}},
		{"a sign", obx("2"), obx("-2"), []string{"altered OBX 2823-3; OBX-5: 2 -> -2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := open(t, route.Config{})
			l.hear(route.Before, msh("1"), pid, obr, c.before)
			expect(t, l.hear(route.After, msh("1"), pid, obr, c.after), c.want...)
		})
	}
}

func TestAnotherPatient(t *testing.T) {
	swapped := strings.Replace(pid, "4711", "4712", 1)
	l := open(t, route.Config{})
	l.hear(route.Before, msh("1"), pid, obr, obx("4.1"))
	expect(t, l.hear(route.After, msh("1"), swapped, obr, obx("4.1")), "altered PID; PID-3: 4711^^^HOSP^MR -> 4712^^^HOSP^MR")

	l = open(t, route.Config{}) // and without the number of the message
	l.hear(route.Before, msh("1"), pid, obr, obx("4.1"))
	l.hear(route.After, msh("2"), swapped, obr, obx("4.1"))
	expect(t, l.wait(time.Minute), "altered PID; PID-3: 4711^^^HOSP^MR -> 4712^^^HOSP^MR")
}

func TestIdentifierBesidesAnotherIsTheSamePatient(t *testing.T) {
	l := open(t, route.Config{})
	l.hear(route.Before, msh("1"), pid, obr, obx("4.1"))
	expect(t, l.hear(route.After, msh("1"), strings.Replace(pid, "4711^^^HOSP^MR", "99^^^GOV^NH~4711^^^HOSP^PI", 1), obr, obx("4.1")))
}

func TestAuthorityHasToBeTypedIn(t *testing.T) {
	renamed := strings.Replace(pid, "^^^HOSP", "^^^H01", 1)
	l := open(t, route.Config{})
	l.hear(route.Before, msh("1"), pid, obr, obx("4.1"))
	expect(t, l.hear(route.After, msh("1"), renamed, obr, obx("4.1")), "altered PID; PID-3: 4711^^^HOSP^MR -> 4711^^^H01^MR")

	l = open(t, route.Config{Maps: []route.Map{{Field: "PID-3.4", From: "HOSP", To: "H01"}}})
	l.hear(route.Before, msh("1"), pid, obr, obx("4.1"))
	expect(t, l.hear(route.After, msh("1"), renamed, obr, obx("4.1")))
}

// However often a clinical field is changed, nobody is taught to expect it.
func TestClinicalFieldIsNeverLearned(t *testing.T) {
	l := open(t, route.Config{Learn: time.Minute})
	for i := range 2000 {
		l.hear(route.Before, msh(fmt.Sprint(i)), pid, obr, obx("6.8"))
		if got := l.hear(route.After, msh(fmt.Sprint(i)), pid, obr, obx("4.1")); len(got) != 1 {
			t.Fatalf("message %d: %q, want one alteration", i, said(got))
		}
	}
}

func TestCorrectionAndRepetition(t *testing.T) {
	corrected := strings.Replace(obx("4.1"), "|F|||", "|C|||", 1)
	l := open(t, route.Config{})
	l.hear(route.Before, msh("1"), pid, obr, obx("6.8"))
	l.hear(route.Before, msh("2"), pid, obr, corrected)
	expect(t, l.hear(route.After, msh("x1"), pid, obr, obx("6.8")))
	expect(t, l.hear(route.After, msh("x2"), pid, obr, corrected))
	expect(t, l.hear(route.After, msh("x3"), pid, obr, corrected)) // sent again
	expect(t, l.wait(time.Hour))
}

// settle has honest messages pass until it is known what passes.
func settle(l *line) {
	for i := range 60 {
		l.hear(route.Before, msh(fmt.Sprint("s", i)), pid, obr, obx("4.1"), obx("4.1"))
		l.hear(route.After, msh(fmt.Sprint("s", i)), pid, obr, obx("4.1"), obx("4.1"))
	}
	l.wait(time.Minute)
}

func TestWhatIsLostInsertedRemoved(t *testing.T) {
	l := open(t, route.Config{})
	settle(l)
	l.hear(route.Before, msh("lost"), pid, strings.Replace(obr, "F1", "F2", 1), obx("6.9"))
	l.hear(route.Before, msh("two"), pid, strings.Replace(obr, "F1", "F3", 1), obx("6.7"), strings.Replace(obx("140"), "2823-3", "2951-2", 1))
	expect(t, l.hear(route.After, msh("two"), pid, strings.Replace(obr, "F1", "F3", 1), obx("6.7"), strings.Replace(obx("12"), "2823-3", "718-7", 1)),
		"altered OBX 718-7; OBX-3.1: 2951-2 -> 718-7; OBX-5: 140 -> 12")
	l.hear(route.After, msh("never said"), pid, strings.Replace(obr, "F1", "F9", 1), obx("3.9"))
	expect(t, l.wait(time.Minute),
		"unheard ORU^R01^ORU_R01; OBR-4:  -> 24323-8^Panel^LN; OBR-25:  -> F; OBX-2:  -> NM; OBX-3:  -> 2823-3^Potassium^LN; OBX-5:  -> 3.9; OBX-6:  -> mmol/L; OBX-7:  -> 3.5-5.1; OBX-11:  -> F")
	expect(t, l.wait(8*time.Minute))
	expect(t, l.wait(2*time.Minute), "lost ORU^R01^ORU_R01")
}

// A message that arrives without one of its results is told when nothing can bring the rest any more.
func TestRemovedResult(t *testing.T) {
	l := open(t, route.Config{})
	settle(l)
	other := strings.Replace(obr, "F1", "F5", 1)
	l.hear(route.Before, msh("short"), pid, other, obx("6.7"), strings.Replace(obx("140"), "2823-3", "2951-2", 1))
	expect(t, l.hear(route.After, msh("short"), pid, other, obx("6.7")))
	l.hear(route.Before, msh("on"), pid, obr, obx("4.1"))
	l.hear(route.After, msh("on"), pid, obr, obx("4.1"))
	expect(t, l.wait(9*time.Minute))
	expect(t, l.wait(10*time.Minute), "removed OBX 2951-2; OBX-2: NM -> ; OBX-3: 2951-2^Potassium^LN -> ; OBX-5: 140 -> ; OBX-6: mmol/L -> ; OBX-7: 3.5-5.1 -> ; OBX-11: F -> ")
}

// An order whose results come out in two messages, and two that come out as one.
func TestEngineSplitsAndJoins(t *testing.T) {
	second := strings.NewReplacer("F1", "F2", "24323-8", "58410-2").Replace(obr)
	count := strings.NewReplacer("2823-3^Potassium", "718-7^Haemoglobin", "4.1", "13.9").Replace(obx("4.1"))
	l := open(t, route.Config{})
	settle(l)
	l.hear(route.Before, msh("a"), pid, obr, obx("6.2"), second, count)
	l.hear(route.After, msh("b"), pid, obr, obx("6.2"))
	l.hear(route.After, msh("c"), pid, second, count)
	l.hear(route.Before, msh("d"), pid, obr, obx("6.3"))
	l.hear(route.Before, msh("e"), pid, second, strings.Replace(count, "13.9", "14.1", 1))
	l.hear(route.After, msh("f"), pid, obr, obx("6.3"), second, strings.Replace(count, "13.9", "14.1", 1))
	expect(t, l.wait(time.Minute))
	l.hear(route.Before, msh("on"), pid, obr, obx("4.1"))
	l.hear(route.After, msh("on"), pid, obr, obx("4.1"))
	expect(t, l.wait(time.Minute))
	expect(t, l.wait(time.Hour))
}

// While the whole line stands still nothing is called lost, and what comes late is compared.
func TestStandstillIsNoLoss(t *testing.T) {
	l := open(t, route.Config{})
	settle(l)
	for i := range 30 {
		l.hear(route.Before, msh(fmt.Sprint("q", i)), pid, strings.Replace(obr, "F1", fmt.Sprint("Q", i), 1), obx("4.4"))
	}
	expect(t, l.wait(3*time.Hour))
	for i := range 30 {
		value := "4.4"
		if i == 7 {
			value = "4.9"
		}
		got := l.hear(route.After, msh(fmt.Sprint("q", i)), pid, strings.Replace(obr, "F1", fmt.Sprint("Q", i), 1), obx(value))
		if i == 7 {
			expect(t, got, "altered OBX 2823-3; OBX-5: 4.4 -> 4.9")
		} else {
			expect(t, got)
		}
	}
	expect(t, l.wait(time.Hour))
}

// The record hears from others as well, and the laboratory sends to others: neither is odd.
func TestOtherSendersAndReceivers(t *testing.T) {
	l := open(t, route.Config{})
	for i := range 100 {
		expect(t, l.hear(route.After, strings.Replace(msh(fmt.Sprint("r", i)), "|LIS|", "|RIS|", 1), pid, strings.Replace(obr, "F1", fmt.Sprint("R", i), 1), obx("1")))
		expect(t, l.hear(route.Before, strings.Replace(msh(fmt.Sprint("m", i)), "ORU^R01", "ORU^W01", 1), pid, strings.Replace(obr, "F1", fmt.Sprint("M", i), 1), obx("2")))
		expect(t, l.wait(time.Minute))
	}
	expect(t, l.wait(time.Hour))
}

// Two pulses of one patient are two measurements, though nothing but the value tells them apart.
func TestMeasurementsWithoutAnOrder(t *testing.T) {
	l := open(t, route.Config{})
	l.hear(route.Before, msh("1"), pid, obx("71"))
	l.hear(route.After, strings.Replace(msh("9"), "|LIS|", "|MONITOR|", 1), pid, obx("99"))
	expect(t, l.wait(time.Minute))
	expect(t, l.hear(route.After, msh("1"), pid, obx("79")), "altered OBX 2823-3; OBX-5: 71 -> 79") // by the number of its message
}

// A sender that says the same thing again and again, or what nobody said in front, must not make the route slow: all lists that a message is looked up in
// are short, and a value that is changed meanwhile is told all the same.
func TestFloods(t *testing.T) {
	l := open(t, route.Config{})
	bare := `OBX|1|NM|8867-4^Heart rate^LN||71|/min|||||F`
	for i := range 3000 {
		l.hear(route.Before, msh(fmt.Sprint("a", i)), bare)
		l.hear(route.After, strings.Replace(msh(fmt.Sprint("b", i)), "|LIS|", "|OTHER|", 1), strings.Replace(bare, "71", "99", 1))
	}
	if n := l.Widest(); n > 64 {
		t.Errorf("%d statements are looked through for one", n)
	}
	l.hear(route.Before, msh("1"), pid, obr, obx("6.8"))
	expect(t, l.hear(route.After, msh("1"), pid, obr, obx("4.1")), "altered OBX 2823-3; OBX-5: 6.8 -> 4.1")
	l.hear(route.After, msh("2"), pid, obr, obx("5.5"))
	expect(t, l.hear(route.Before, msh("2"), pid, obr, obx("6.5")), "altered OBX 2823-3; OBX-5: 6.5 -> 5.5")

	l = open(t, route.Config{Grace: time.Hour})
	for i := range 21_000 {
		l.hear(route.After, strings.Replace(msh(fmt.Sprint("f", i)), "|LIS|", "|OTHER|", 1), pid)
	}
	if n := l.Waiting(); n > 20_001 {
		t.Errorf("%d messages wait", n)
	}
}
