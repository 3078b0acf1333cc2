package display_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/display"
)

func TestFieldsComeInTheOrderOfTheEvent(t *testing.T) {
	for event, want := range map[string][]string{
		`{"b":"x","a":{"c":1.50,"d":{"e":true}},"n":null,"l":["p",{"q":2},["r"]],"b":false}`: {"b=x", "a.c=1.50", "a.d.e=true", "l=p", "l.q=2", "l=r", "b=false"},
		`{"` + strings.Repeat("k", 121) + `":{"a":1}}`:                                       {"a=1"},
		`{}`: nil,
	} {
		var got []string
		if !display.Fields(json.RawMessage(event), func(name, value string) { got = append(got, name+"="+value) }) {
			t.Errorf("%s: not read", event)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	for _, event := range []string{``, `{`, `{"a":1}x`, strings.Repeat(`{"a":`, 33) + `1` + strings.Repeat(`}`, 33)} {
		if display.Fields(json.RawMessage(event), func(string, string) {}) {
			t.Errorf("%.40s: read", event)
		}
	}
}

func TestNamesOfFields(t *testing.T) {
	if got := display.Short("a.b.C"); got != "C" {
		t.Error(got)
	}
	for name, fits := range map[string]bool{"id.orig_h": true, "zeek.ID.orig_h": true, "valid.orig_h": false, "orig_h": false, "id.orig_h.x": false} {
		if display.Ends(name, "id.orig_h") != fits {
			t.Errorf("%s: %v", name, !fits)
		}
	}
}
