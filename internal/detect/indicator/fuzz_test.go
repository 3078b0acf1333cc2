package indicator_test

import (
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/detect/indicator"
	"github.com/wardline/wardline/internal/event"
)

// FuzzMatch asks about any text, as one field of an event.
func FuzzMatch(f *testing.F) {
	set := setOf(f, indicator.Detail{}, "example.org", "a.b.example.net", "192.0.2.1", "192.0.2.0/25", "2001:db8::/32", "2001:db8::1",
		"http://example.org/a", "http://example.org/*", "a@example.org", md5Hex, sha1Hex, sha256Hex)
	f.Add(`see http:\/\/a@example.org:80/a, \\\\example.org\\x \n192.0.2.1:1 2001:db8::1%1 <a@example.org> `+md5Hex, "host")
	f.Add(strings.Repeat("http://", 40)+strings.Repeat("..", 50)+strings.Repeat(":", 50)+strings.Repeat("f", 129)+strings.Repeat("@.", 9), "uri")
	f.Fuzz(func(t *testing.T, raw, name string) {
		ev := &event.Event{Fields: []byte(`{"host":"example.org",` + string(jsonl.AppendString(nil, name)) + `:["` + raw + `"],"uri":"` + raw + `"}`)}
		if ev.Index.Scan(ev.Fields, jsonl.DefaultLimits()) != nil {
			return
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		hits := set.Match(ev, nil)
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		if took > time.Second+time.Duration(len(raw))*10*time.Microsecond {
			t.Errorf("%v for %d bytes", took, len(raw))
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > uint64(1<<20+64*len(ev.Fields)) {
			t.Errorf("%d bytes allocated for %d", got, len(ev.Fields))
		}
		seen := map[string]bool{}
		for _, h := range hits {
			if seen[h.Value] || h.Value == "" || h.Line == 0 || !utf8.ValidString(h.Value) {
				t.Errorf("got %+v", h)
			}
			seen[h.Value] = true
		}
	})
}

// FuzzParse reads any value: its normal form is that of itself.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"hxxps://a[.]example:443/b/*", "[2001:db8::1]:80", "192.0.2.1/24", "example.org|80", "A@Example.org", "//example.org", md5Hex, "x/y"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var p, again indicator.Parser
		v, err := p.Parse(text)
		if err != nil {
			if len(text) > 20 && strings.Contains(err.Error(), string(text)) {
				t.Error("an error quotes the value")
			}
			return
		}
		same, err := again.Parse([]byte(v.String()))
		if err != nil || same.Kind != v.Kind || same.String() != v.String() {
			t.Errorf("%q becomes %s, and that %s: %v", text, v, same, err)
		}
	})
}
