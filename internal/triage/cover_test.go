package triage_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
	"github.com/wardline/wardline/internal/triage"
)

// TestTheTablesNameNoPatient: what is found and what people write about it is sealed, and is found by what is typed.
func TestTheTablesNameNoPatient(t *testing.T) {
	storetest.Run(t, func(t *testing.T, newDB func() *store.DB) {
		db := newDB()
		w := open(t, db)
		f := filed("r", "medium", "WS-1", 3, 1)
		f.Finding.Events[0].Source = "/drop/MRN-004713.csv"
		f.Finding.Entities["patient"] = []string{"MRN-004713"}
		w.entry(f)
		w.must(w.Judge(t.Context(), "r@WS-1", triage.Expected, "asked MRN-004713 herself", "ada"))
		_, err := w.Suppress(t.Context(), triage.Suppression{Rule: "r", Entity: map[string]string{"patient": "MRN-004713"}, Owner: "ada", Reason: "about MRN-004713", Expires: time.Now().Add(time.Hour)})
		w.must(err)
		f.From.Entry = 2
		w.entry(f) // which is written anew, and hidden
		if i := w.get("r@WS-1"); i.State != triage.Suppressed {
			t.Errorf("what is about the patient is %s", i.State)
		}
		for _, typed := range []triage.Filter{{Entity: "mrn-004713"}, {Text: "MRN-004713"}} {
			if items, err := w.List(t.Context(), typed); err != nil || len(items) != 1 {
				t.Errorf("%d found, %v", len(items), err)
			}
		}
		if acts, err := w.History(t.Context(), "r@WS-1"); err != nil || len(acts) == 0 || acts[0].Detail != "asked MRN-004713 herself" {
			t.Errorf("history %+v, %v", acts, err)
		}
		if all, err := w.Suppressions(t.Context()); err != nil || len(all) != 1 || all[0].Reason != "about MRN-004713" {
			t.Errorf("suppressions %+v, %v", all, err)
		}
		w.must(w.Judge(t.Context(), "r@WS-1", triage.False, "not MRN-004713", "ada"))
		if i := w.get("r@WS-1"); i.Why != "not MRN-004713" {
			t.Errorf("the reason came back as %q", i.Why)
		}
		for _, q := range []string{`SELECT body FROM findings`, `SELECT why FROM findings`, `SELECT value FROM finding_entities`, `SELECT detail FROM finding_acts`,
			`SELECT entity FROM suppressions`, `SELECT reason FROM suppressions`} {
			rows, err := db.QueryContext(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for rows.Next() {
				var cell []byte
				if err := rows.Scan(&cell); err != nil {
					t.Fatal(err)
				}
				n++
				if bytes.Contains(bytes.ToLower(cell), []byte("004713")) {
					t.Errorf("%s names the patient", q)
				}
			}
			if err := rows.Err(); err != nil || n == 0 {
				t.Errorf("%s: %d rows, %v", q, n, err)
			}
			rows.Close()
		}
	})
}
