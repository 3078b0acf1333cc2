package resources_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/integrity"
	"github.com/wardline/wardline/internal/integrity/resources"
	"github.com/wardline/wardline/internal/integrity/sample"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/vault"
)

// server is a FHIR server whose program can be asked to write, and whose database can be written to behind its back.
type server interface {
	address() string
	put(t testing.TB, typ, id, body string)
	del(t testing.TB, typ, id string)

	rewrite(t testing.TB, typ, id string, version int, from, to string)
	forget(t testing.TB, typ, id string, version int)  // takes one version out of the history
	restore(t testing.TB, typ, id string, version int) // makes an earlier version the present one, as if later ones had never been
	vanish(t testing.TB, typ, id string)
	date(t testing.TB, typ, id string, version int, at time.Time)
}

// hospital is a server with what one story needs, by names that no other story has.
type hospital struct {
	testing.TB
	server
	prefix string
	more   string // of the declaration
}

func (h *hospital) result(id, value, status string) {
	h.Helper()
	h.put(h, "Observation", h.prefix+id, fmt.Sprintf(`{"resourceType":"Observation","id":%q,"status":%q,"identifier":[{"value":"L%s"}],
		"code":{"coding":[{"system":"http://loinc.org","code":"2823-3","display":"Potassium"}]},"subject":{"reference":"Patient/%sp1"},
		"effectiveDateTime":"2026-03-01T09:15:00Z","valueQuantity":{"value":%s,"unit":"mmol/L","system":"http://unitsofmeasure.org","code":"mmol/L"}}`, h.prefix+id, status, id, h.prefix, value))
}

func (h *hospital) patient(id, rest string) {
	h.Helper()
	h.put(h, "Patient", h.prefix+id, fmt.Sprintf(`{"resourceType":"Patient","id":%q,"identifier":[{"system":"urn:oid:1.2.3","value":"M-%s"}]%s}`, h.prefix+id, id, rest))
}

// o is an Observation's id.
func (h *hospital) o(id string) string { return h.prefix + id }

// begin writes what each story begins with: three results and two patients; result b has three versions.
func (h *hospital) begin() {
	h.patient("p1", `,"birthDate":"1961-04-05"`)
	h.patient("p2", `,"birthDate":"1985-01-31"`)
	h.result("a", "4.10", "final")
	h.result("b", "3.9", "preliminary")
	h.result("b", "4.0", "final")
	h.result("b", "4.2", "corrected")
	h.result("c", "5.0", "final")
}

// story is what somebody does between two sweeps.
type story struct {
	do   func(h *hospital)
	want []string
	why  string // a reason of the first change
	// present is what is told of a server that tells no history; want when it is nil. unseen says that nothing is.
	present []string
	unseen  bool
}

func stories() map[string]story {
	hourAgo := time.Now().Add(-time.Hour)
	return map[string]story{
		"nothing": {do: func(*hospital) {}},
		"a new result": {
			do:   func(h *hospital) { h.result("d", "4.4", "final") },
			want: []string{"Observation/d: new, explained"},
		},
		"a result that is amended": {
			do:   func(h *hospital) { h.result("a", "4.60", "amended") },
			want: []string{"Observation/a: amended, explained (value: 4.1 → 4.6, status: final → corrected)"},
		},
		"a preliminary result that becomes final": {
			do:   func(h *hospital) { h.result("d", "4.4", "preliminary"); h.result("d", "4.5", "final") },
			want: []string{"Observation/d: new, explained"},
		},
		"a final result that is put anew with another value": {
			do:   func(h *hospital) { h.result("a", "6.80", "final") },
			want: []string{"Observation/a: changed without correction, mismatch (value: 4.1 → 6.8)"},
			why:  "A result that was final has another value, and its status says neither corrected nor amended.",
		},
		"a correction that is corrected": {
			do:   func(h *hospital) { h.result("b", "4.3", "corrected") },
			want: []string{"Observation/b: amended, explained (value: 4.2 → 4.3)"},
		},
		"a correction that is made final again with another value": {
			do:   func(h *hospital) { h.result("b", "4.4", "final") },
			want: []string{"Observation/b: changed without correction, mismatch (value: 4.2 → 4.4, status: corrected → final)"},
		},
		"a patient who moves the day of birth properly": {
			do:   func(h *hospital) { h.patient("p2", `,"birthDate":"1985-01-13"`) },
			want: []string{"Patient/p2: amended, explained (birth date: 1985-01-31 → 1985-01-13)"},
		},
		"a value that is changed in the database": {
			do:   func(h *hospital) { h.rewrite(h, "Observation", h.o("a"), 1, "4.10", "2.10") },
			want: []string{"Observation/a: changed without version, mismatch (value: 4.1 → 2.1)"},
			why:  "It says something else than before under the same version.",
		},
		"a digit behind the point that is cut in the database": {
			do:   func(h *hospital) { h.rewrite(h, "Observation", h.o("a"), 1, "4.10", "4.1") },
			want: []string{"Observation/a: changed without version, mismatch (valueQuantity.value: 4.10 → 4.1)"},
		},
		"a result that is given to another patient in the database": {
			do:   func(h *hospital) { h.rewrite(h, "Observation", h.o("a"), 1, h.prefix+"p1", h.prefix+"p2") },
			want: []string{"Observation/a: changed without version, mismatch (patient: urn:oid:1.2.3|M-p1 → urn:oid:1.2.3|M-p2)"},
		},
		"a result that is given to another patient properly": {
			do: func(h *hospital) {
				h.put(h, "Observation", h.o("a"), strings.NewReplacer("ID", h.o("a"), "P2", h.prefix+"p2").Replace(`{"resourceType":"Observation","id":"ID","status":"final","identifier":[{"value":"La"}],
		"code":{"coding":[{"system":"http://loinc.org","code":"2823-3","display":"Potassium"}]},"subject":{"reference":"Patient/P2"},
		"effectiveDateTime":"2026-03-01T09:15:00Z","valueQuantity":{"value":4.10,"unit":"mmol/L","system":"http://unitsofmeasure.org","code":"mmol/L"}}`))
			},
			want: []string{"Observation/a: changed without correction, mismatch (patient: urn:oid:1.2.3|M-p1 → urn:oid:1.2.3|M-p2)"},
		},
		"a result that goes with a patient whose records were joined": {
			do: func(h *hospital) {
				h.patient("p1", fmt.Sprintf(`,"birthDate":"1961-04-05","active":false,"link":[{"other":{"reference":"Patient/%sp2"},"type":"replaced-by"}]`, h.prefix))
				h.put(h, "Observation", h.o("a"), strings.NewReplacer("ID", h.o("a"), "P2", h.prefix+"p2").Replace(`{"resourceType":"Observation","id":"ID","status":"final","identifier":[{"value":"La"}],
		"code":{"coding":[{"system":"http://loinc.org","code":"2823-3","display":"Potassium"}]},"subject":{"reference":"Patient/P2"},
		"effectiveDateTime":"2026-03-01T09:15:00Z","valueQuantity":{"value":4.10,"unit":"mmol/L","system":"http://unitsofmeasure.org","code":"mmol/L"}}`))
			},
			want: []string{"Observation/a: amended, explained (patient: fhir|Patient/p1 → fhir|Patient/p2)", "Patient/p1: amended, explained"},
		},
		"a history that is rewritten in the database": {
			do:     func(h *hospital) { h.rewrite(h, "Observation", h.o("b"), 2, "4.0", "4.2") },
			want:   []string{"Observation/b: history rewritten, mismatch (value: 4 → 4.2)"},
			why:    "Version 2 says something else than it said when it was read before: its history was rewritten.",
			unseen: true,
		},
		"a version that is taken out of the middle": {
			do:     func(h *hospital) { h.forget(h, "Observation", h.o("b"), 2) },
			want:   []string{"Observation/b: history shorter, mismatch (value: 4 → 4.2, status: final → corrected)"},
			why:    "Its history is shorter: 1 version that was there cannot be had any more.",
			unseen: true,
		},
		"an older state that is put back": {
			do:   func(h *hospital) { h.restore(h, "Observation", h.o("b"), 2) },
			want: []string{"Observation/b: older, mismatch (value: 4.2 → 4, status: corrected → final)"},
			why:  "Its version is lower than before: an older state was put back.",
		},
		"a result that is deleted properly": {
			do:   func(h *hospital) { h.del(h, "Observation", h.o("c")) },
			want: []string{"Observation/c: deleted, explained"},
		},
		"a result that is deleted and written again": {
			do:      func(h *hospital) { h.del(h, "Observation", h.o("c")); h.result("c", "5.0", "final") },
			want:    []string{"Observation/c: returned, explained"},
			present: []string{}, // what was there before is there again
		},
		"a result that is deleted in the database": {
			do:   func(h *hospital) { h.vanish(h, "Observation", h.o("c")) },
			want: []string{"Observation/c: gone, mismatch"},
			why:  "The server knows nothing of it any more. What is deleted through a server stays known as deleted.",
		},
		"a result that is slipped in with an earlier date": {
			do: func(h *hospital) {
				h.result("d", "4.4", "final")
				h.date(h, "Observation", h.o("d"), 1, hourAgo)
			},
			want: []string{"Observation/d: slipped in, mismatch"},
			why:  "It was not there at the last sweep.",
		},
		"a correction that claims an earlier time": {
			do: func(h *hospital) {
				h.result("a", "4.60", "corrected")
				h.date(h, "Observation", h.o("a"), 2, hourAgo)
			},
			want:    []string{"Observation/a: slipped in, mismatch (value: 4.1 → 4.6, status: final → corrected)"},
			present: []string{"Observation/a: slipped in, mismatch (value: 4.1 → 4.6, status: final → corrected)"},
		},
		"a time of update that is written anew": {
			do: func(h *hospital) { h.date(h, "Observation", h.o("a"), 1, time.Now()) },
		},
		"a new version that says the same": {
			do: func(h *hospital) { h.result("a", "4.10", "final") },
		},
	}
}

// TestOneSweepTells what became of each resource since the last, on a server that tells all of its history and on those that tell less of it.
func TestOneSweepTells(t *testing.T) {
	for _, history := range []string{"type", "system", "instance", "versions", "none"} {
		t.Run(history, func(t *testing.T) {
			for name, s := range stories() {
				t.Run(name, func(t *testing.T) {
					r := newReference(t)
					r.history = history
					want := s.want
					if history == "none" && s.present != nil {
						want = s.present
					}
					if s.unseen && (history == "none" || history == "versions") { // versions that were never the present one were never seen
						want = nil
					}
					if history == "versions" && name == "a result that is deleted and written again" {
						want = nil
					}
					tell(t, &hospital{t, r, "", ""}, s, want)
				})
			}
		})
	}
}

// tell has a story happen between two sweeps, and a third see nothing of it.
func tell(t *testing.T, h *hospital, s story, want []string) {
	t.Helper()
	h.begin()
	src, k := source(t, h.address(), h.more), keeper(t)
	if c := sweep(t, k, src); len(c.changes) > 0 || !c.reports["Observation"].First {
		t.Fatalf("at first: %v", c.lines(h.prefix))
	}
	s.do(h)
	c := sweep(t, k, src)
	if diff := cmp.Diff(c.lines(h.prefix), want, cmp.Transformer("none", func(l []string) []string { return append([]string{}, l...) })); diff != "" {
		t.Fatal(diff, c.reasons())
	}
	if s.why != "" && len(want) > 0 && !slices.Contains(c.changes[0].Reasons, s.why) {
		t.Errorf("%q", c.changes[0].Reasons)
	}
	if c.signs() != "" {
		t.Error(c.signs())
	}
	before := c.reports["Observation"].After
	again := sweep(t, k, src)
	if len(again.changes) > 0 || again.signs() != "" || again.reports["Observation"].Before != before || again.reports["Observation"].After != before {
		t.Errorf("told again: %v %v", again.lines(h.prefix), again.signs())
	}
}

// caught is what sweeps of all types told.
type caught struct {
	changes []resources.Change
	reports map[string]resources.Report
}

func (c *caught) lines(prefix string) (out []string) {
	for i := range c.changes {
		ch := &c.changes[i]
		outcome := ch.Outcome.String()
		if ch.Outcome == resources.Pending {
			outcome = "explained"
		}
		line := fmt.Sprintf("%s/%s: %s, %s", ch.Type, ch.ID, ch.Act, outcome)
		var fields []string
		for _, f := range ch.Fields {
			if ch.Before != "" && ch.After != "" && !strings.HasPrefix(f.Name, "link") && f.Name != "active" {
				fields = append(fields, fmt.Sprintf("%s: %s → %s", f.Name, f.Before, f.After))
			}
		}
		if len(fields) > 0 {
			line += " (" + strings.Join(fields, ", ") + ")"
		}
		if prefix != "" {
			line = strings.ReplaceAll(line, prefix, "")
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

func (c *caught) reasons() (out []string) {
	for i := range c.changes {
		out = append(out, c.changes[i].Reasons...)
	}
	return out
}

func (c *caught) signs() string {
	var out []string
	for _, r := range c.reports {
		for _, s := range r.Signs {
			out = append(out, s.Text)
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

func (c *caught) emit(_ context.Context, changes []resources.Change) error {
	c.changes = append(c.changes, changes...)
	return nil
}

// sweep reads all types.
func sweep(t testing.TB, k *resources.Keeper, src *resources.Source) *caught {
	t.Helper()
	c := &caught{reports: map[string]resources.Report{}}
	for _, typ := range src.Types() {
		r, err := k.Sweep(t.Context(), src, typ.Type, c.emit)
		if err != nil {
			t.Fatal(err)
		}
		c.reports[typ.Type] = r
	}
	return c
}

// source connects to a server; more is added to its declaration.
func source(t testing.TB, base, more string) *resources.Source {
	t.Helper()
	src, err := resources.Connect(t.Context(), declaration(t, base, more))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = src.Close() })
	return src
}

func declaration(t testing.TB, base, more string) resources.Declaration {
	t.Helper()
	d, err := resources.Parse(fmt.Appendf(nil, `
system: RECORD
base: %s
rate: 5000
%s
types:
- {type: Observation, kind: result, harm: high}
- {type: Patient, kind: demographics}
`, base, either(more, "page: 3")))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// keeper is one that knows nothing yet.
func keeper(t testing.TB) *resources.Keeper {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return keeperIn(t, db)
}

func keeperIn(t testing.TB, db *store.DB) *resources.Keeper {
	t.Helper()
	v, err := vault.Passing()
	if err != nil {
		t.Fatal(err)
	}
	k, err := resources.Open(t.Context(), resources.Config{DB: db, Seal: v.Seal, Open: v.Open, Reading: integrity.Statements, Dir: t.TempDir(), Now: time.Now, Dice: sample.NewDice(rand.NewPCG(1, 2))})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func itoa(n int64) string { return fmt.Sprint(n) }

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
