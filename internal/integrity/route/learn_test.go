package route_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/integrity/route"
)

// taught is a route that has learned what an engine does to PV1-2 and PV1-3 of twenty admissions, and learns no more.
func taught(t *testing.T, before, after func(i int) string) *line {
	t.Helper()
	l := open(t, route.Config{Learn: time.Hour})
	for i := range 80 {
		l.hear(route.Before, msh(fmt.Sprint("t", i)), pid, before(i), obr, obx("4.1"))
		expect(t, l.hear(route.After, msh(fmt.Sprint("t", i)), pid, after(i), obr, obx("4.1")))
	}
	l.wait(2 * time.Hour)
	return l
}

func pass(l *line, before, after string) []route.Outcome {
	l.hear(route.Before, msh("later"), pid, before, obr, obx("4.1"))
	return l.hear(route.After, msh("later"), pid, after, obr, obx("4.1"))
}

func TestWaysOfAnEngine(t *testing.T) {
	classes := []string{"I", "O", "E"}
	words := map[string]string{"I": "INPATIENT", "O": "OUTPATIENT", "E": "EMERGENCY"}
	for _, c := range []struct {
		name          string
		before, after func(i int) string
		fine, odd     [2]string
		want          string
	}{
		{
			"nothing is changed",
			func(int) string { return "PV1|1|I|W1" }, func(int) string { return "PV1|1|I|W1" },
			[2]string{"PV1|1|O|W2", "PV1|1|O|W2"},
			[2]string{"PV1|1|I|W1", "PV1|1|I|W2"}, "rewritten ORU^R01^ORU_R01; PV1-3: W1 -> W2",
		},
		{
			"codes become words",
			func(i int) string { return "PV1|1|" + classes[i%3] + "|W1" }, func(i int) string { return "PV1|1|" + words[classes[i%3]] + "|W1" },
			[2]string{"PV1|1|E|W1", "PV1|1|EMERGENCY|W1"},
			[2]string{"PV1|1|E|W1", "PV1|1|INPATIENT|W1"}, "rewritten ORU^R01^ORU_R01; PV1-2: E -> INPATIENT",
		},
		{
			"small letters become great ones",
			func(i int) string { return fmt.Sprint("PV1|1|I|ward", i) }, func(i int) string { return fmt.Sprint("PV1|1|I|WARD", i) },
			[2]string{"PV1|1|I|room", "PV1|1|I|ROOM"},
			[2]string{"PV1|1|I|ward1", "PV1|1|I|WARD2"}, "rewritten ORU^R01^ORU_R01; PV1-3: ward1 -> WARD2",
		},
		{
			"a segment is left out",
			func(i int) string { return "PV1|1|I|W1\rZLB|" + fmt.Sprint(i) }, func(int) string { return "PV1|1|I|W1" },
			[2]string{"PV1|1|I|W1\rZLB|x", "PV1|1|I|W1"},
			[2]string{"PV1|1|I|W1\rZLB|x", "PV1|1|I|W1\rZLB|x\rZLB|y\rZLB|z"}, "rewritten ORU^R01^ORU_R01; segment ZLB: 1 -> 3",
		},
		{
			"the engine writes numbers of its own",
			func(i int) string { return fmt.Sprint("PV1|1|I|W1|||||||||||||||V", i) }, func(i int) string { return fmt.Sprint("PV1|1|I|W1|||||||||||||||", 90000+i) },
			[2]string{"PV1|1|I|W1|||||||||||||||V900", "PV1|1|I|W1|||||||||||||||77"},
			[2]string{"PV1|1|I|W1|||||||||||||||V900", "PV1|1|O|W1|||||||||||||||77"}, "rewritten ORU^R01^ORU_R01; PV1-2: I -> O",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			expect(t, pass(taught(t, c.before, c.after), c.fine[0], c.fine[1]))
			expect(t, pass(taught(t, c.before, c.after), c.odd[0], c.odd[1]), c.want)
		})
	}
}

// What was learned outlives a restart, and holds nothing that a message said.
func TestLearnedIsRestored(t *testing.T) {
	before := func(i int) string { return fmt.Sprint("PV1|1|I|Secretward", i%7) }
	after := func(i int) string { return fmt.Sprint("PV1|1|I|S", i%7) }
	l := taught(t, before, after)
	learned, err := l.Learned()
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(learned, []byte("Secretward")) || bytes.Contains(learned, []byte("4711")) {
		t.Error("what was learned quotes a message")
	}
	again := open(t, route.Config{Learn: time.Hour})
	again.at = l.at
	if err := again.Restore(learned); err != nil {
		t.Fatal(err)
	}
	expect(t, pass(again, before(3), after(3)))
	expect(t, pass(again, before(3), after(4)), "rewritten ORU^R01^ORU_R01; PV1-3: Secretward3 -> S4")
	if again.Counts().After != l.Counts().After+2 {
		t.Errorf("counts %+v do not go on from %+v", again.Counts(), l.Counts())
	}
}

// Nobody gets Wardline used to losses by losing more and more.
func TestLossesAreNotLearned(t *testing.T) {
	l := open(t, route.Config{Learn: time.Hour})
	settle(l)
	l.wait(2 * time.Hour)
	lost := 0
	for i := range 300 {
		l.hear(route.Before, msh(fmt.Sprint("a", i)), pid, strings.Replace(obr, "F1", fmt.Sprint("A", i), 1), obx("4.1"))
		l.hear(route.Before, msh(fmt.Sprint("b", i)), pid, obr, obx("4.1"))
		l.hear(route.After, msh(fmt.Sprint("b", i)), pid, obr, obx("4.1"))
		lost += len(l.wait(time.Minute))
	}
	for range 20 {
		lost += len(l.wait(time.Minute))
	}
	if lost != 300 {
		t.Errorf("%d of 300 lost messages were told", lost)
	}
}

// What a route remembers is bounded, and what it forgot it does not judge.
func TestForgottenIsNotJudged(t *testing.T) {
	l := open(t, route.Config{Bytes: 20_000})
	settle(l)
	for i := range 400 {
		l.hear(route.Before, msh(fmt.Sprint("f", i)), pid, strings.Replace(obr, "F1", fmt.Sprint("G", i), 1), obx("4.1"))
	}
	l.hear(route.After, msh("f1"), pid, strings.Replace(obr, "F1", "G1", 1), obx("4.1"))
	expect(t, l.wait(time.Minute))
	if got := l.Counts().Forgotten; got != 1 {
		t.Errorf("%d messages count as forgotten, want 1", got)
	}
}
