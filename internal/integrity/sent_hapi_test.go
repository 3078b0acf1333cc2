package integrity_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wardline/wardline/internal/integrity"
	"github.com/wardline/wardline/internal/integrity/resources"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
)

// TestAmendedInHAPI has somebody amend a result on a real FHIR server as one amends results, and the laboratory correct another, which the server takes over.
// WARDLINE_FHIR_SERVER is its base; bench/fhir says how to start one. What is written there stays.
func TestAmendedInHAPI(t *testing.T) {
	base := os.Getenv("WARDLINE_FHIR_SERVER")
	if base == "" {
		t.Skip("WARDLINE_FHIR_SERVER names no HAPI FHIR server: see bench/fhir")
	}
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		mark := strings.ReplaceAll(uuid.NewString(), "-", "")[:16]
		put := func(typ, id, body string) {
			t.Helper()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, base+"/"+typ+"/"+id, strings.NewReader(body))
			must(t, err)
			req.Header.Set("Content-Type", "application/fhir+json")
			resp, err := http.DefaultClient.Do(req)
			must(t, err)
			defer resp.Body.Close()
			if resp.StatusCode/100 != 2 {
				t.Fatal("the server refused it: ", resp.Status)
			}
		}
		result := func(n int, value, status string) {
			put("Observation", fmt.Sprintf("%s-%d", mark, n), fmt.Sprintf(`{"resourceType":"Observation","id":"%s-%d","status":%q,"identifier":[{"value":"%s%d"}],"subject":{"reference":"Patient/%s"},
				"code":{"coding":[{"system":"http://loinc.org","code":"2823-3"}]},"valueQuantity":{"value":%s,"unit":"mmol/L","system":"http://unitsofmeasure.org","code":"mmol/L"}}`, mark, n, status, mark, n, mark, value))
		}
		d, err := resources.Parse([]byte("system: RECORD\nbase: " + base + "\nrate: 9999\npage: 500\nyoung: 1us\nauthority: urn:oid:1.2.3\ntypes: [{type: Observation, kind: result, harm: high}]\n" +
			"results: {from: [lab], authorities: {NORTH: 'urn:oid:1.2.3'}, codes: {'99LAB|K': 'http://loinc.org|2823-3'}, units: {mmol per litre: mmol/L}}\n"))
		must(t, err)
		kept, _ := integrity.KeptOf(&d)
		r := &record{house: newHouse(t), db: open(), when: time.Now().UTC()}
		r.house.kept, r.at = []integrity.KeptConfig{kept}, time.Now()
		r.ResourceSweeper, err = integrity.OpenResourceSweeper(t.Context(), d, integrity.SweepConfig{
			DB: r.db, Journal: r.journal, Vault: r.vault, Taxonomy: r.tax, Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler),
		})
		must(t, err)
		defer func() { must(t, r.Close()) }()
		must(t, r.Sweep(t.Context()))
		put("Patient", mark, fmt.Sprintf(`{"resourceType":"Patient","id":%q,"identifier":[{"system":"urn:oid:1.2.3","value":"M7"}]}`, mark))
		for n := range 20 {
			r.sends(fmt.Sprint(mark, n), "6.8", "F")
			result(n, "6.8", "final")
		}
		must(t, r.News(t.Context()))
		r.expect(t, "as sent")
		result(7, "4.1", "corrected")
		must(t, r.News(t.Context()))
		amended := "kept-differs OBX 2823-3 OBX-5 6.8 4.1"
		r.expect(t, "amended on the server", amended)
		r.sends(fmt.Sprint(mark, 8), "6.9", "C")
		result(8, "6.9", "corrected")
		must(t, r.News(t.Context()))
		r.expect(t, "corrected by the laboratory", amended)
	})
}
