package story_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/story"
)

// sources is what each story must leave where: the table of scenarios from which the hospital is played.
func sources() map[string][]feed.Feed {
	return map[string][]feed.Feed{
		"T01": {feed.Access},
		"T02": {feed.Access},
		"T03": {feed.Access, feed.Lists},
		"T04": {feed.Access, feed.ADT},
		"T05": {feed.Access},
		"T06": {feed.Access, feed.Printing},
		"T07": {feed.Access, feed.Connections},
		"T08": {feed.Access, feed.SQLAudit, feed.VPN, feed.Proxy},
		"T09": {feed.API, feed.Portal},
		"T10": {feed.API},
		"T11": {feed.Wire, feed.Archive},
		"T12": {feed.DICOMWeb},
		"T13": {feed.VPN, feed.Access},
		"T14": {feed.Access},
		"T15": {feed.SignIns, feed.VPN, feed.Access, feed.Portal},
		"T16": {feed.Orders, feed.ADT, feed.Portal, feed.Access},
		"T17": {feed.Access, feed.DICOMWeb},
		"T18": {feed.Access, feed.Lists},
		"T19": {feed.Cabinets, feed.Pharmacy},
		"T20": {feed.Access, feed.Wire},
		"T21": {feed.Access, feed.Console},
		"D01": {feed.Lab, feed.Connections, feed.Engine},
		"D02": {feed.Engine, feed.Wire},
		"D03": {feed.TapRecord, feed.Wire, feed.Engine},
		"D04": {feed.ADT, feed.Wire, feed.Engine},
		"D05": {feed.Lab},
		"D06": {feed.Certs, feed.Connections, feed.Lab},
		"D07": {feed.Clocks, feed.Windows},
		"D08": {feed.Wire},
		"D09": {feed.Windows, feed.Connections, feed.Network, feed.Backups, feed.Archive, feed.Wire, feed.Lab, feed.ADT},
		"D10": {feed.VPN, feed.Connections, feed.Hypervisors},
		"D11": {feed.ADT},
		"D12": {feed.ADT},
		"F01": {feed.TapLab, feed.TapRecord, feed.Wire},
		"F02": {feed.Lab, feed.LabTable},
		"F03": {feed.Documents, feed.Access},
		"F04": {feed.Documents, feed.Access, feed.Lists},
		"F05": {feed.ImagesSent, feed.ImagesKept, feed.Archive},
		"F06": {feed.ImagesSent, feed.ImagesKept},
		"F07": {feed.ADT},
		"F08": {feed.Archive, feed.Counts},
		"F09": {feed.Vaccines, feed.Portal},
		"F10": {feed.DrugTable},
		"F11": {feed.Witness},
		"F12": {feed.Wire, feed.ImagesSent},
		"B01": {feed.Access},
		"B02": {feed.Access, feed.Pharmacy},
		"B03": {feed.Access, feed.ADT, feed.Lists},
		"B04": {feed.Access},
		"B05": {feed.Access, feed.ADT},
		"B06": {feed.Access, feed.ADT},
		"B07": {feed.Access, feed.Lists},
		"B08": {feed.Lab, feed.Orders},
		"B09": {feed.Wire, feed.Archive},
		"B10": {feed.API, feed.Portal},
		"B11": {feed.VPN, feed.Access, feed.Lists},
		"B12": {feed.Access, feed.Pharmacy, feed.Documents},
		"B13": {feed.Access},
		"B14": {feed.Access, feed.ADT},
		"B16": {feed.Cabinets, feed.Pharmacy},
		"B15": {feed.Orders, feed.Pharmacy, feed.Documents, feed.Engine},
	}
}

func TestEveryStoryIsTold(t *testing.T) {
	table := sources()
	var ids []string
	for _, s := range story.All() {
		ids = append(ids, s.ID)
		want, ok := table[s.ID]
		if !ok {
			t.Errorf("%s is in no table", s.ID)
		}
		for _, f := range want {
			if !slices.Contains(s.Sources, f) {
				t.Errorf("%s does not name %s among its sources", s.ID, f)
			}
		}
		if s.Run == nil || s.Days < 1 || s.Detector == "" || s.Harm < 1 || s.Harm > 5 {
			t.Errorf("%s: something of it is not stated: %d days, harm %d, found by %q", s.ID, s.Days, s.Harm, s.Detector)
		}
		if !strings.HasSuffix(s.Title, ".") || len(s.Title) > 150 || strings.Count(s.Title, ".") > 1 {
			t.Errorf("%s: its title is no sentence that fits on a line or two: %s", s.ID, s.Title)
		}
		if benign := s.ID[0] == 'B'; s.Case == benign && s.ID != "D12" {
			t.Errorf("%s: case is %v", s.ID, s.Case)
		}
		if s.Case && s.Target == 0 {
			t.Errorf("%s: no time is stated within which it should be found", s.ID)
		}
	}
	if len(ids) != len(table) {
		t.Errorf("%d stories of %d", len(ids), len(table))
	}
	if n := len(slices.Compact(slices.Sorted(slices.Values(ids)))); n != len(ids) {
		t.Errorf("%d ids are used twice", len(ids)-n)
	}
}

func TestStoriesAreFoundByName(t *testing.T) {
	names := func(asked ...string) []string {
		found, unknown := story.Named(asked...)
		if unknown != "" {
			return []string{"unknown: " + unknown}
		}
		var all []string
		for _, s := range found {
			all = append(all, s.ID)
		}
		return all
	}
	for _, c := range []struct{ asked, want []string }{
		{[]string{"T05", "T01"}, []string{"T01", "T05"}},
		{[]string{"D01", "B15", "F12"}, []string{"D01", "F12", "B15"}},
		{[]string{"T01", "X9"}, []string{"unknown: X9"}},
		{story.Demo(), slices.Clone(story.Demo())},
	} {
		if diff := cmp.Diff(c.want, names(c.asked...)); diff != "" {
			t.Errorf("%v (want -, got +):\n%s", c.asked, diff)
		}
	}
	if got := len(names("F")); got != 12 {
		t.Errorf("%d falsifications, want 12", got)
	}
	if got := len(names("all")); got != len(story.All()) {
		t.Errorf("%d stories of %d", got, len(story.All()))
	}
}
