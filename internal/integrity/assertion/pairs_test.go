package assertion_test

import (
	"strings"
	"testing"

	"github.com/wardline/wardline/format/formattest/pairs"
	"github.com/wardline/wardline/internal/integrity/assertion"
)

// Messages, and what a converter that nobody here wrote makes of them. It leaves much out (states, documents, times), and names
// systems in its own way, so that no more can be asked than that what it does keep is the same: some of each of the kinds that it
// converts wholly.
func TestPairsOfCorpus(t *testing.T) {
	all, equal := map[assertion.Kind]int{}, map[assertion.Kind]int{}
	rules := assertion.Rules{Systems: assertion.StandardSystems(), Preferred: assertion.StandardPreferred()}
	for p := range pairs.All(t) {
		kept := map[string]bool{}
		for _, s := range assertion.OfFHIR(&p.Resource, &rules) {
			kept[said(&s)] = true
		}
		for _, s := range assertion.OfHL7(&p.Message, &rules) {
			all[s.Kind]++
			if kept[said(&s)] {
				equal[s.Kind]++
			}
		}
	}
	t.Logf("of statements %v the same in both: %v", all, equal)
	for _, kind := range []assertion.Kind{assertion.Demographics, assertion.Result} {
		if equal[kind] == 0 {
			t.Errorf("no %s is the same", kind)
		}
	}
}

// said is a statement without its patient, whose number the converter gives another authority.
func said(s *assertion.Statement) string {
	var kept []string
	for _, line := range fields(s) {
		if !strings.HasPrefix(line, "key "+assertion.Patient) {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}
