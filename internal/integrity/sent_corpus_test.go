package integrity_test

import (
	"slices"
	"testing"
	"time"

	"github.com/wardline/wardline/format/formattest/pairs"
	"github.com/wardline/wardline/internal/integrity"
	"github.com/wardline/wardline/internal/integrity/assertion"
	"github.com/wardline/wardline/internal/integrity/kept"
)

// TestPairsOfCorpus holds messages against what a converter that nobody here wrote makes of them: of what is the same result, none may be called another.
func TestPairsOfCorpus(t *testing.T) {
	verdicts := map[kept.Verdict]int{}
	rules := assertion.Rules{Systems: assertion.StandardSystems(), Preferred: assertion.StandardPreferred(), Conversions: assertion.StandardConversions()}
	for p := range pairs.All(t) {
		sent, converted := claimsBy(assertion.OfHL7(&p.Message, &rules)), claimsBy(assertion.OfFHIR(&p.Resource, &rules))
		for key, s := range sent {
			c, known := converted[key]
			if !known {
				continue
			}
			seal := kept.Seal{Sent: kept.Claim{Says: s}, Kept: kept.Claim{At: time.Unix(1, 0), Says: c}}
			verdict, changes := seal.Judge(0)
			if verdicts[verdict]++; verdict == kept.Differ {
				for _, ch := range changes {
					t.Errorf("%s: %s differs", p.Name, ch.Field)
				}
			}
		}
	}
	t.Logf("of results that stand in both %d agree", verdicts[kept.Agrees])
	if verdicts[kept.Agrees] == 0 {
		t.Error("no result stands in both")
	}
}

// claimsBy are the results of one side by their keys, without the patient, whose number the converter gives another authority. What stands there twice is left out.
func claimsBy(all []assertion.Statement) map[string]*kept.Said {
	out, twice := map[string]*kept.Said{}, map[string]bool{}
	for i := range all {
		s := &all[i]
		if s.Kind != assertion.Result {
			continue
		}
		at := slices.IndexFunc(s.Key, func(f assertion.Field) bool { return f.Name == assertion.Patient })
		s.Key[at].Value = ""
		sum := s.KeySum()
		key := string(sum[:])
		if twice[key] = out[key] != nil; twice[key] {
			continue
		}
		out[key] = integrity.SaidOf(s.Get)
	}
	for key, again := range twice {
		if again {
			delete(out, key)
		}
	}
	return out
}
