package kept_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/integrity/kept"
)

const young = 5 * time.Minute

var morning = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func claim(after time.Duration, typ, value, unit string, state kept.State) kept.Claim {
	return kept.Claim{ID: "1:0:m", At: morning.Add(after), Says: &kept.Said{Type: typ, Value: value, Unit: unit, State: state, Measured: morning.Add(-30 * time.Minute)}}
}

func TestJudge(t *testing.T) {
	sent := claim(0, "number", "6.8", "mmol/L", kept.Final)
	for _, c := range []struct {
		name string
		sent kept.Claim
		kept kept.Claim
		want kept.Verdict
		says []kept.Change
	}{
		{"nothing was read yet", sent, kept.Claim{}, kept.Alone, nil},
		{"what nobody sent", kept.Claim{}, claim(0, "number", "6.8", "mmol/L", kept.Final), kept.Alone, nil},
		{"the same", sent, claim(time.Hour, "number", "6.8", "mmol/L", kept.Final), kept.Agrees, nil},
		{"a server that calls all final", claim(0, "number", "6.8", "mmol/L", kept.Corrected), claim(time.Hour, "number", "6.8", "mmol/L", kept.Final), kept.Agrees, nil},
		{"a server that leaves the unit out", sent, claim(time.Hour, "number", "6.8", "", kept.Final), kept.Agrees, nil},
		{"a code whose text alone is kept", claim(0, "code", "sct|260385009", "", kept.Final), claim(time.Hour, "text", "negative", "", kept.Final), kept.Agrees, nil},
		{"a code of a system that has two names", claim(0, "code", "CDC|PHC70", "", kept.Final), claim(time.Hour, "code", "http://cdc.example/v|PHC70", "", kept.Final), kept.Agrees, nil},
		{"another code", claim(0, "code", "CDC|PHC70", "", kept.Final), claim(time.Hour, "code", "http://cdc.example/v|PHC71", "", kept.Final),
			kept.Differ, []kept.Change{{kept.Value, "CDC|PHC70", "http://cdc.example/v|PHC71"}}},
		{"a text with a bar in it", claim(0, "text", "left|clear", "", kept.Final), claim(time.Hour, "text", "right|clear", "", kept.Final),
			kept.Differ, []kept.Change{{kept.Value, "left|clear", "right|clear"}}},
		{"another value", sent, claim(time.Hour, "number", "4.1", "mmol/L", kept.Final), kept.Differ, []kept.Change{{kept.Value, "6.8", "4.1"}}},
		{"another value that calls itself corrected", sent, claim(time.Hour, "number", "4.1", "mmol/L", kept.Corrected), kept.Differ, []kept.Change{{kept.Value, "6.8", "4.1"}}},
		{"another value, before the record could hear of it", sent, claim(time.Minute, "number", "4.1", "mmol/L", kept.Final), kept.Early, []kept.Change{{kept.Value, "6.8", "4.1"}}},
		{"another unit", sent, claim(time.Hour, "number", "6.8", "mg/dL", kept.Final), kept.Differ, []kept.Change{{kept.Unit, "mmol/L", "mg/dL"}}},
		{"a value that was taken out", sent, claim(time.Hour, "none", "", "", kept.Final), kept.Differ, []kept.Change{{kept.Value, "6.8", ""}}},
		{"a result that was deleted", sent, claim(time.Hour, "number", "6.8", "mmol/L", kept.Withdrawn), kept.Differ, []kept.Change{{kept.Status, "final", "withdrawn"}}},
		{"a result that the laboratory took back and the record shows", claim(0, "none", "", "", kept.Cancelled), claim(time.Hour, "number", "6.8", "mmol/L", kept.Final),
			kept.Differ, []kept.Change{{kept.Status, "cancelled", "final"}}},
		{"one that both took back", claim(0, "number", "6.8", "mmol/L", kept.Withdrawn), claim(time.Hour, "none", "", "", kept.Cancelled), kept.Agrees, nil},
		{"what is preliminary and is shown as final", claim(0, "number", "6.8", "mmol/L", kept.Preliminary), claim(time.Hour, "number", "6.8", "mmol/L", kept.Final),
			kept.Differ, []kept.Change{{kept.Status, "preliminary", "final"}}},
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
	s := kept.Seal{Sent: claim(0, "number", "6.8", "mmol/L", kept.Final)}
	steps := []struct {
		value string
		want  kept.Verdict
	}{{"4.1", kept.Differ}, {"4.1", kept.Known}, {"6.8", kept.Agrees}, {"4.1", kept.Differ}}
	for i, step := range steps {
		s.Kept = claim(time.Duration(i+1)*time.Hour, "number", step.value, "mmol/L", kept.Final)
		if got, _ := s.Judge(young); got != step.want {
			t.Errorf("step %d: verdict %d, want %d", i+1, got, step.want)
		}
	}
}

// TestSentAgain: a message that comes once more takes no correction back.
func TestSentAgain(t *testing.T) {
	var s kept.Seal
	for _, c := range []struct {
		value string
		state kept.State
		want  string
	}{
		{"6.9", kept.Preliminary, "6.9"}, {"6.8", kept.Final, "6.8"}, {"6.9", kept.Preliminary, "6.8"}, {"4.1", kept.Corrected, "4.1"},
		{"6.8", kept.Final, "4.1"}, {"4.2", kept.Corrected, "4.2"},
	} {
		s.Hear(claim(0, "number", c.value, "mmol/L", c.state))
		if got := s.Sent.Says.Value; got != c.want {
			t.Errorf("after %s %s it is %s, want %s", c.state, c.value, got, c.want)
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
		{"sent, and never there", kept.Seal{Sent: claim(0, "number", "6.8", "mmol/L", kept.Final)}, dawn, true},
		{"told already", kept.Seal{Sent: claim(0, "number", "6.8", "mmol/L", kept.Final), Told: true}, dawn, false},
		{"there", kept.Seal{Sent: claim(0, "number", "6.8", "mmol/L", kept.Final), Kept: claim(0, "number", "6.8", "mmol/L", kept.Final)}, dawn, false},
		{"measured before the record was first read", kept.Seal{Sent: claim(0, "number", "6.8", "mmol/L", kept.Final)}, morning.Add(-time.Minute), false},
		{"only preliminary", kept.Seal{Sent: claim(0, "number", "6.8", "mmol/L", kept.Preliminary)}, dawn, false},
		{"taken back", kept.Seal{Sent: claim(0, "none", "", "", kept.Cancelled)}, dawn, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.seal.Absent(c.since); got != c.want {
				t.Errorf("%t, want %t", got, c.want)
			}
		})
	}
}
