package indicator_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/detect/indicator"
	"github.com/wardline/wardline/internal/event"
	"pgregory.net/rapid"
)

// entry is an indicator of the oracle: its value in normal form, and when it holds.
type entry struct {
	value       string
	from, until int // years; 0 for none
}

func (e entry) holds(year int) bool {
	return year == 0 || (e.from == 0 || year >= e.from) && (e.until == 0 || year < e.until)
}

// generators of values in normal form, out of so few letters that they meet.
var (
	label = rapid.StringOfN(rapid.RuneFrom([]rune("ab-_1")), 1, 2, -1).Filter(func(s string) bool {
		return !strings.HasPrefix(s, "-") && !strings.HasSuffix(s, "-") && s != "_" && !strings.HasSuffix(s, "_")
	})
	host = rapid.Custom(func(t *rapid.T) string {
		return strings.Join(append(rapid.SliceOfN(label, 1, 4).Draw(t, "labels"), rapid.SampledFrom([]string{"org", "test", "xn--p1ai"}).Draw(t, "top")), ".")
	})
	address = rapid.Custom(func(t *rapid.T) string {
		return fmt.Sprintf(rapid.SampledFrom([]string{"192.0.2.%d", "2001:db8::%x", "2001:db8:7::%x"}).Draw(t, "block"), rapid.IntRange(1, 12).Draw(t, "machine"))
	})
	network = rapid.Custom(func(t *rapid.T) string {
		ip := netip.MustParseAddr(address.Draw(t, "ip"))
		p, err := ip.Prefix(ip.BitLen() - rapid.IntRange(1, 6).Draw(t, "bits"))
		if err != nil {
			t.Fatal(err)
		}
		return p.String()
	})
	email = rapid.Custom(func(t *rapid.T) string {
		return rapid.SampledFrom([]string{"a", "b", "a.b", "a+b"}).Draw(t, "local") + "@" + host.Draw(t, "domain")
	})
	path = rapid.StringOfN(rapid.RuneFrom([]rune("/a?")), 0, 4, -1)
	url  = rapid.Custom(func(t *rapid.T) string {
		return rapid.SampledFrom([]string{"http://", "https://", ""}).Draw(t, "scheme") + host.Draw(t, "host") + "/" + path.Draw(t, "path")
	})
	prefix = rapid.Custom(func(t *rapid.T) string {
		return "http://" + host.Draw(t, "host") + "/" + rapid.SampledFrom([]string{"*", "a/*", "a/a/*"}).Draw(t, "path")
	})
	digest = rapid.Custom(func(t *rapid.T) string {
		return strings.Repeat(rapid.SampledFrom([]string{"a", "b"}).Draw(t, "digit"), rapid.SampledFrom([]int{32, 40, 64, 128}).Draw(t, "digits"))
	})
)

// applies says by definition whether a word that stands alone holds the value.
func applies(word, value string) bool {
	switch {
	case word == value:
		return true
	case strings.HasSuffix(value, "/*"):
		target, _, _ := strings.Cut(word, "?")
		return strings.Contains(word, "://") && strings.HasPrefix(target, value[:len(value)-1])
	case strings.Contains(value, "://"):
		return false
	}
	if _, rest, isURL := strings.Cut(word, "://"); isURL {
		name, _, _ := strings.Cut(rest, "/")
		return rest == value || !strings.ContainsAny(value, "/@") && applies(name, value)
	}
	if p, err := netip.ParsePrefix(value); err == nil {
		ip, err := netip.ParseAddr(word)
		return err == nil && p.Contains(ip)
	}
	if _, domain, isEmail := strings.Cut(word, "@"); isEmail {
		return applies(domain, value)
	}
	return !strings.ContainsAny(value, "/@") && strings.HasSuffix(word, "."+value)
}

// TestMatchAgreesWithDefinition holds the set against a list that is walked from end to end.
func TestMatchAgreesWithDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(host, host, address, network, email, url, prefix, digest)
		entries := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) entry {
			return entry{value.Draw(t, "value"), rapid.SampledFrom([]int{0, 2001, 2002}).Draw(t, "from"), rapid.SampledFrom([]int{0, 2002, 2003}).Draw(t, "until")}
		}), 0, 80).Draw(t, "entries")
		set := oracleSet(t, entries)
		words := rapid.SliceOfN(rapid.OneOf(host, address, email, digest, rapid.Just("x"),
			url.Filter(func(s string) bool { return strings.Contains(s, "://") })), 1, 12).Draw(t, "words")
		year := rapid.SampledFrom([]int{0, 2000, 2001, 2002, 2003}).Draw(t, "year")
		ev := oracleEvent(t, words, year)
		var got []string
		for _, h := range set.Match(ev, nil) {
			got = append(got, h.Value+" "+h.Title)
		}
		slices.Sort(got)
		if want := expected(entries, words, year); !slices.Equal(got, want) {
			t.Fatalf("got %q, want %q in %s", got, want, ev.Fields)
		}
	})
}

func expected(entries []entry, words []string, year int) []string {
	first := map[string]string{}
	for i, e := range entries {
		if !e.holds(year) || !slices.ContainsFunc(words, func(w string) bool { return applies(w, e.value) }) {
			continue
		}
		if _, known := first[e.value]; !known {
			first[e.value] = fmt.Sprint(e.value, " ", i)
		}
	}
	var all []string
	for _, hit := range first {
		all = append(all, hit)
	}
	slices.Sort(all)
	return all
}

func oracleSet(t *rapid.T, entries []entry) *indicator.Set {
	year := func(n int) time.Time {
		if n == 0 {
			return time.Time{}
		}
		return time.Date(n, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	b := indicator.NewBuilder(len(entries))
	b.AddSource(indicator.Source{})
	var p indicator.Parser
	for i, e := range entries {
		v, err := p.Parse([]byte(e.value))
		if err != nil || v.String() != e.value {
			t.Fatalf("%s: %v %v", e.value, v, err)
		}
		ref, err := b.Detail(&indicator.Detail{Title: fmt.Sprint(i), From: year(e.from), Until: year(e.until)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Add(v, i+1, ref); err != nil {
			t.Fatal(err)
		}
	}
	set, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// oracleEvent puts the words into fields, some of them together, some with escapes that need not be.
func oracleEvent(t *rapid.T, words []string, year int) *event.Event {
	var b strings.Builder
	b.WriteString(`{"first":"`)
	for i, w := range words {
		escape := rapid.IntRange(0, 9).Draw(t, "escape")
		for j, c := range []byte(w) {
			if escape == 0 && j == len(w)/2 {
				fmt.Fprintf(&b, `\u%04x`, c)
			} else {
				b.WriteByte(c)
			}
		}
		b.WriteString(rapid.SampledFrom([]string{" ", `\n`, `\"`, "<", ` \\ `, fmt.Sprintf(`","f%d":"`, i)}).Draw(t, "separator"))
	}
	b.WriteString(`"}`)
	ev := &event.Event{Fields: []byte(b.String())}
	if year > 0 {
		ev.Time = time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if err := ev.Index.Scan(ev.Fields, jsonl.DefaultLimits()); err != nil {
		t.Fatalf("%s: %v", b.String(), err)
	}
	return ev
}

// TestAddressesReadAsNetipDoes draws text that is nearly an address.
func TestAddressesReadAsNetipDoes(t *testing.T) {
	part := rapid.OneOf(rapid.SampledFrom([]string{":", "::", ".", "0", "00", "1", "255", "256", "ffff", "fffff", "g", "192.0.2.1"}), rapid.StringMatching("[0-9a-f]{1,4}:"))
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(part, 1, 9).Draw(t, "parts"), "")
		var p indicator.Parser
		v, err := p.ParseAs([]byte(text), indicator.Address)
		ip, wrong := netip.ParseAddr(text)
		if wrong != nil {
			if err == nil && v.Kind == indicator.Address && v.Port == 0 {
				t.Fatalf("%s is read as %s", text, v)
			}
			return
		}
		ip = ip.Unmap()
		if err == nil && v.String() != ip.String() || err != nil && strings.Contains(err.Error(), "not an IP") {
			t.Fatalf("%s is read as %s, want %s: %v", text, v, ip, err)
		}
	})
}
