package indicator_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wardline/wardline/internal/detect/indicator"
)

// TestEveryEntryIsFound fills shards, buckets and chunks, with entries of all lengths and with numbers
// of three bytes and of four.
func TestEveryEntryIsFound(t *testing.T) {
	for _, start := range []int{1 << 16, 1<<24 - 1000} {
		const n = 20_000
		values := make([]string, n)
		b := indicator.NewBuilder(1 << 30)
		b.AddSource(indicator.Source{})
		b.StartAt(start)
		var p indicator.Parser
		for i := range values {
			switch i % 8 {
			case 0:
				values[i] = fmt.Sprintf("http://example.com/%d/%s", i, strings.Repeat("x", i%2000))
			case 1:
				values[i] = fmt.Sprintf("%d.%s.example", i, strings.Repeat("long.", i%48))
			case 2:
				values[i] = fmt.Sprintf("%064x", i)
			default:
				values[i] = fmt.Sprintf("n%d.example", i)
			}
			values[i] = strings.ReplaceAll(values[i], "..", ".")
			v, err := p.Parse([]byte(values[i]))
			if err != nil {
				t.Fatalf("%s: %v", values[i], err)
			}
			add(t, b, v, i+1, indicator.Detail{Level: [...]string{"low", "high"}[i/100%2]})
		}
		set := build(t, b)
		if set.Len() != n {
			t.Fatalf("%d entries, want %d", set.Len(), n)
		}
		for i, value := range values {
			hits := set.Match(eventFrom(t, `{"a":"`+value+`"}`), nil)
			if len(hits) != 1 || hits[0].Value != value || hits[0].Line != i+1 || hits[0].Level != [...]string{"low", "high"}[i/100%2] {
				t.Fatalf("%.60s: %+v", value, hits)
			}
		}
		for i := range 1000 {
			if hits := set.Match(eventFrom(t, fmt.Sprintf(`{"a":"m%d.example","b":"http://example.com/%d/y","c":"%064x"}`, i, i, n+i)), nil); len(hits) > 0 {
				t.Fatalf("%+v", hits)
			}
		}
	}
}
