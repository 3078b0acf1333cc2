package collect_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
)

func object(t *testing.T, text string) collect.Object {
	t.Helper()
	var x jsonl.Index
	if err := x.Scan([]byte(text), jsonl.DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	return collect.Object{Text: []byte(text), Index: &x}
}

func TestPicker(t *testing.T) {
	obj := object(t, `{"a":1,"b":{"c":"x\\y"},"a":2,"d.e":null}`)
	p := collect.NewPicker("d.e", "b.c", "missing", "a")
	at := make([]int32, 4)
	p.Pick(obj, at)
	if want := []int32{4, 2, -1, 0}; !slices.Equal(at, want) {
		t.Errorf("got %v, want %v", at, want)
	}
	if got := string(obj.JSON(at[1])) + string(obj.Raw(at[1])) + string(obj.String(at[1], nil)); got != `"x\\y"x\\yx\y` {
		t.Error(got)
	}
	if obj.String(at[0], nil) != nil || obj.String(-1, nil) != nil || obj.Raw(-1) != nil {
		t.Error("a value where there is none")
	}
}

// With many paths several fall into one slot.
func TestPickerFindsAllOfMany(t *testing.T) {
	var paths []string
	text := `{"x":0`
	for i := range 64 {
		paths = append(paths, fmt.Sprintf("field%d", i))
		text += fmt.Sprintf(`,"field%d":%d`, i, i)
	}
	at := make([]int32, len(paths))
	collect.NewPicker(paths...).Pick(object(t, text+"}"), at)
	for i, n := range at {
		if int(n) != i+1 {
			t.Errorf("field %d is value %d", i, n)
		}
	}
}

// TestPickerRemembers where paths stood in objects of the same shape: it finds the same as one that looks at each, in objects of a few names in all orders, twice, and nested.
func TestPickerRemembers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	p, other := collect.NewPicker("a", "b.c", "d.e", "missing"), collect.NewPicker("b", "a")
	members := []string{`"a":1`, `"a":{"b":2}`, `"b":{"c":3}`, `"b.c":"x"`, `"d":{"e":[4,5]}`, `"d.e":null`, `"x":{"a":6}`, `"\u0061":7`}
	var seen collect.Seen
	for range 20_000 {
		var chosen []string
		for range r.IntN(4) {
			chosen = append(chosen, members[r.IntN(len(members))])
		}
		obj := object(t, "{"+strings.Join(chosen, ",")+"}")
		for n, x := range map[int]*collect.Picker{4: p, 2: other} {
			at, want := make([]int32, n), make([]int32, n)
			x.Pick(obj, want)
			if x.Pick(obj.After(&seen), at); !slices.Equal(at, want) {
				t.Fatalf("%s: got %v, want %v", obj.Text, at, want)
			}
		}
	}
}

// TestClassesAreRemembered says of events what the taxonomy says, whatever came before.
func TestClassesAreRemembered(t *testing.T) {
	tax, err := loadTaxonomy()
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	var seen collect.Seen
	obj := collect.Object{}.After(&seen)
	for range 20_000 {
		product := []string{"windows", "winlogbeat"}[r.IntN(2)]
		service := []byte([]string{"Security", "Microsoft-Windows-Sysmon/Operational", "System", "", strings.Repeat("long", 100)}[r.IntN(5)])
		code := strconv.AppendInt(nil, []int64{1, 3, 4624, 4688, 7045, 11}[r.IntN(6)], 10)
		if r.IntN(9) == 0 {
			code = nil
		}
		if got, want := obj.ClassOf(tax, product, service, code), tax.ClassOf(product, service, code); got != want {
			t.Fatalf("%s %s %s: class %v, want %v", product, service, code, got.Logsource, want.Logsource)
		}
	}
	if n := seen.Kept(); n > 64*128 {
		t.Errorf("%d bytes of names are kept", n)
	}
}
