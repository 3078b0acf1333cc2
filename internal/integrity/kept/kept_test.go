package kept_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/integrity/assertion"
	"github.com/wardline/wardline/internal/integrity/kept"
)

const young = 5 * time.Minute

var morning = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func claim(after time.Duration, typ, value, unit, status string) kept.Claim {
	return kept.Claim{ID: "1:0:m", At: morning.Add(after), Fields: map[string]string{
		assertion.Type: typ, assertion.Value: value, assertion.Unit: unit, assertion.Status: status, assertion.Observed: "2026-03-01T08:30:00Z",
	}}
}

func TestJudge(t *testing.T) {
	sent := claim(0, "number", "6.8", "mmol/L", assertion.StatusFinal)
	for _, c := range []struct {
		name string
		sent kept.Claim
		kept kept.Claim
		want kept.Verdict
		says []kept.Change
	}{
		{"nothing was read yet", sent, kept.Claim{}, kept.Alone, nil},
		{"what nobody sent", kept.Claim{}, claim(0, "number", "6.8", "mmol/L", assertion.StatusFinal), kept.Alone, nil},
		{"the same", sent, claim(time.Hour, "number", "6.8", "mmol/L", assertion.StatusFinal), kept.Agrees, nil},
		{"a server that calls all final", claim(0, "number", "6.8", "mmol/L", assertion.StatusCorrected), claim(time.Hour, "number", "6.8", "mmol/L", assertion.StatusFinal), kept.Agrees, nil},
		{"a server that leaves the unit out", sent, claim(time.Hour, "number", "6.8", "", assertion.StatusFinal), kept.Agrees, nil},
		{"a code whose text alone is kept", claim(0, "code", "sct|260385009", "", assertion.StatusFinal), claim(time.Hour, "text", "negative", "", assertion.StatusFinal), kept.Agrees, nil},
		{"a code of a system that has two names", claim(0, "code", "CDC|PHC70", "", assertion.StatusFinal), claim(time.Hour, "code", "http://cdc.example/v|PHC70", "", assertion.StatusFinal), kept.Agrees, nil},
		{"another code", claim(0, "code", "CDC|PHC70", "", assertion.StatusFinal), claim(time.Hour, "code", "http://cdc.example/v|PHC71", "", assertion.StatusFinal),
			kept.Differ, []kept.Change{{assertion.Value, "CDC|PHC70", "http://cdc.example/v|PHC71"}}},
		{"another value", sent, claim(time.Hour, "number", "4.1", "mmol/L", assertion.StatusFinal), kept.Differ, []kept.Change{{assertion.Value, "6.8", "4.1"}}},
		{"another value that calls itself corrected", sent, claim(time.Hour, "number", "4.1", "mmol/L", assertion.StatusCorrected), kept.Differ, []kept.Change{{assertion.Value, "6.8", "4.1"}}},
		{"another value, before the record could hear of it", sent, claim(time.Minute, "number", "4.1", "mmol/L", assertion.StatusFinal), kept.Early, []kept.Change{{assertion.Value, "6.8", "4.1"}}},
		{"another unit", sent, claim(time.Hour, "number", "6.8", "mg/dL", assertion.StatusFinal), kept.Differ, []kept.Change{{assertion.Unit, "mmol/L", "mg/dL"}}},
		{"a value that was taken out", sent, claim(time.Hour, "none", "", "", assertion.StatusFinal), kept.Differ, []kept.Change{{assertion.Value, "6.8", ""}}},
		{"a result that was deleted", sent, claim(time.Hour, "number", "6.8", "mmol/L", assertion.StatusWithdrawn), kept.Differ, []kept.Change{{assertion.Status, "final", "withdrawn"}}},
		{"a result that the laboratory took back and the record shows", claim(0, "none", "", "", assertion.StatusCancelled), claim(time.Hour, "number", "6.8", "mmol/L", assertion.StatusFinal),
			kept.Differ, []kept.Change{{assertion.Status, "cancelled", "final"}}},
		{"one that both took back", claim(0, "number", "6.8", "mmol/L", assertion.StatusWithdrawn), claim(time.Hour, "none", "", "", assertion.StatusCancelled), kept.Agrees, nil},
		{"what is preliminary and is shown as final", claim(0, "number", "6.8", "mmol/L", assertion.StatusPreliminary), claim(time.Hour, "number", "6.8", "mmol/L", assertion.StatusFinal),
			kept.Differ, []kept.Change{{assertion.Status, "preliminary", "final"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := kept.Seal{Sent: c.sent, Kept: c.kept}
			got, changes := s.Judge(young)
			if got != c.want {
				t.Errorf("verdict %d, want %d", got, c.want)
			}
			if diff := cmp.Diff(changes, c.says); diff != "" {
				t.Errorf("changes (-got +want):\n%s", diff)
			}
		})
	}
}

// TestToldOnce: a difference is told once, until both say the same again.
func TestToldOnce(t *testing.T) {
	s := kept.Seal{Sent: claim(0, "number", "6.8", "mmol/L", assertion.StatusFinal)}
	steps := []struct {
		value string
		want  kept.Verdict
	}{{"4.1", kept.Differ}, {"4.1", kept.Known}, {"6.8", kept.Agrees}, {"4.1", kept.Differ}}
	for i, step := range steps {
		s.Kept = claim(time.Duration(i+1)*time.Hour, "number", step.value, "mmol/L", assertion.StatusFinal)
		if got, _ := s.Judge(young); got != step.want {
			t.Errorf("step %d: verdict %d, want %d", i+1, got, step.want)
		}
	}
}

// TestSentAgain: a message that comes once more takes no correction back.
func TestSentAgain(t *testing.T) {
	var s kept.Seal
	for _, c := range []struct{ value, status, want string }{
		{"6.9", assertion.StatusPreliminary, "6.9"}, {"6.8", assertion.StatusFinal, "6.8"}, {"6.9", assertion.StatusPreliminary, "6.8"}, {"4.1", assertion.StatusCorrected, "4.1"},
		{"6.8", assertion.StatusFinal, "4.1"}, {"4.2", assertion.StatusCorrected, "4.2"},
	} {
		s.Hear(claim(0, "number", c.value, "mmol/L", c.status))
		if got := s.Sent.Fields[assertion.Value]; got != c.want {
			t.Errorf("after %s %s it is %s, want %s", c.status, c.value, got, c.want)
		}
	}
}

func TestAbsent(t *testing.T) {
	dawn := morning.Add(-2 * time.Hour)
	for _, c := range []struct {
		name  string
		seal  kept.Seal
		since time.Time
		want  bool
	}{
		{"sent, and never there", kept.Seal{Sent: claim(0, "number", "6.8", "mmol/L", assertion.StatusFinal)}, dawn, true},
		{"told already", kept.Seal{Sent: claim(0, "number", "6.8", "mmol/L", assertion.StatusFinal), Told: true}, dawn, false},
		{"there", kept.Seal{Sent: claim(0, "number", "6.8", "mmol/L", assertion.StatusFinal), Kept: claim(0, "number", "6.8", "mmol/L", assertion.StatusFinal)}, dawn, false},
		{"measured before the record was first read", kept.Seal{Sent: claim(0, "number", "6.8", "mmol/L", assertion.StatusFinal)}, morning.Add(-time.Minute), false},
		{"only preliminary", kept.Seal{Sent: claim(0, "number", "6.8", "mmol/L", assertion.StatusPreliminary)}, dawn, false},
		{"taken back", kept.Seal{Sent: claim(0, "none", "", "", assertion.StatusCancelled)}, dawn, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.seal.Absent(c.since); got != c.want {
				t.Errorf("%t, want %t", got, c.want)
			}
		})
	}
}
