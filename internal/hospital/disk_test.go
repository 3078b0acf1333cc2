package hospital_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
	"github.com/wardline/wardline/internal/vault"
)

// Edges that no template could use any more go, also those of patients who never come again, and it makes no difference whether
// they were swept or not.
func TestEdgesFade(t *testing.T) {
	w := newWard(t, sqlite(t))
	care := order("2", "o2", "ann")
	care.Kind = hospital.CareTeam
	w.say(w.event(noon(0), hospital.Fact{Reason: order("1", "o1", "ann")}), w.event(noon(0), hospital.Fact{Reason: care}))
	for n := range 20 {
		w.say(w.event(noon(200+n), patient("3", person("Moss", "Ada"))))
	}
	w.say(w.event(noon(0), visit('O', "CL", from(noon(0)), until(noon(0)))))
	size := func() (bytes int) {
		if err := w.db.QueryRowContext(t.Context(), `SELECT sum(length(body)) FROM hospital_records`).Scan(&bytes); err != nil {
			t.Fatal(err)
		}
		return bytes
	}
	f := w.follower(func(c *hospital.FollowerConfig) { c.Save = -1 })
	w.step(f, 0, 1)
	before := size()
	if w.step(f, 1, 2); size() < before {
		t.Log("swept at once")
	}
	w.step(f, 2, w.journal.Size())
	f.View(func(h *hospital.House) {
		one, _ := h.Find(mrn("1"))
		two, _ := h.Find(mrn("2"))
		p := h.Patient(one)
		if len(p.Edges) != 0 || !p.Faded.Equal(noon(0)) || len(h.Patient(two).Edges) != 1 {
			t.Errorf("%+v", p)
		}
	})
	if d := cmp.Diff(w.knows(w.follower()), w.knows(f)); d != "" {
		t.Error(d)
	}
	w.say(w.event(noon(750), patient("3", person("Moss", "Ada"))))
	w.step(f, w.journal.Size()-1, w.journal.Size())
	f.View(func(h *hospital.House) {
		one, _ := h.Find(mrn("1"))
		if p := h.Patient(one); len(p.Visits) != 0 || !p.Faded.Equal(noon(0)) {
			t.Errorf("%+v", p)
		}
		if id, _ := h.FindVisit("V1"); id != 0 {
			t.Error("the number of a visit of two years ago leads to somebody")
		}
	})
	if d := cmp.Diff(w.knows(w.follower()), w.knows(f)); d != "" {
		t.Error(d)
	}
}

// A name that nobody has any more is not kept: one patient who is renamed again and again must not fill the table, and after a restart
// the memory.
func TestNamesOfNobodyGo(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		w := newWard(t, open())
		f := w.follower(func(c *hospital.FollowerConfig) { c.Save = -1 })
		for n := range 20 {
			w.say(w.event(noon(n), patient("1", person(fmt.Sprint("Moss", n), "Ada"))))
		}
		w.step(f, 0, w.journal.Size())
		names := 0
		if err := w.db.QueryRowContext(t.Context(), `SELECT count(*) FROM hospital_surnames`).Scan(&names); err != nil || names != 1 {
			t.Errorf("%d names, %v", names, err)
		}
	})
}

// A record that was changed on the disk, or put in another's place, is noticed, and nothing is written over it.
func TestDamageIsNoticed(t *testing.T) {
	w := newWard(t, sqlite(t))
	w.say(w.event(noon(0), patient("1", person("Moss", "Ada"))), w.event(noon(0), patient("2", person("Reed", "Eva"))))
	w.step(w.follower(func(c *hospital.FollowerConfig) { c.Save = -1 }), 0, 1)
	if _, err := w.db.ExecContext(t.Context(), `UPDATE hospital_records SET body = (SELECT body FROM hospital_records WHERE id = 1) WHERE id = 2`); err != nil {
		t.Fatal(err)
	}
	w.say(w.event(noon(1), patient("2", person("Stone", "Eva"))))
	f := w.follower(func(c *hospital.FollowerConfig) { c.Save = -1 })
	e, err := w.journal.Entry(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Step(t.Context(), e); !errors.Is(err, vault.ErrOpen) {
		t.Errorf("%v", err)
	}
	if next := w.follower().State().Next; next != 1 {
		t.Errorf("goes on at %d", next)
	}
}

// On the disk nothing is in clear.
func TestNothingInClear(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	db, err := store.Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	w := newWard(t, db)
	p := person("Zyxmoss", "Zyxada")
	p.Street, p.City, p.Phones, p.National = "12 Zyxlane", "Zyxtown", []string{"555 010 777888"}, "ZYX12345"
	f := patient("ZYX0042", p)
	o := order("ZYX0042", "ZYXORDER", "zyxann")
	o.Visit = "ZYXVISIT"
	worker := staff("ZYX100", "zyxann")
	worker.Human = p
	w.say(w.event(noon(0), f), w.event(noon(0), hospital.Fact{Reason: o}), w.event(noon(0), hospital.Fact{Staff: worker}))
	w.step(w.follower(func(c *hospital.FollowerConfig) { c.Save = -1 }), 0, 1)
	rows, err := db.QueryContext(t.Context(), `SELECT body FROM hospital_records UNION ALL SELECT key FROM hospital_keys UNION ALL SELECT body FROM hospital_names
		UNION ALL SELECT body FROM hospital_staff UNION ALL SELECT body FROM hospital_units UNION ALL SELECT body FROM hospital_state`)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for ; rows.Next(); n++ {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			t.Fatal(err)
		}
		if clear := string(body); strings.Contains(strings.ToLower(clear), "zyx") || strings.Contains(clear, "777888") {
			t.Errorf("row %d holds something in clear", n)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close(), db.Close()); err != nil || n < 8 {
		t.Errorf("%d rows, %v", n, err)
	}
}

// Whatever lies in a record's place, reading it ends.
func FuzzRecord(f *testing.F) {
	f.Add([]byte{1, 0, 0})
	r := rand.New(rand.NewPCG(1, 2))
	for range 8 {
		noise := make([]byte, r.IntN(400))
		for i := range noise {
			noise[i] = byte(r.UintN(4))
		}
		f.Add(append([]byte{1}, noise...))
	}
	f.Fuzz(func(t *testing.T, text []byte) { hospital.DecodeAndEncode(text) })
}
