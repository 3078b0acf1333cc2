package collect_test

import (
	"fmt"
	"slices"
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
