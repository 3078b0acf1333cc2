package route_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/integrity/route"
)

// engine is an interface engine that rewrites what it passes on, as real ones do.
type engine struct {
	rand *rand.Rand
	n    int
}

var classes = map[string]string{"I": "INPATIENT", "O": "OUTPATIENT", "E": "EMERGENCY"}

// laboratory writes a message of results as it goes into the engine.
func (e *engine) laboratory(at time.Time, patient int) []string {
	class := []string{"I", "O", "E"}[e.rand.IntN(3)]
	out := []string{
		fmt.Sprintf(`MSH|^~\&|LIS|LAB|ENG|HOSP|%s+0100||ORU^R01^ORU_R01|L%08d|P|2.3.1`, at.Format("20060102150405"), e.n),
		fmt.Sprintf(`PID|1||%06d^^^LAB^MR||Family%d^Given%d^^^||%d0404|F||||||||||%d`, patient, patient%977, patient%89, 1930+patient%80, 500000+patient),
		fmt.Sprintf(`PV1|1|%s|W%d^%d^%d`, class, patient%12, patient%30, patient%2),
		fmt.Sprintf(`ORC|RE|P%d|F%d`, e.n, e.n),
		fmt.Sprintf(`OBR|1|P%d|F%d|24323-8^Panel^LN|||%s`, e.n, e.n, at.Add(-time.Hour).Format("200601021504")),
	}
	for i, code := range []string{"2823-3^Potassium", "2345-7^Glucose", "2951-2^Sodium"} {
		out = append(out, fmt.Sprintf(`OBX|%d|NM|%s^LN||%.1f|mmol/L|3-5||||F|||%s`, i+1, code, 3+3*e.rand.Float64(), at.Add(-time.Hour).Format("20060102150405")))
	}
	return out
}

// rewrite is what comes out: another version and receiver, times less exact and in UTC, names in capitals, codes of classes in words, an account that is cut,
// numbers of its own, the segments of its own, and an authority that is known by another name.
func (e *engine) rewrite(at time.Time, in []string) []string {
	var out []string
	for _, s := range in {
		f := strings.Split(s, "|")
		switch f[0] {
		case "MSH":
			f[4], f[6], f[9], f[11] = "EHR", at.Format("20060102150405.000"), fmt.Sprintf("E%d", 7000000+e.n), "2.5.1"
		case "PID":
			f[3] = strings.Replace(f[3], "^^^LAB^", "^^^HOSP^", 1)
			f[5] = strings.ToUpper(strings.TrimRight(f[5], "^"))
			f[18] = strings.TrimPrefix(f[18], "5")
		case "PV1":
			f[2] = classes[f[2]]
			f[3] += "^MAIN"
		case "OBR":
			f[7] += "00"
		case "OBX":
			f[5] = strings.TrimSuffix(f[5], ".0")
		}
		out = append(out, strings.Join(f, "|"))
	}
	return append(out, fmt.Sprintf("ZEN|%d|routed", e.n))
}

// TestHonestMessagesAndTwelveFalsified sends what a hospital sends in two weeks through an engine that rewrites nearly every segment, and twelve falsified values among it.
func TestHonestMessagesAndTwelveFalsified(t *testing.T) {
	n := 100_000
	if testing.Short() {
		n = 10_000
	}
	e := &engine{rand: rand.New(rand.NewPCG(7, 7))}
	l := open(t, route.Config{Maps: []route.Map{{Field: "PID-3.4", From: "LAB", To: "HOSP"}}, Learn: 24 * time.Hour})
	gap := 14 * 24 * time.Hour / time.Duration(n)
	var altered int
	for e.n = range n {
		l.at = l.at.Add(gap)
		in := e.laboratory(l.at, e.rand.IntN(5000))
		out := e.rewrite(l.at, in)
		falsified := e.n%(n/13) == n/14 && e.n > n/13
		if falsified {
			f := strings.Split(out[5], "|")
			f[5] = "9.9"
			out[5] = strings.Join(f, "|")
		}
		got := append(l.hear(route.Before, in...), l.hear(route.After, out...)...)
		got = append(got, l.wait(21*time.Second)...) // its number is another one, so it has to be sure that nothing is under way
		if !falsified {
			if len(got) > 0 {
				t.Fatalf("honest message %d: %q", e.n, said(got))
			}
			continue
		}
		if len(got) != 1 || got[0].Kind != route.Altered || len(got[0].Changes) != 1 || got[0].Changes[0].Field != "OBX-5" {
			t.Errorf("falsified message %d: %q", e.n, said(got))
			continue
		}
		altered++
	}
	if altered != 12 {
		t.Errorf("%d of 12 falsified values found", altered)
	}
	t.Logf("%d honest messages, 0 outcomes; %d of 12 falsified values, each within 21 s; %+v", n-12, altered, l.Counts())
	if l.Learning(l.at) {
		t.Error("it is still learning")
	}
}
