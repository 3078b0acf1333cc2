package continuity_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/continuity"
	"github.com/wardline/wardline/internal/continuity/bedside"
	"github.com/wardline/wardline/internal/continuity/downtime"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
	"github.com/wardline/wardline/internal/vault"
)

// shelf is one over a database, and its clock.
type shelf struct {
	*continuity.Shelf
	t   *testing.T
	db  *store.DB
	v   *vault.Vault
	now time.Time
}

func newShelf(t *testing.T, db *store.DB) *shelf {
	t.Helper()
	v, err := vault.Passing()
	if err != nil {
		t.Fatal(err)
	}
	s := &shelf{t: t, db: db, v: v, now: time.Date(2030, 11, 26, 14, 0, 0, 0, time.UTC)}
	s.restart()
	return s
}

// restart is the shelf as it is after the node began anew.
func (s *shelf) restart() {
	s.t.Helper()
	var err error
	s.Shelf, err = continuity.OpenShelf(s.t.Context(), continuity.ShelfConfig{DB: s.db, Vault: s.v, Now: func() time.Time { return s.now }})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *shelf) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// TestDrillOutlivesARestart: it is started, two do its steps, the node begins anew, and it is ended; only then it counts.
func TestDrillOutlivesARestart(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		s, ctx := newShelf(t, open()), t.Context()
		if err := s.EndDrill(ctx, "4W"); !errors.Is(err, continuity.ErrNoDrill) {
			t.Errorf("none goes on: %v", err)
		}
		s.must(s.StartDrill(ctx, "4W", "M. Okafor", []string{"Call the desk."}))
		if err := s.StartDrill(ctx, "4W", "M. Okafor", nil); !errors.Is(err, continuity.ErrGoing) {
			t.Errorf("one goes on: %v", err)
		}
		s.must(s.StartDrill(ctx, "5E", "M. Okafor", nil)) // another unit's is its own
		s.now = s.now.Add(4 * time.Minute)
		s.must(s.Drilled(ctx, "4W", 0))
		s.restart()
		s.now = s.now.Add(time.Minute)
		s.must(s.Drilled(ctx, "4W", 1))
		_, r, err := s.Unit(ctx, "4W")
		if err != nil || !r.Drilled.IsZero() {
			t.Errorf("it counts before it has ended: %+v %v", r, err)
		}
		s.now = s.now.Add(time.Minute)
		s.must(s.EndDrill(ctx, "4W"))
		s.must(s.Printed(ctx, "4W", "M. Okafor"))
		drilled := s.now
		s.now = s.now.Add(time.Hour)
		s.must(s.StartDrill(ctx, "4W", "M. Okafor", nil)) // and broken off
		s.must(s.EndDrill(ctx, "4W"))
		s.restart()
		p, r, err := s.Unit(ctx, "4W")
		s.must(err)
		if diff := cmp.Diff(r, downtime.Readiness{Unit: "4W", Printed: drilled, Drilled: drilled, InHand: 4 * time.Minute}); diff != "" {
			t.Error(diff)
		}
		if p.By != "M. Okafor" || len(p.Drills) != 2 || p.Going(s.now) != nil {
			t.Errorf("%+v", p)
		}
		if p, _, _ := s.Unit(ctx, "5E"); p.Going(s.now) == nil || p.Going(s.now.Add(25*time.Hour)) != nil {
			t.Error("a drill goes on until it is ended, or forgotten for a day")
		}
	})
}

// TestDrillsAreBounded: the latest stay.
func TestDrillsAreBounded(t *testing.T) {
	s, ctx := newShelf(t, opened(t)), t.Context()
	for i := range 30 {
		s.now = s.now.Add(time.Hour)
		s.must(s.StartDrill(ctx, "4W", fmt.Sprint("person ", i), nil))
		s.must(s.EndDrill(ctx, "4W"))
	}
	p, _, err := s.Unit(ctx, "4W")
	s.must(err)
	if n := len(p.Drills); n != 20 || p.Drills[n-1].By != "person 29" {
		t.Errorf("%d are kept", n)
	}
}

func opened(t *testing.T) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// lying is one who lies in a bed, with drugs every four hours.
func lying(id int, from time.Time) bedside.Inpatient {
	p := bedside.Inpatient{ID: hospital.PatientID(id), Bed: fmt.Sprint(id), MRN: hospital.Identifier{Value: fmt.Sprint("T000", id)}, Person: bedside.Person{Family: "Testperson", Given: fmt.Sprint("Nr ", id)},
		Allergies: []bedside.Allergy{{Name: "Penicillin"}}, Requests: []bedside.Request{{Number: "R1", Title: "Blood culture"}}}
	for n := range 10 {
		d := bedside.Drug{Clear: true}
		d.Number, d.Name, d.Dose, d.Route = fmt.Sprint("O", n), fmt.Sprint("Drug ", n), "1 TAB", "PO"
		for at := from; at.Before(from.Add(24 * time.Hour)); at = at.Add(4 * time.Hour) {
			d.Due = append(d.Due, bedside.Slot{At: at.Add(10 * time.Minute)})
		}
		p.Drugs = append(p.Drugs, d)
	}
	return p
}

// TestCensusOfADowntime: the last one before it and the first one after it, of that unit, and of the days before the last one of each.
func TestCensusOfADowntime(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		s, ctx := newShelf(t, open()), t.Context()
		begin := s.now
		for h := range 40 * 24 {
			s.now = begin.Add(time.Duration(h) * time.Hour)
			c := continuity.CensusOf([]bedside.Inpatient{lying(1, s.now)}, map[hospital.PatientID]string{1: "token"}, s.now.Add(-time.Minute), s.now)
			s.must(s.Put(ctx, "4W", c))
			if h%24 == 0 {
				s.must(s.Put(ctx, "5E", c))
			}
		}
		s.restart()
		around := func(unit string, from, to time.Time) string {
			t.Helper()
			start, end, err := s.Around(ctx, unit, from, to)
			s.must(err)
			when := func(c *continuity.Census) string {
				if c == nil {
					return "none"
				}
				return c.Data.Format("2 Jan 15:04")
			}
			return when(start) + " / " + when(end)
		}
		for _, c := range []struct {
			what, unit string
			from, to   time.Duration // before now
			want       string
		}{
			{"yesterday", "4W", 24*time.Hour - 30*time.Minute, 20*time.Hour - 30*time.Minute, "4 Jan 12:59 / 4 Jan 17:59"},
			{"to now", "4W", 30 * time.Minute, 0, "5 Jan 11:59 / none"},
			{"at the minute of a pack", "4W", 3*time.Hour + time.Minute, 2*time.Hour + time.Minute, "5 Jan 09:59 / 5 Jan 10:59"},
			{"ten days ago", "4W", 10 * 24 * time.Hour, 10*24*time.Hour - 4*time.Hour, "25 Dec 23:59 / 26 Dec 23:59"},
			{"before all that is kept", "4W", 39 * 24 * time.Hour, 38 * 24 * time.Hour, "none / 5 Dec 23:59"},
			{"ten days ago, of another unit", "5E", 10*24*time.Hour - time.Hour, 9 * 24 * time.Hour, "26 Dec 13:59 / 27 Dec 13:59"},
			{"of another unit", "5E", 24 * time.Hour, 4 * time.Hour, "3 Jan 13:59 / none"},
		} {
			if got := around(c.unit, s.now.Add(-c.from), s.now.Add(-c.to)); got != c.want {
				t.Errorf("%s: %s, want %s", c.what, got, c.want)
			}
		}
		_, r, err := s.Unit(ctx, "4W")
		if err != nil || !r.Data.Equal(s.now.Add(-time.Minute)) {
			t.Errorf("the newest pack is of %v, %v", r.Data, err)
		}
		var rows, size int64
		s.must(s.db.Do(ctx, func(tx *sql.Tx) error {
			return tx.QueryRowContext(ctx, `SELECT count(*), max(length(body)) FROM continuity_census`).Scan(&rows, &size)
		}))
		if rows > 140 {
			t.Errorf("%d are kept", rows)
		}
		t.Logf("%d rows, of one patient %d bytes", rows, size)
	})
}

// TestFirstCensusOfTheSameData: while nothing is heard packs are made over and over of what was heard last, and what was due at first is not lost.
func TestFirstCensusOfTheSameData(t *testing.T) {
	s, ctx := newShelf(t, opened(t)), t.Context()
	heard := s.now
	s.must(s.Put(ctx, "4W", continuity.CensusOf([]bedside.Inpatient{lying(1, s.now)}, nil, heard, s.now)))
	s.now = s.now.Add(9 * time.Hour)
	s.must(s.Put(ctx, "4W", continuity.CensusOf([]bedside.Inpatient{lying(1, s.now)}, nil, heard, s.now)))
	start, _, err := s.Around(ctx, "4W", heard.Add(time.Minute), s.now)
	s.must(err)
	if at := start.Patients[0].Drugs[0].Due[0].At; at.After(heard.Add(time.Hour)) {
		t.Errorf("the first that is known to be due is so at %v", at)
	}
	if p := start.Patients[0]; p.Allergies != nil || p.MRN != "T0001" || len(p.Requests) != 1 {
		t.Errorf("%+v", p)
	}
}

// TestWhatIsExpected: entries of the patients of a downtime, about a time in it, in two weeks after it.
func TestWhatIsExpected(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		s, ctx := newShelf(t, open()), t.Context()
		from, to := s.now.Add(-8*time.Hour), s.now.Add(-2*time.Hour)
		s.must(s.Remember(ctx, continuity.Downtime{Unit: "4W", From: from, To: to, Made: s.now, By: "M. Okafor", Items: 7, Patients: []string{"patient-b", "patient-a", "patient-b", ""}}))
		for _, restarted := range []bool{false, true} {
			if restarted {
				s.restart()
			}
			for what, c := range map[string]struct {
				token       string
				about, said time.Time
				want        bool
			}{
				"in it":                     {"patient-a", from.Add(time.Hour), s.now, true},
				"at its beginning":          {"patient-b", from, s.now, true},
				"of another patient":        {"patient-c", from.Add(time.Hour), s.now, false},
				"of nobody who is known":    {"", from.Add(time.Hour), s.now, false},
				"about the time before":     {"patient-a", from.Add(-time.Minute), s.now, false},
				"about when all was back":   {"patient-a", to, s.now, false},
				"while all was still down":  {"patient-a", from.Add(time.Hour), to.Add(-time.Minute), false},
				"three weeks later":         {"patient-a", from.Add(time.Hour), to.Add(21 * 24 * time.Hour), false},
				"at the end of two weeks":   {"patient-a", from.Add(time.Hour), to.Add(14 * 24 * time.Hour), true},
				"about the future of a day": {"patient-a", s.now.Add(24 * time.Hour), s.now, false},
			} {
				if got := s.Expected(c.token, c.about, c.said); got != c.want {
					t.Errorf("%s, restarted %t: %t", what, restarted, got)
				}
			}
		}
		s.must(s.Remember(ctx, continuity.Downtime{Unit: "4W", From: from, To: to, Made: s.now, Items: 9}))
		if all, err := s.Downtimes(ctx); err != nil || len(all) != 1 || all[0].Items != 9 {
			t.Errorf("a list made again: %+v %v", all, err)
		}
	})
}

// TestListOfWhatMustBeEntered is made of two censuses, sealed for the unit, and laid beside its packs.
func TestListOfWhatMustBeEntered(t *testing.T) {
	secret, public, err := downtime.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	key, err := downtime.KeyOf(secret)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	cfg, err := continuity.ParsePaper(fmt.Appendf(nil, "folders: [%s]\nkeys: %s\nunits: [{unit: 4W, title: 4 West}, {unit: 5E}]\n", folder, public))
	if err != nil {
		t.Fatal(err)
	}
	paper, err := continuity.NewPaper(cfg, "Alder Valley", time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2030, 11, 26, 14, 0, 0, 0, time.UTC)
	from, to := now.Add(-30*time.Hour), now.Add(-time.Hour)
	tokens := map[hospital.PatientID]string{1: "patient-1", 2: "patient-2", 3: "patient-3"}
	start := continuity.CensusOf([]bedside.Inpatient{lying(1, from), lying(2, from)}, tokens, from, from)
	end := continuity.CensusOf([]bedside.Inpatient{lying(2, to), lying(3, to)}, tokens, to, to)
	l, err := paper.Recover("4W", start, end, from, to, now)
	if err != nil {
		t.Fatal(err)
	}
	// Two who were there: 10 drugs six times in the day that was known, a result, and charting; one left; one came, with charting.
	if l.Items != 2*(60+1+1)+1+2 || strings.Join(l.Patients, " ") != "patient-1 patient-2 patient-2 patient-3" || l.Trouble != "" {
		t.Errorf("%+v", l.Downtime)
	}
	file := filepath.Join(folder, l.File)
	laid, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(laid, l.Sealed) || bytes.Contains(laid, []byte("Testperson")) {
		t.Errorf("what was laid down: %v", err)
	}
	plain, err := downtime.ReadFile(file, key)
	if err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("WARDLINE_SHOTS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, "entered-back.pdf"), plain, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text := textOf(t, plain)
	for _, want := range []string{"To be entered back", "INCOMPLETE", "Testperson, Nr 1", "T0003", "drug: Drug 7, 1 TAB, PO", "result: Blood culture", "departure", "admission"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q does not stand on the list", want)
		}
	}
	for what, c := range map[string]struct {
		unit     string
		start    *continuity.Census
		from, to time.Time
		want     error
	}{
		"a unit that gets none":       {"6N", start, from, to, continuity.ErrNoUnit},
		"nothing known before":        {"4W", nil, from, to, continuity.ErrNoCensus},
		"an end before the beginning": {"4W", start, to, from, continuity.ErrDowntime},
		"an end that is to come":      {"4W", start, from, now.Add(time.Minute), continuity.ErrDowntime},
		"two months":                  {"4W", start, to.AddDate(0, -2, 0), to, continuity.ErrDowntime},
	} {
		if _, err := paper.Recover(c.unit, c.start, end, c.from, c.to, now); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", what, err, c.want)
		}
	}
}

// textOf is what pdftotext reads.
func textOf(t *testing.T, pdf []byte) string {
	t.Helper()
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("pdftotext is missing: install poppler-utils")
		}
		t.Skip("pdftotext is not here, so that the paper is not read: install poppler-utils")
	}
	file := filepath.Join(t.TempDir(), "list.pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := exec.Command(tool, "-layout", file, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestPaperLooksNoFurtherThanPacksAreGood, though a census does.
func TestPaperLooksNoFurtherThanPacksAreGood(t *testing.T) {
	at := time.Date(2030, 11, 26, 14, 0, 0, 0, time.UTC)
	p := &downtime.Pack{Data: at.Add(-time.Hour), Printed: at, Until: at.Add(7 * time.Hour)}
	continuity.Fill(p, []bedside.Inpatient{lying(1, at)})
	if n := len(p.Patients[0].Drugs[0].Due); n != 2 {
		t.Errorf("%d times stand on paper that is good for eight hours, want 2", n)
	}
}

// TestNobodyIsKeptInClear looks at the file.
func TestNobodyIsKeptInClear(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.db")
	db, err := store.Open(t.Context(), "sqlite:"+file)
	if err != nil {
		t.Fatal(err)
	}
	s, ctx := newShelf(t, db), t.Context()
	s.must(s.Put(ctx, "4W", continuity.CensusOf([]bedside.Inpatient{lying(1, s.now)}, map[hospital.PatientID]string{1: "patient-a"}, s.now, s.now)))
	s.must(s.StartDrill(ctx, "4W", "M. Okafor", nil))
	s.must(s.Remember(ctx, continuity.Downtime{Unit: "4W", From: s.now.Add(-time.Hour), To: s.now, By: "M. Okafor", Patients: []string{"patient-a"}}))
	for _, table := range []string{"units", "census", "downtimes"} {
		var body []byte
		if err := db.QueryRowContext(ctx, `SELECT body FROM continuity_`+table).Scan(&body); err != nil || !bytes.HasPrefix(body, []byte("\x00sealed:")) {
			t.Errorf("%s: not sealed, %v", table, err)
		}
	}
	s.must(db.Close())
	for _, name := range []string{file, file + "-wal"} {
		body, err := os.ReadFile(name)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		for _, secret := range []string{"Testperson", "T0001", "Okafor", "patient-a", "4W"} {
			if bytes.Contains(body, []byte(secret)) {
				t.Errorf("%q stands in the database", secret)
			}
		}
	}
}
