package index_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/index"
)

// What looks like a number in a few ways.
var numbers = []string{
	"0", "-0", "00", "-00", "007", "1", "-1", "+1", "1.5", "1.50", "-1.50", "-01.50", "+1.50", "++1.50", "1.10", "2.0", "0.5", "-0.5", "-0.50", "-00.50",
	"26.744980", "-26.744980", "9.206500", "1_000", "-1_0.5", "1_0.0_5", "_", "-", "-_", "-.", "--1.50", "1.", ".5", "1..5", "1.5.2", "1e5", "0x10", "18446744073709551615",
	"18446744073709551616", "-9223372036854775808", "9007199254740993.0", "0.1234567890123456789", "12345678901234567.5",
	"10.0.0.1", "010.000.00.01", "10.0.0.256", "1.2.840.10008", "10.0.0.1:80", "2026-03-14T12:00:00.000Z", "2026-02-30T12:00:00.000Z",
	"2026-03-14T25:00:00.000Z", "2026-03-14T12:00:60.000Z", "2026-03-14", "12:30", "5ms", "10KB", "+49 30 1234", "-x", "+",
}

func TestKeptValuesComeBack(t *testing.T) {
	seen := map[string]string{}
	for _, v := range numbers {
		s := index.Keep(v)
		if got := index.Kept(s); got != v {
			t.Errorf("%s is kept as %s and comes back as %s", v, s, got)
		}
		if other, twice := seen[s]; twice {
			t.Errorf("%s and %s are kept as %s", v, other, s)
		}
		seen[s] = v
	}
	for v, want := range map[string]string{"1.5": "1.5", "1.50": "+1.50", "-1.50": "-01.50", "+1.50": "++1.50", "10.0.0.1": "10.0.0.1", "42": "42"} {
		if got := index.Keep(v); got != want {
			t.Errorf("%s is kept as %s, want %s", v, got, want)
		}
	}
}

func FuzzKeep(f *testing.F) {
	for _, v := range numbers {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v string) {
		if got := index.Kept(index.Keep(v)); got != v {
			t.Errorf("%q comes back as %q", v, got)
		}
	})
}

// The real process gives back every number as it was written, whatever else lies beside it, and finds it.
func TestNumbersComeBackAsTheyWere(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	decimals := func(n int) (list []string) {
		for range n {
			sign := []string{"", "", "-"}[r.IntN(3)]
			list = append(list, sign+strconv.FormatFloat(r.Float64()*float64(int(1)<<r.IntN(40)), 'f', r.IntN(9), 64))
		}
		return list
	}
	l := newLog()
	// Each source is a stream of its own, and so a block of its own.
	kinds := [][]string{numbers, decimals(2000), slices.DeleteFunc(slices.Clone(numbers), func(v string) bool {
		_, err := strconv.ParseFloat(strings.ReplaceAll(v, "_", ""), 64)
		return err != nil
	})}
	for _, alike := range []string{"1_000 1_0 1 2 3 4 5 6 7 8", "-0 -1 -2 -3 0 1 2 3 4 5 6", "010.0.0.1 10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.7 10.0.0.8",
		"2026-02-30T12:00:00.000Z 2026-02-28T12:00:00.000Z 2026-02-27T12:00:00.000Z 2026-02-26T12:00:00.000Z 2026-02-25T12:00:00.000Z 2026-02-24T12:00:00.000Z 2026-02-23T12:00:00.000Z 2026-02-22T12:00:00.000Z 2026-02-21T12:00:00.000Z",
		"_ 1 2 3 4 5 6 7 8 9", "-_ -1 -2 -3 -4 -5 -6 -7 -8 -9", "1.10 1.1 1.2 1.3 1.4 1.5 1.6 1.7 1.8 1.9 1.11"} {
		kinds = append(kinds, strings.Fields(alike))
	}
	for k, values := range kinds {
		var records []record
		for i, v := range values {
			records = append(records, record{time: noon.Add(time.Duration(i) * time.Second), source: fmt.Sprint("source-", k), fields: fmt.Sprintf(`{"v":%q}`, v)})
		}
		l.add(records...)
	}
	x := run(t, config(t), l)
	x.through(l)
	for k, values := range kinds {
		source := index.Field{Name: "@source", Op: index.Is, Value: fmt.Sprint("source-", k)}
		var got []string
		_, err := x.Search(context.Background(), index.Query{Fields: []index.Field{source}, Oldest: true, Limit: 5000}, func(h index.Hit) error {
			var fields struct{ V string }
			err := json.Unmarshal(h.Fields, &fields)
			got = append(got, fields.V)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got, values); diff != "" {
			t.Errorf("source %d: got, want:\n%s", k, diff)
		}
		for i, v := range values {
			if i > 60 {
				break
			}
			want := uint64(0)
			for _, other := range values {
				if other == v {
					want++
				}
			}
			q := index.Query{Fields: []index.Field{source, {Name: "v", Op: index.Is, Value: v}}}
			if n, _, _, err := x.Count(context.Background(), q); err != nil || n != want {
				t.Errorf("source %d: %s is found %d times, want %d, %v", k, v, n, want, err)
			}
			q.Fields[1].Op = index.Begins
			if n, _, _, err := x.Count(context.Background(), q); err != nil || n < want {
				t.Errorf("source %d: what begins with %s is found %d times, %v", k, v, n, err)
			}
		}
	}
	// Ranges of numbers hold marked values, too.
	want := uint64(0)
	for _, v := range kinds[1] {
		if f, _ := strconv.ParseFloat(v, 64); f > -1000 && f <= 1000 {
			want++
		}
	}
	n, _, _, err := x.Count(context.Background(), index.Query{Fields: []index.Field{
		{Name: "@source", Op: index.Is, Value: "source-1"}, {Name: "v", Op: index.More, Value: "-1000"}, {Name: "v", Op: index.AtMost, Value: "1000"}}})
	if err != nil || n != want {
		t.Errorf("%d numbers of the range, want %d, %v", n, want, err)
	}
}
