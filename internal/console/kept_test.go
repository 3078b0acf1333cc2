package console_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/integrity"
	"github.com/wardline/wardline/internal/integrity/resources"
)

// recordServer declares the FHIR server of an archive's record, which the laboratory's results come to.
func recordServer(t *testing.T, base string) resources.Declaration {
	t.Helper()
	d, err := resources.Parse([]byte("system: RECORD\nbase: " + base + "/fhir\nrate: 9999\nyoung: 1us\nauthority: urn:oid:1.2.3\ntypes: [{type: Observation, kind: result, harm: high}]\n" +
		"results: {from: [tap-lab], authorities: {ALDER: 'urn:oid:1.2.3'}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// record is a server that keeps one result, as the record received it. It returns what reads it back, and what somebody may have it say instead.
func (a *archive) record() (*integrity.ResourceSweeper, func(versions ...string)) {
	a.t.Helper()
	var history []string
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/metadata"):
			fmt.Fprint(w, `{"resourceType":"CapabilityStatement","fhirVersion":"4.0.1","rest":[{"mode":"server","resource":[{"type":"Observation","interaction":[
				{"code":"read"},{"code":"history-type"},{"code":"history-instance"}]}]}]}`)
		case strings.HasSuffix(r.URL.Path, "/Patient/p"):
			fmt.Fprint(w, `{"resourceType":"Patient","id":"p","identifier":[{"system":"urn:oid:1.2.3","value":"4711-0815"}]}`)
		case strings.HasSuffix(r.URL.Path, "/_history"):
			fmt.Fprintf(w, `{"resourceType":"Bundle","type":"history","entry":[%s]}`, strings.Join(history, ","))
		default:
			http.Error(w, "", http.StatusNotFound)
		}
	}))
	a.t.Cleanup(web.Close)
	s, err := integrity.OpenResourceSweeper(a.t.Context(), recordServer(a.t, web.URL), integrity.SweepConfig{
		DB: a.db, Journal: a.journal, Vault: a.vault, Taxonomy: a.tax, Dir: a.t.TempDir(), Log: slog.New(slog.DiscardHandler),
	})
	if err == nil {
		err = s.Sweep(a.t.Context())
	}
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() {
		if err := s.Close(); err != nil {
			a.t.Error(err)
		}
	})
	return s, func(values ...string) { // the newest first
		history = nil
		for i, value := range values {
			history = append(history, fmt.Sprintf(`{"resource":{"resourceType":"Observation","id":"17","meta":{"versionId":"%d","lastUpdated":%q},"status":"final","identifier":[{"value":"F1"}],
				"code":{"coding":[{"system":"http://loinc.org","code":"2823-3"}]},"subject":{"reference":"Patient/p"},"valueQuantity":{"value":%s,"unit":"mmol/L"}}}`,
				len(values)-i, time.Now().UTC().Format(time.RFC3339), value))
		}
	}
}

// keptDoubt has the record keep what the laboratory did not send, and returns the doubt about it.
func (a *archive) keptDoubt(s *integrity.ResourceSweeper, says func(...string)) string {
	a.t.Helper()
	says("4.1")
	if err := s.News(a.t.Context()); err != nil {
		a.t.Fatal(err)
	}
	id := ""
	a.wait("there is a doubt", func() bool {
		all, err := a.room.Doubts(a.t.Context(), time.Time{}, 100)
		for _, d := range all {
			if d.Kind == "kept-differs" {
				id = d.ID
			}
		}
		return err == nil && id != ""
	})
	return id
}

// TestTheRecordKeepsSomethingElse opens a doubt about it, and sees what the record says when it is asked anew.
func TestTheRecordKeepsSomethingElse(t *testing.T) {
	a := newArchive(t)
	p := a.hire(a.first(), "m.okafor", "M. Okafor", access.Analyst)
	s, says := a.record()
	id := a.keptDoubt(s, says)
	look := func(wants ...string) {
		t.Helper()
		status, body := p.get("/records/" + id)
		a.without("the doubt", body)
		for _, want := range wants {
			if !strings.Contains(text(body), want) {
				t.Errorf("status %d: the page does not say %q:\n%s", status, want, text(body))
			}
		}
	}
	look("No. The record says 4.1 mmol/L; 6.8 mmol/L was sent to it.", "Call the one who sent it, before anybody acts on what the record says", "Sent and kept", "The record says", "Looked into RECORD", "The life of this record", "by tap-lab/10.0.0.5, final", "New: 4.1 mmol/L",
		"asked; the answer stands here within a minute")
	if err := s.Answer(t.Context(), a.now()); err != nil {
		t.Fatal(err)
	}
	look("Looked into RECORD", "it says what it said when it was read last")
	a.pass(11 * time.Minute)
	says("2.1") // under the same version
	look("asked; the answer stands here within a minute")
	if err := s.Answer(t.Context(), a.now()); err != nil {
		t.Fatal(err)
	}
	look("it was changed again, in a way in which its program does not")
}
