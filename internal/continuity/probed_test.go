package continuity_test

import (
	"slices"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/continuity"
	"github.com/wardline/wardline/internal/continuity/probe"
)

func TestWhatProbesTell(t *testing.T) {
	now := time.Date(2030, 6, 3, 9, 0, 0, 0, time.UTC)
	report := func(state probe.State, why string, before, after probe.Standing) *probe.Report {
		return &probe.Report{Result: probe.Result{Target: "PACS", At: now, State: state, Why: why}, Before: before, Standing: after}
	}
	up, down := probe.Standing{State: probe.Up}, probe.Standing{State: probe.Down, Since: now.Add(-95 * time.Second)}
	ending := probe.Standing{State: probe.Up, EndsWithin: 14, Expires: now.AddDate(0, 0, 10)}
	for _, c := range []struct {
		what    string
		report  *probe.Report
		planned bool
		says    []string
	}{
		{"it goes on", report(probe.Up, "", up, up), false, nil},
		{"it was stopped", report(probe.Down, "connection refused", up, down), false, []string{"server-down PACS: connection refused"}},
		{"it was stopped on purpose", report(probe.Down, "connection refused", up, down), true, nil},
		{"it is back", report(probe.Up, "", down, up), false, []string{"server-down PACS: over"}},
		{"its certificate ends", report(probe.Up, "", up, ending), false, []string{"expires the certificate of PACS ends in 10 days"}},
		{"it still does", report(probe.Up, "", ending, ending), false, nil},
	} {
		var got []string
		for _, s := range continuity.ProbeSigns(c.report, c.planned) {
			got = append(got, string(s.Kind)+" "+s.Text())
		}
		if !slices.Equal(got, c.says) {
			t.Errorf("%s: %q, wanted %q", c.what, got, c.says)
		}
	}
}
