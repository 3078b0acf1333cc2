package row_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/integrity/row"
)

func TestCompare(t *testing.T) {
	result := row.Row{Sort: "result", Version: "1", Updated: "08:00", By: "lab12", Cells: map[string]string{"VALUE": "212", "UNIT": "ug/mL"}}
	with := func(change func(*row.Row)) row.Row {
		r := result
		r.Cells = map[string]string{"VALUE": "212", "UNIT": "ug/mL"}
		change(&r)
		return r
	}
	lowered := []row.Change{{Column: "VALUE", Before: "212", After: "21"}}
	for _, c := range []struct {
		name    string
		before  row.Row
		now     row.Row
		want    row.Kind
		changes []row.Change
	}{
		{"the same", result, result, "", nil},
		{"read again by somebody else", result, with(func(r *row.Row) { r.By = "x" }), "", nil},
		{"another value, and nothing says so", result, with(func(r *row.Row) { r.Cells["VALUE"] = "21" }), row.Unversioned, lowered},
		{"another value at another time, of the same version", result, with(func(r *row.Row) { r.Cells["VALUE"], r.Updated = "21", "09:00" }), row.Unversioned, lowered},
		{"an amendment", result, with(func(r *row.Row) { r.Cells["VALUE"], r.Version, r.Updated = "21", "2", "09:00" }), "", lowered},
		{"an old state put back", with(func(r *row.Row) { r.Version = "10" }), with(func(r *row.Row) { r.Cells["VALUE"], r.Version = "21", "9" }), row.Older, lowered},
		{"a table without versions", with(func(r *row.Row) { r.Version = "" }), with(func(r *row.Row) { r.Cells["VALUE"], r.Version, r.Updated = "21", "", "09:00" }), "", lowered},
		{"a table without versions, at the same time", with(func(r *row.Row) { r.Version = "" }), with(func(r *row.Row) { r.Cells["VALUE"], r.Version = "21", "" }), row.Unversioned, lowered},
		{"a column that an update of the program added", result, with(func(r *row.Row) { r.Cells["NEW"] = "" }), "", nil},
		{"what all patients share", with(func(r *row.Row) { r.Sort = row.Master }), with(func(r *row.Row) { r.Sort, r.Cells["VALUE"], r.Version = row.Master, "21", "2" }), row.Shared, lowered},
		{"more of them", row.Row{Sort: row.Count, Count: "3", Cells: map[string]string{"COUNT": "3"}}, row.Row{Sort: row.Count, Count: "4", Cells: map[string]string{"COUNT": "4"}}, "", []row.Change{{Column: "COUNT", Before: "3", After: "4"}}},
		{"fewer of them", row.Row{Sort: row.Count, Count: "10", Cells: map[string]string{"COUNT": "10"}}, row.Row{Sort: row.Count, Count: "9", Cells: map[string]string{"COUNT": "9"}}, row.Fewer, []row.Change{{Column: "COUNT", Before: "10", After: "9"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			wrong, changes, keep := row.Compare(row.Seal{Row: c.before, First: "m1"}, c.now, "m2")
			if wrong != c.want {
				t.Errorf("got %q, want %q", wrong, c.want)
			}
			if diff := cmp.Diff(changes, c.changes); diff != "" {
				t.Errorf("changes (-got +want):\n%s", diff)
			}
			if again, _, _ := row.Compare(keep, c.now, "m3"); again != "" {
				t.Errorf("the next time it is %q", again)
			}
		})
	}
}
