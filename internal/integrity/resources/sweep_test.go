package resources_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/integrity/resources"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
)

// begun is a reference server with the first resources, which a keeper has seen.
func begun(t *testing.T, set func(*reference)) (*hospital, *reference, *resources.Source, *resources.Keeper) {
	t.Helper()
	r := newReference(t)
	if set != nil {
		set(r)
	}
	h := &hospital{t, r, "", ""}
	h.begin()
	src, k := source(t, r.address(), ""), keeper(t)
	sweep(t, k, src)
	return h, r, src, k
}

func one(t *testing.T, c *caught, want string) resources.Change {
	t.Helper()
	if lines := c.lines(""); len(lines) != 1 || lines[0] != want {
		t.Fatalf("told %q, want %q; %q", lines, want, c.reasons())
	}
	return c.changes[0]
}

// TestYoungChangesArePending until other systems can have heard of them.
func TestYoungChangesArePending(t *testing.T) {
	h, r, src, k := begun(t, nil)
	r.skew = time.Hour
	h.result("a", "4.60", "amended")
	if c := one(t, sweep(t, k, src), "Observation/a: amended, explained (value: 4.1 → 4.6, status: final → corrected)"); c.Outcome != resources.Pending {
		t.Error(c.Outcome)
	}
	h.result("c", "5.1", "amended")
	r.skew = 2 * time.Hour
	if c := one(t, sweep(t, k, src), "Observation/c: amended, explained (value: 5 → 5.1, status: final → corrected)"); c.Outcome != resources.Explained {
		t.Error(c.Outcome)
	}
	if c := one(t, func() *caught {
		r.skew = 0
		h.result("d", "1", "final")
		r.skew = 3 * time.Hour
		return sweep(t, k, src)
	}(), "Observation/d: slipped in, mismatch"); c.Patient != "M-p1" || c.Authority != "1.2.3" {
		t.Errorf("of patient %q of %q", c.Patient, c.Authority)
	}
}

// TestAPlantedDifferenceIsFound, told as planted, and gone then; what really changed is told beside it.
func TestAPlantedDifferenceIsFound(t *testing.T) {
	for _, history := range []string{"type", "instance", "none"} {
		t.Run(history, func(t *testing.T) {
			h, _, src, k := begun(t, func(r *reference) { r.history = history })
			before := sweep(t, k, src).reports["Observation"].After
			for range 20 { // wherever the dice fall
				planted, err := k.Plant(t.Context(), src, "Observation")
				if err != nil || !planted {
					t.Fatal(planted, err)
				}
				if again, err := k.Plant(t.Context(), src, "Observation"); again || err != nil {
					t.Fatal("planted twice", err)
				}
				since, waits, err := k.Planted(t.Context(), src, "Observation")
				if err != nil || !waits || time.Since(since) > time.Minute {
					t.Fatal(since, waits, err)
				}
				c := sweep(t, k, src)
				r := c.reports["Observation"]
				if len(c.changes) != 1 || !c.changes[0].Planted.Equal(since) || c.changes[0].Outcome != resources.Mismatch || len(r.Planted) != 1 || r.Planted[0].Found.IsZero() {
					t.Fatalf("%v %+v", c.lines(""), r.Planted)
				}
				if r.Outcomes[resources.Mismatch] != 0 || r.Before != before || r.After != before {
					t.Fatalf("it counts as real: %+v", r)
				}
				if c := sweep(t, k, src); len(c.changes) != 0 {
					t.Fatalf("the truth did not come back: %v", c.lines(""))
				}
			}
			if _, err := k.Plant(t.Context(), src, "Observation"); err != nil {
				t.Fatal(err)
			}
			for id, value := range map[string]string{"a": "4.10", "b": "4.2", "c": "5.0"} {
				h.rewrite(h, "Observation", id, map[string]int{"a": 1, "b": 3, "c": 1}[id], value, "9.9")
			}
			c := sweep(t, k, src)
			real, pretended := 0, 0
			for _, ch := range c.changes {
				if ch.Planted.IsZero() {
					real++
					if !slices.ContainsFunc(ch.Fields, func(f resources.Field) bool { return f.Name == "value" && f.After == "9.9" && f.Before != "9.9" }) {
						t.Errorf("%+v", ch.Fields)
					}
				} else {
					pretended++
				}
			}
			if real != 3 || pretended != 1 {
				t.Errorf("%d real, %d planted", real, pretended)
			}
		})
	}
}

// TestAPlantedDifferenceIsOvertaken where the server tells the present alone, and that has changed.
func TestAPlantedDifferenceIsOvertaken(t *testing.T) {
	h, _, src, k := begun(t, func(r *reference) { r.history = "none" })
	if planted, err := k.Plant(t.Context(), src, "Observation"); err != nil || !planted {
		t.Fatal(err)
	}
	for _, id := range []string{"a", "b", "c"} {
		h.result(id, "6.0", "amended")
	}
	c := sweep(t, k, src)
	if p := c.reports["Observation"].Planted; len(p) != 1 || !p[0].Overtaken || !p[0].Found.IsZero() {
		t.Errorf("%+v", p)
	}
	if len(c.changes) != 3 || c.reports["Observation"].Outcomes[resources.Mismatch] != 0 {
		t.Errorf("%v", c.lines(""))
	}
}

// TestAPlantedDifferenceWaits while only what is new is read, and is found by the sweep.
func TestAPlantedDifferenceWaits(t *testing.T) {
	r := newReference(t)
	h := &hospital{t, r, "", ""}
	r.skew = -3 * time.Hour
	h.begin()
	src, k := source(t, r.address(), ""), keeper(t)
	sweep(t, k, src)
	r.skew = 0
	src = source(t, r.address(), "") // its clock was set
	sweep(t, k, src)
	if planted, err := k.Plant(t.Context(), src, "Observation"); err != nil || !planted {
		t.Fatal(err)
	}
	for _, id := range []string{"a", "b", "c"} {
		h.result(id, "6.0", "amended")
	}
	c := &caught{}
	rep, err := k.Since(t.Context(), src, "Observation", c.emit)
	if err != nil || rep.Versions != 3 || len(rep.Planted) > 0 || len(c.changes) != 3 || rep.Outcomes[resources.Mismatch] > 0 {
		t.Fatalf("%d versions, %+v, %v %v", rep.Versions, rep.Planted, c.lines(""), err)
	}
	if rep, err = k.Sweep(t.Context(), src, "Observation", c.emit); err != nil || len(rep.Planted) != 1 || rep.Planted[0].Found.IsZero() || rep.Outcomes[resources.Mismatch] > 0 {
		t.Errorf("%+v %v %v", rep.Planted, c.lines(""), err)
	}
}

// TestWhatIsNewIsReadBetweenSweeps so that it is known before somebody rewrites it.
func TestWhatIsNewIsReadBetweenSweeps(t *testing.T) {
	for _, history := range []string{"type", "system", "instance", "versions", "none"} {
		t.Run(history, func(t *testing.T) {
			h, _, src, k := begun(t, func(r *reference) { r.history = history })
			if planted, err := k.Plant(t.Context(), src, "Observation"); err != nil || !planted {
				t.Fatal(err)
			}
			h.result("a", "4.60", "amended")
			h.result("d", "1.0", "final")
			c := &caught{}
			if _, err := k.Since(t.Context(), src, "Observation", c.emit); err != nil {
				t.Fatal(err)
			}
			c.changes = slices.DeleteFunc(c.changes, func(ch resources.Change) bool { return !ch.Planted.IsZero() })
			if got := strings.Join(c.lines(""), "; "); got != "Observation/a: amended, explained (value: 4.1 → 4.6, status: final → corrected); Observation/d: new, explained" {
				t.Fatal(got)
			}
			h.rewrite(h, "Observation", "a", 2, "4.60", "4.10")
			c = sweep(t, k, src)
			c.changes = slices.DeleteFunc(c.changes, func(ch resources.Change) bool { return !ch.Planted.IsZero() })
			one(t, c, "Observation/a: changed without version, mismatch (value: 4.6 → 4.1)")
		})
	}
}

// TestAVersionIsAskedFor on a server that gives versions and no history.
func TestAVersionIsAskedFor(t *testing.T) {
	h, _, src, k := begun(t, func(r *reference) { r.history = "versions" })
	h.result("a", "4.60", "amended")
	sweep(t, k, src)
	h.rewrite(h, "Observation", "a", 1, "4.10", "4.60")
	one(t, sweep(t, k, src), "Observation/a: history rewritten, mismatch (value: 4.1 → 4.6)")
	h.forget(h, "Observation", "a", 1)
	one(t, sweep(t, k, src), "Observation/a: history shorter, mismatch (status: final → corrected)")
}

// TestASampleFinds what a sweep would, and a look does.
func TestASampleFinds(t *testing.T) {
	h, r, src, k := begun(t, nil)
	h.rewrite(h, "Observation", "b", 2, "4.0", "4.2")
	c := &caught{}
	before := len(r.requests)
	if _, err := k.Look(t.Context(), src, "Observation", []string{"a"}, c.emit); err != nil {
		t.Fatal(err)
	}
	one(t, c, "Observation/a: same, match")
	c = &caught{}
	if asked := len(r.requests) - before; asked > 3 {
		t.Errorf("%d requests to look at one", asked)
	}
	if rep, err := k.Sample(t.Context(), src, "Observation", 1000, c.emit); err != nil || rep.Asked != 3 {
		t.Fatal(err, rep.Asked)
	}
	one(t, c, "Observation/b: history rewritten, mismatch (value: 4 → 4.2)")
	if shares, err := k.Shares(t.Context(), src, 4); err != nil || !slices.Equal(shares, []int{2, 2}) {
		t.Errorf("%v %v", shares, err)
	}
	h.vanish(h, "Observation", "c")
	c = &caught{}
	rep, err := k.Look(t.Context(), src, "Observation", []string{"c", "unheard-of"}, c.emit)
	if err != nil || len(rep.Signs) != 1 || rep.Signs[0].Text != "The server counts 1 resources fewer than are known: sweep the type." {
		t.Fatal(err, rep.Signs)
	}
	one(t, c, "Observation/c: gone, mismatch")
	if _, err := k.Look(t.Context(), src, "Observation", []string{"../Patient/p1"}, c.emit); err == nil {
		t.Error("what is no id was asked for")
	}
}

// TestAPageThatIsLostFalsifiesNothing: what pages leave out is asked for before it is missed.
func TestAPageThatIsLostFalsifiesNothing(t *testing.T) {
	for _, history := range []string{"type", "none"} {
		_, r, src, k := begun(t, func(r *reference) { r.history = history })
		r.skip = "c"
		c := sweep(t, k, src)
		if len(c.changes) > 0 || c.reports["Observation"].Confirmed != 1 {
			t.Errorf("%s: %v, %d asked once more", history, c.lines(""), c.reports["Observation"].Confirmed)
		}
	}
}

// TestOneThatCannotBeHad keeps nobody from looking at the others, and is told of by what else is known.
func TestOneThatCannotBeHad(t *testing.T) {
	for _, history := range []string{"type", "instance"} {
		h, r, src, k := begun(t, func(r *reference) { r.history = history })
		h.rewrite(h, "Observation", "b", 3, "4.2", "2.4")
		h.rewrite(h, "Observation", "c", 1, "5.0", "0.5")
		r.wrong = func(w http.ResponseWriter, req *http.Request) bool {
			if !strings.HasPrefix(req.URL.Path, "/fhir/Observation/b") {
				return false
			}
			http.Error(w, "", http.StatusInternalServerError)
			return true
		}
		want := "Observation/b: changed without version, mismatch (value: 4.2 → 2.4); Observation/c: changed without version, mismatch (value: 5 → 0.5)"
		c := sweep(t, k, src)
		if got := strings.Join(c.lines(""), "; "); got != want || !slices.Contains(c.reasons(), "Asked for by itself, the server answers 500.") {
			t.Errorf("%s: %s %q", history, got, c.reasons())
		}
	}
}

// TestCountsAreHeld against what is shown.
func TestCountsAreHeld(t *testing.T) {
	r := newReference(t)
	(&hospital{t, r, "", ""}).begin()
	total := 0
	r.wrong = func(w http.ResponseWriter, req *http.Request) bool {
		if req.URL.Query().Get("_summary") != "count" || req.URL.Path != "/fhir/Observation" {
			return false
		}
		if total < 0 {
			http.Error(w, "", http.StatusBadRequest)
			return true
		}
		fmt.Fprintf(w, `{"resourceType":"Bundle","total":%d}`, total)
		return true
	}
	for n, want := range map[int]string{
		3:  "",
		9:  "The server counts 9 resources and shows 3: the account may not see all, or its index is wrong.",
		1:  "The server shows 3 resources and counts 1: some are not found by searches.",
		-1: "",
	} {
		total = n
		if got := sweep(t, keeper(t), source(t, r.address(), "")).signs(); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
}

// TestAServerThatWasMoved numbers everything anew: that is said once, and only what says something else is told.
func TestAServerThatWasMoved(t *testing.T) {
	r := newReference(t)
	h := &hospital{t, r, "", ""}
	for i := range 40 {
		h.result(fmt.Sprintf("r%d", i), "4.1", "preliminary")
		h.result(fmt.Sprintf("r%d", i), "4.2", "final")
	}
	src, k := source(t, r.address(), ""), keeper(t)
	sweep(t, k, src)
	r.types, r.order = map[string]map[string][]told{}, nil
	for i := range 40 {
		value := "4.2"
		if i == 7 {
			value = "2.4"
		}
		h.result(fmt.Sprintf("r%d", i), value, "final")
	}
	c := sweep(t, k, src)
	if !strings.HasPrefix(c.signs(), "The versions of most resources begin anew") {
		t.Error(c.signs())
	}
	if lines := c.lines(""); len(lines) != 1 || !strings.Contains(lines[0], "mismatch (value: 4.2 → 2.4") {
		t.Errorf("%v", lines)
	}
	if c := sweep(t, k, src); len(c.changes) > 0 || c.signs() != "" {
		t.Errorf("again: %v %v", c.lines(""), c.signs())
	}
}

// TestAServerThatTellsLess than before is told of, once.
func TestAServerThatTellsLess(t *testing.T) {
	_, r, _, k := begun(t, nil)
	r.history = "none"
	src := source(t, r.address(), "")
	c := &caught{}
	rep, err := k.Since(t.Context(), src, "Observation", c.emit)
	if err != nil || len(rep.Signs) != 3 || rep.Signs[0].Text != "The server tells less of Observation than before: its history was told by type and is by none." {
		t.Errorf("%+v %v", rep.Signs, err)
	}
	if rep, err := k.Sweep(t.Context(), src, "Observation", c.emit); err != nil || len(rep.Signs) > 0 || len(c.changes) > 0 {
		t.Errorf("%+v %v %v", rep.Signs, c.lines(""), err)
	}
}

// TestAVersionFromBefore the last sweep, which did not find it, was slipped in, though it is later than the one before it; one of about the time of the sweep was not.
func TestAVersionFromBefore(t *testing.T) {
	r := newReference(t)
	h := &hospital{t, r, "", ""}
	r.skew = -3 * time.Hour
	h.begin()
	r.skew = 0
	src, k := source(t, r.address(), ""), keeper(t)
	sweep(t, k, src)
	h.result("a", "4.60", "corrected")
	h.date(h, "Observation", "a", 2, time.Now().Add(-time.Hour))
	h.result("c", "5.1", "corrected")
	h.date(h, "Observation", "c", 2, time.Now().Add(-time.Minute))
	want := "Observation/a: slipped in, mismatch (value: 4.1 → 4.6, status: final → corrected); Observation/c: amended, explained (value: 5 → 5.1, status: final → corrected)"
	if c := sweep(t, k, src); strings.Join(c.lines(""), "; ") != want {
		t.Errorf("%v %q", c.lines(""), c.reasons())
	}
}

// TestHoles in what a server numbers one after the other are told where they are new, but for one behind a deletion; those that were there at first are counted once.
func TestHoles(t *testing.T) {
	r := newReference(t)
	h := &hospital{t, r, "", ""}
	h.begin()
	for i := range 110 {
		h.result(fmt.Sprintf("r%d", i), "4.1", "preliminary")
	}
	h.forget(h, "Observation", "b", 2)
	src, k := source(t, r.address(), "page: 50"), keeper(t)
	first := sweep(t, k, src)
	if want := "Of 113 resources whose history was read, 1 have holes in it: what was there before this first sweep nobody can say."; first.signs() != want {
		t.Fatal(first.signs())
	}
	h.result("b", "4.3", "corrected") // follows its last one
	h.result("a", "4.5", "corrected")
	h.result("a", "4.6", "corrected")
	h.forget(h, "Observation", "a", 2)
	h.del(h, "Observation", "c")
	h.result("c", "5.1", "final")
	h.result("c", "5.2", "final")
	h.forget(h, "Observation", "c", 3)
	h.result("d", "1.0", "preliminary")
	h.result("d", "1.1", "final")
	h.forget(h, "Observation", "d", 1)
	want := "Observation/a: history shorter, mismatch (value: 4.1 → 4.6, status: final → corrected); Observation/b: amended, explained (value: 4.2 → 4.3); " +
		"Observation/c: returned, explained (value: 5 → 5.2); Observation/d: history shorter, mismatch"
	if c := sweep(t, k, src); strings.Join(c.lines(""), "; ") != want {
		t.Errorf("%v %q", c.lines(""), c.reasons())
	}
}

// TestAVersionThatAppears in the past of a resource was slipped in, and so was one from the future.
func TestAVersionThatAppears(t *testing.T) {
	r := newReference(t)
	h := &hospital{t, r, "", ""}
	h.begin()
	var second told
	r.change(h, "Observation", "b", func(list []told) []told {
		second = list[1]
		return slices.Delete(slices.Clone(list), 1, 2)
	})
	src, k := source(t, r.address(), ""), keeper(t)
	sweep(t, k, src)
	r.change(h, "Observation", "b", func(list []told) []told { return slices.Insert(slices.Clone(list), 1, second) })
	if c := one(t, sweep(t, k, src), "Observation/b: slipped in, mismatch"); c.Reasons[0] != "Version 2 was not in its history before, and is older than what was." {
		t.Error(c.Reasons)
	}
	h.result("d", "4.4", "final")
	h.date(h, "Observation", "d", 1, time.Now().Add(2*time.Hour))
	if c := one(t, sweep(t, k, src), "Observation/d: slipped in, mismatch"); c.Reasons[1] != "It is dated in the future." {
		t.Error(c.Reasons)
	}
}

// TestLabels that say who may see a resource are not changed in passing.
func TestLabels(t *testing.T) {
	r := newReference(t)
	h := &hospital{t, r, "", ""}
	body := `{"meta":{"security":[{"system":"s","code":"R"}],"tag":[{"system":"s","code":"x"}]},"birthDate":"1961-04-05"}`
	h.put(h, "Patient", "p", body)
	h.put(h, "Patient", "q", body)
	src, k := source(t, r.address(), ""), keeper(t)
	sweep(t, k, src)
	h.rewrite(h, "Patient", "q", 1, `"code":"x"`, `"code":"y"`)
	if c := one(t, sweep(t, k, src), `Patient/q: labels changed, explained (labels: {"security":[{"code":"R","system":"s"}],"tag":[{"code":"x","system":"s"}]} → {"security":[{"code":"R","system":"s"}],"tag":[{"code":"y","system":"s"}]})`); c.Outcome != resources.Explained {
		t.Error(c.Outcome)
	}
	h.rewrite(h, "Patient", "p", 1, `"code":"R"`, `"code":"N"`)
	if c := sweep(t, k, src); len(c.changes) != 1 || c.changes[0].Act != resources.Labelled || c.changes[0].Outcome != resources.Mismatch {
		t.Errorf("%v", c.lines(""))
	}
}

// TestAServerWithoutVersionsAndTimes can be told apart from nothing, so that what changes there is never a mismatch by itself; a final result is.
func TestAServerWithoutVersionsAndTimes(t *testing.T) {
	h, _, src, k := begun(t, func(r *reference) { r.history, r.bare = "none", true })
	h.patient("p2", `,"birthDate":"1985-01-13"`)
	h.result("a", "6.8", "final")
	if got := strings.Join(sweep(t, k, src).lines(""), "; "); !strings.HasPrefix(got, "Observation/a: changed without correction, mismatch (value: 4.1 → 6.8); Patient/p2: amended, explained") {
		t.Error(got)
	}
	if c := sweep(t, k, src); len(c.changes) > 0 {
		t.Error(c.lines(""))
	}
}

// TestReportsAndComponents that are final are no more to be changed in passing than single values.
func TestReportsAndComponents(t *testing.T) {
	r := newReference(t)
	h := &hospital{t, r, "", ""}
	pressure := `{"status":"final","code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},"subject":{"reference":"Patient/p1"},"component":[
		{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":120,"unit":"mmHg"}},
		{"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":80,"unit":"mmHg"}}]}`
	report := `{"status":"STATUS","code":{"text":"Histology"},"subject":{"reference":"Patient/p1"},"conclusion":"TEXT"}`
	as := func(status, text string) string {
		return strings.NewReplacer("STATUS", status, "TEXT", text).Replace(report)
	}
	h.put(h, "Observation", "bp", pressure)
	h.put(h, "DiagnosticReport", "h1", as("final", "benign"))
	h.put(h, "DiagnosticReport", "h2", as("final", "benign"))
	d, err := resources.Parse([]byte("system: R\nbase: " + r.address() + "\nrate: 9999\ntypes: [{type: Observation}, {type: DiagnosticReport}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	src, err := resources.Connect(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	k := keeper(t)
	sweep(t, k, src)
	h.put(h, "Observation", "bp", strings.Replace(pressure, "120", "220", 1))
	h.put(h, "DiagnosticReport", "h1", as("final", "malignant"))
	h.put(h, "DiagnosticReport", "h2", as("amended", "malignant"))
	want := "DiagnosticReport/h1: changed without correction, mismatch (conclusion: benign → malignant); " +
		"DiagnosticReport/h2: amended, explained (conclusion: benign → malignant, status: final → amended); " +
		"Observation/bp: changed without correction, mismatch (8480-6 value: 120 → 220)"
	if got := strings.Join(sweep(t, k, src).lines(""), "; "); got != want {
		t.Error(got)
	}
}

// TestWhatWasNotTakenIsToldAgain: until its emit has succeeded nothing counts as known.
func TestWhatWasNotTakenIsToldAgain(t *testing.T) {
	h, _, src, k := begun(t, nil)
	h.rewrite(h, "Observation", "a", 1, "4.10", "2.10")
	full := errors.New("the disk is full")
	if _, err := k.Sweep(t.Context(), src, "Observation", func(context.Context, []resources.Change) error { return full }); !errors.Is(err, full) {
		t.Fatal(err)
	}
	one(t, sweep(t, k, src), "Observation/a: changed without version, mismatch (value: 4.1 → 2.1)")
}

// TestATypeThatGrows is cut into more chunks, and nothing of it is lost, in both databases.
func TestATypeThatGrows(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		r := newReference(t)
		h := &hospital{t, r, "", ""}
		h.begin()
		d, err := resources.Parse([]byte("system: R\nbase: " + r.address() + "\nrate: 9999\npage: 2000\ntypes: [{type: Observation}]\n"))
		if err != nil {
			t.Fatal(err)
		}
		src, err := resources.Connect(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		k := keeperIn(t, open())
		sweep(t, k, src)
		for i := range 4500 {
			h.result(fmt.Sprintf("g%d", i), "4.4", "final")
		}
		h.rewrite(h, "Observation", "b", 2, "4.0", "4.2")
		c := sweep(t, k, src)
		if rep := c.reports["Observation"]; rep.Known != 4503 || rep.Acts[resources.New] != 4500 || rep.Acts[resources.Rewritten] != 1 {
			t.Fatalf("%+v", rep)
		}
		h.rewrite(h, "Observation", "g4321", 1, "4.4", "4.5")
		one(t, sweep(t, k, src), "Observation/g4321: changed without version, mismatch (value: 4.4 → 4.5)")
	})
}

// TestNothingStandsInClear in the state database or beside it.
func TestNothingStandsInClear(t *testing.T) {
	r := newReference(t)
	h := &hospital{t, r, "", ""}
	h.begin()
	dir := t.TempDir()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	src, k := source(t, r.address(), ""), keeperIn(t, db)
	sweep(t, k, src)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"Potassium", "1961-04-05", "2823-3"} {
			if strings.Contains(string(content), word) {
				t.Errorf("%s stands in %s", word, filepath.Base(name))
			}
		}
	}
	for _, req := range r.requests {
		if !strings.HasPrefix(req, "GET ") {
			t.Errorf("asked with %s", req)
		}
	}
}
