package integrity_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/integrity"
	"github.com/wardline/wardline/internal/integrity/resources"
	"github.com/wardline/wardline/internal/integrity/route"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
)

// told is the history of Observations that a server tells: versions, newest first, of which each is its id, its number and the rest, which a deletion has not. What a server does in all its
// parts is tested in package resources; here it is what becomes of it.
type told struct {
	mu       sync.Mutex
	versions [][3]string
	updated  time.Time // when they were written; 1 March 2026 when zero, but for c/2
}

func (s *told) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case path[1] == "metadata":
		fmt.Fprint(w, `{"resourceType":"CapabilityStatement","fhirVersion":"4.0.1","rest":[{"mode":"server","resource":[{"type":"Observation","interaction":[
			{"code":"read"},{"code":"vread"},{"code":"history-type"},{"code":"history-instance"}]}]}]}`)
	case path[1] == "Patient":
		fmt.Fprintf(w, `{"resourceType":"Patient","id":%q,"identifier":[{"system":"urn:oid:1.2.3","value":"M7"}]}`, path[2])
	case path[len(path)-1] == "_history":
		var entries []json.RawMessage
		for _, v := range s.versions {
			if len(path) == 4 && path[2] != v[0] {
				continue
			}
			at := "2026-03-01T09:15:00Z"
			if v[0] == "c" && v[1] == "2" {
				at = time.Now().UTC().Format(time.RFC3339)
			}
			if !s.updated.IsZero() {
				at = s.updated.UTC().Format(time.RFC3339)
			}
			if v[2] == "" {
				entries = append(entries, json.RawMessage(fmt.Sprintf(`{"fullUrl":"http://%s/fhir/Observation/%s","request":{"method":"DELETE","url":"Observation/%s"},"response":{"status":"204","lastModified":%q}}`, r.Host, v[0], v[0], at)))
				continue
			}
			entries = append(entries, json.RawMessage(fmt.Sprintf(`{"resource":{"resourceType":"Observation","id":%q,"meta":{"versionId":%q,"lastUpdated":%q},
				"code":{"coding":[{"system":"http://loinc.org","code":"2823-3"}]},"subject":{"reference":"Patient/p"},%s}}`, v[0], v[1], at, v[2])))
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"resourceType": "Bundle", "type": "history", "entry": entries})
	default:
		http.Error(w, "", http.StatusNotFound)
	}
}

func potassium(value, status string) string {
	return fmt.Sprintf(`"status":%q,"valueQuantity":{"value":%s,"unit":"mmol/L"}`, status, value)
}

// TestChangedOnTheServer has somebody lower a value in the database of a FHIR server, rewrite a history, and give a final result another value through the server.
func TestChangedOnTheServer(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		server := &told{versions: [][3]string{{"b", "2", potassium("4.4", "corrected")}, {"b", "1", potassium("4.2", "final")}, {"c", "1", potassium("5.0", "final")}, {"a", "1", potassium("4.1", "final")}}}
		web := httptest.NewServer(server)
		defer web.Close()
		d, err := resources.Parse([]byte("system: RECORD\nbase: " + web.URL + "/fhir\nrate: 9999\ntypes: [{type: Observation, kind: result, harm: high}]\n"))
		must(t, err)
		h, db := newHouse(t), open()
		s, err := integrity.OpenResourceSweeper(t.Context(), d, integrity.SweepConfig{
			DB: db, Journal: h.journal, Vault: h.vault, Taxonomy: h.tax, Dir: t.TempDir(), Sample: 48, Log: slog.New(slog.DiscardHandler),
		})
		must(t, err)
		defer func() { must(t, s.Close()) }()
		must(t, s.Sweep(t.Context()))
		must(t, s.Plant(t.Context()))
		server.mu.Lock()
		server.versions = [][3]string{{"c", "2", potassium("6.0", "final")}, {"b", "2", potassium("4.4", "corrected")}, {"b", "1", potassium("4.4", "final")}, {"c", "1", potassium("5.0", "final")}, {"a", "1", potassium("2.1", "final")}}
		server.mu.Unlock()
		must(t, s.Sweep(t.Context()))
		must(t, s.Look(t.Context()))
		must(t, s.Sweep(t.Context()))
		room := h.follow(db)
		found, err := room.Doubts(t.Context(), h.at.AddDate(-10, 0, 0), 100)
		must(t, err)
		got := map[string][]route.Change{}
		for _, f := range found {
			got[f.Kind] = f.Changes
			if f.Rule().Title == "" || len(f.Signs) == 0 {
				t.Errorf("%s has no rule or no reason", f.Kind)
			}
		}
		want := map[string][]route.Change{
			"row-unversioned": {{Field: "value", Before: "4.1", After: "2.1", Clinical: true}},
			"row-history":     {{Field: "value", Before: "4.2", After: "4.4", Clinical: true}},
			"row-uncorrected": {{Field: "value", Before: "5", After: "6", Clinical: true}},
		}
		if diff := cmp.Diff(got, want); diff != "" || len(found) != len(want) {
			t.Errorf("%d doubts: %s", len(found), diff)
		}
		tests, err := room.SelfTests(t.Context())
		if err != nil || len(tests) != 1 || tests[0].System != "RECORD" || tests[0].Table != "Observation" || tests[0].Found.IsZero() {
			t.Errorf("%+v %v", tests, err)
		}
		sweeps, err := room.Sweeps(t.Context())
		if err != nil || len(sweeps) != 1 || sweeps[0].Unit != "resources" || sweeps[0].Known != 3 {
			t.Errorf("%+v %v", sweeps, err)
		}
	})
}
