package triage_test

import (
	"database/sql"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
	"github.com/wardline/wardline/internal/triage"
)

// TestWhatAnEarlierVersionWroteIsSealed: a desk of before wrote everything in clear. What it wrote is found, shown and serves as before.
func TestWhatAnEarlierVersionWroteIsSealed(t *testing.T) {
	storetest.Run(t, func(t *testing.T, newDB func() *store.DB) {
		db := newDB()
		w, ctx := open(t, db), t.Context()
		f := filed("r", "medium", "WS-1", 3, 1)
		w.entry(f)
		w.must(w.Judge(ctx, "r@WS-1", triage.Expected, "asked", "ada"))
		_, err := w.Suppress(ctx, triage.Suppression{Rule: "r", Entity: map[string]string{"patient": "someone"}, Owner: "ada", Reason: "because", Expires: time.Now().Add(time.Hour)})
		w.must(err)
		f.Finding.Entities["patient"] = []string{"MRN-004713", "PTX-004713"}
		f.Finding.Entities["user"] = []string{"https://ehr.example.org/Patient/MRN-004713", "nurse7"}
		f.Finding.Events[0].Fields = []byte(`{"patient":"MRN-004713"}`)
		body, err := json.Marshal(f.Finding)
		w.must(err)
		for _, clear := range []struct {
			statement string
			value     any
		}{
			{`UPDATE findings SET body = $1`, body}, {`UPDATE findings SET why = $1`, "asked MRN-004713"}, {`UPDATE finding_acts SET detail = $1`, "asked MRN-004713"},
			{`UPDATE suppressions SET reason = $1`, "about MRN-004713"}, {`UPDATE suppressions SET entity = $1`, `{"patient":"MRN-004713"}`},
			{`INSERT INTO finding_entities (finding, kind, value) VALUES ('r@WS-1', 'patient', $1)`, "mrn-004713"},
			{`INSERT INTO finding_entities (finding, kind, value) VALUES ('r@WS-1', 'patient', $1)`, "ptx-004713"}, // which begins nearly as a token does
			{`INSERT INTO finding_entities (finding, kind, value) VALUES ('r@WS-1', 'user', $1)`, "https://ehr.example.org/patient/mrn-004713"},
			{`INSERT INTO finding_entities (finding, kind, value) VALUES ('r@WS-1', 'user', $1)`, "nurse7"},
			{`DELETE FROM done_once WHERE what <> $1`, ""},
		} {
			w.must(db.Do(ctx, func(tx *sql.Tx) error {
				_, err := tx.ExecContext(ctx, clear.statement, clear.value)
				return err
			}))
		}
		for range 2 { // the second time as after a start that was cut off
			w = open(t, db)
			for _, q := range []string{`SELECT body FROM findings`, `SELECT why FROM findings`, `SELECT value FROM finding_entities`, `SELECT detail FROM finding_acts`,
				`SELECT entity FROM suppressions`, `SELECT reason FROM suppressions`} {
				if cells := column(t, db, q); len(cells) == 0 || strings.Contains(strings.ToLower(strings.Join(cells, " ")), "004713") {
					t.Errorf("%s: %d cells, and they name the patient", q, len(cells))
				}
			}
			for _, typed := range []triage.Filter{{Entity: "mrn-004713"}, {Text: "MRN-004713"}, {Text: "ptx-004713"}, {Entity: "nurse7"}} {
				if items, err := w.List(ctx, typed); err != nil || len(items) != 1 {
					t.Errorf("%+v: %d found, %v", typed, len(items), err)
				}
			}
			i := w.get("r@WS-1")
			if i.Why != "asked MRN-004713" || i.Count != 3 || strings.Join(i.Entities["host"], "") != "WS-1" || strings.Contains(string(i.Events[0].Fields), "004713") {
				t.Errorf("the finding came back as %+v", i)
			}
			if acts, err := w.History(ctx, "r@WS-1"); err != nil || len(acts) == 0 || acts[0].Detail != "asked MRN-004713" {
				t.Errorf("history %+v, %v", acts, err)
			}
			if all, err := w.Suppressions(ctx); err != nil || len(all) != 1 || all[0].Reason != "about MRN-004713" {
				t.Errorf("suppressions %+v, %v", all, err)
			}
			_, err = db.ExecContext(ctx, `DELETE FROM done_once`)
			w.must(err)
		}
		again := filed("r", "medium", "WS-2", 1, 5)
		again.Finding.Entities["patient"] = []string{"MRN-004713"}
		w.next = 5
		w.entry(again)
		if i := w.get("r@WS-2"); i.State != triage.Suppressed {
			t.Errorf("what is about the patient is %s: the suppression of before hides nothing", i.State)
		}
	})
}

func column(t *testing.T, db *store.DB, query string) (cells []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var cell []byte
		if err := rows.Scan(&cell); err != nil {
			t.Fatal(err)
		}
		cells = append(cells, string(cell))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return cells
}
