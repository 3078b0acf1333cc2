package finding_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/finding"
)

// TestPlacesAreBounded: the earliest and the latest are noted, whatever the order in which findings are added up.
func TestPlacesAreBounded(t *testing.T) {
	add := func(order func(i int) int) []finding.Place {
		var all finding.Finding
		for i := range 300 {
			n := order(i)
			b := finding.NewBook(2)
			b.AddAt(finding.Threat, rule("high", "r"), happened(t, n, `{"computer":"WS"}`), &finding.Place{Entry: uint64(n / 2), Line: n % 2})
			all.Absorb(&b.Findings()[0], 2)
		}
		if all.Count != 300 || len(all.Events) != 2 || all.Events[1].Place.Line != 1 {
			t.Errorf("%d events, kept %+v", all.Count, all.Events)
		}
		return all.Places
	}
	up := add(func(i int) int { return i })
	mixed := add(func(i int) int { return i * 7 % 300 })
	if len(up) != 100 || up[49] != (finding.Place{Entry: 24, Line: 1}) || up[50] != (finding.Place{Entry: 125}) {
		t.Errorf("%d places, in the middle %v and %v", len(up), up[49], up[50])
	}
	if d := cmp.Diff(up, mixed); d != "" {
		t.Error(d)
	}
}
