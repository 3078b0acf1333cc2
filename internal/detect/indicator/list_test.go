package indicator_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/detect/indicator"
)

// listed is a set of values, each in a line of its own.
func listed(t *testing.T, level string, values ...string) *indicator.Set {
	t.Helper()
	b := indicator.NewBuilder(100)
	source := b.AddSource(indicator.Source{File: "list", Level: level})
	ref, err := b.Detail(&indicator.Detail{Source: source})
	if err != nil {
		t.Fatal(err)
	}
	var p indicator.Parser
	for _, text := range values {
		v, err := p.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Add(v, 1, ref); err != nil {
			t.Fatal(err)
		}
	}
	set, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestAllValuesAreListed(t *testing.T) {
	want := []string{"198.51.100.0/24", "203.0.113.7", "d41d8cd98f00b204e9800998ecf8427e", "evil.example"}
	var got []string
	for v := range listed(t, "high", want...).All() {
		got = append(got, v.String())
	}
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestDigestNamesWhatIsListed(t *testing.T) {
	set := listed(t, "high", "evil.example", "203.0.113.7", "198.51.100.0/24").Digest()
	if listed(t, "high", "198.51.100.0/24", "203.0.113.7", "evil.example").Digest() != set {
		t.Error("the order makes a difference")
	}
	for name, other := range map[string]*indicator.Set{
		"one less":      listed(t, "high", "evil.example", "203.0.113.7"),
		"another value": listed(t, "high", "evil.example", "203.0.113.8", "198.51.100.0/24"),
		"another level": listed(t, "low", "evil.example", "203.0.113.7", "198.51.100.0/24"),
	} {
		if other.Digest() == set {
			t.Errorf("%s makes no difference", name)
		}
	}
}
