package jsonlines_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/collect/eve"
	"github.com/wardline/wardline/internal/collect/fhir"
	"github.com/wardline/wardline/internal/collect/httpin/httpintest"
	"github.com/wardline/wardline/internal/collect/json"
	"github.com/wardline/wardline/internal/collect/jsonlines"
	"github.com/wardline/wardline/internal/journal"
)

func routes() []collect.Route {
	return jsonlines.Routes(json.Format([]collect.Shape{eve.Shape(), fhir.Shape()}))
}

const alert = `{"timestamp":"2026-03-01T10:20:30.000001+0000","flow_id":1,"event_type":"alert"}`

// hollow is the entry of a Bundle without a resource: it holds no event, and is kept as it came.
const hollow = `{"fullUrl":"urn:uuid:1"}`

func TestEvents(t *testing.T) {
	for name, c := range map[string]struct {
		body    string
		status  int
		answer  string
		raws    []string // of the events
		damages []string
	}{
		"lines":         {alert + "\n" + `{"a":1}` + "\n", 200, `{"kept":2}`, []string{"eve", "json"}, nil},
		"an array":      {"[" + alert + ", " + alert + "]", 200, `{"kept":2}`, []string{"eve", "eve"}, nil},
		"a wrapper":     {`{"Records":[{"a":1},{"a":2}]}`, 200, `{"kept":2}`, []string{"json", "json"}, nil},
		"one damaged":   {`{"a":1}` + "\n" + `{"a":` + "\n" + `{"a":2}`, 200, `{"kept":2,"damaged":[{"offset":8,`, []string{"json", "json"}, []string{`{"a":` + "\n"}},
		"damage at end": {`{"a":1}` + "\n" + `{"a":`, 200, `{"kept":1,"damaged":[{"offset":8,`, []string{"json"}, []string{`{"a":`}},
		"all damaged":   {`{"a":`, 400, `{"kept":0,"damaged":[{"offset":0,`, nil, []string{`{"a":`}},
		"no event":      {`{"resourceType":"Bundle","entry":[{"resource":{"a":1}},` + hollow + `]}`, 200, `{"kept":1,"damaged":[{"offset":`, []string{"json"}, []string{hollow}},
		"text":          {"good morning", 400, "no JSON", nil, nil},
		"empty":         {"", 400, "no JSON", nil, nil},
		"empty array":   {"[]", 200, `{"kept":0}`, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			kept := collecttest.NewMemory()
			n := httpintest.Serve(t, kept, nil, routes()...)
			resp, body := n.Do(t, httpintest.Request{Path: "/events", Body: c.body})
			if resp.StatusCode != c.status || !strings.Contains(body, c.answer) {
				t.Errorf("status %d: %s", resp.StatusCode, body)
			}
			var formats, damages []string
			for _, ev := range kept.Events(t, httpintest.Options(t).Taxonomy) {
				formats = append(formats, ev.Format)
			}
			for _, d := range kept.Damages(t) {
				damages = append(damages, string(d.Bytes))
			}
			if diff := cmp.Diff([][]string{formats, damages}, [][]string{c.raws, c.damages}); diff != "" {
				t.Error(diff)
			}
			collecttest.Balanced(t, n.Intake)
		})
	}
}

func TestJournalFails(t *testing.T) {
	for when, fail := range map[string]func(*collecttest.Memory, error){"at once": (*collecttest.Memory).Refuse, "on the way to the disk": (*collecttest.Memory).Break} {
		kept := collecttest.NewMemory()
		n := httpintest.Serve(t, kept, nil, routes()...)
		fail(kept, journal.ErrFull)
		if resp, body := n.Do(t, httpintest.Request{Path: "/events", Body: alert}); resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "disk is full") {
			t.Errorf("%s: status %d: %s", when, resp.StatusCode, body)
		}
	}
}

// The same body under the same key gives the same events; without a key two alike are two.
func TestIdempotencyKey(t *testing.T) {
	for key, same := range map[string]bool{"": false, "shift-7": true} {
		kept := collecttest.NewMemory()
		n := httpintest.Serve(t, kept, nil, routes()...)
		for range 2 {
			req, err := http.NewRequestWithContext(t.Context(), "POST", n.URL+"/events", strings.NewReader(alert))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+httpintest.Token)
			req.Header.Set("Idempotency-Key", key)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
		}
		events := kept.Events(t, httpintest.Options(t).Taxonomy)
		if len(events) != 2 || (events[0].ID == events[1].ID) != same {
			t.Errorf("key %q: %d events", key, len(events))
		}
	}
}

// FuzzEvents looks for bodies that are quoted, lost or counted twice.
func FuzzEvents(f *testing.F) {
	for _, seed := range []string{alert + "\n" + alert, `[{"0042":1},{"0042":` + "\n" + `{}]`, `{"Records":[{}]} x`, "{}\n{\n{}"} {
		f.Add([]byte(seed))
	}
	o := httpintest.Options(f)
	o.Limits = collect.Limits{Record: 4 << 10, Depth: 12, Values: 1 << 10}
	handler := routes()[0].New(o)
	f.Fuzz(func(t *testing.T, body []byte) {
		body = formattest.Plant(body)
		kept := collecttest.NewMemory()
		resp, in := collecttest.Post(t, kept, handler, "application/json", body)
		if strings.Contains(resp.Body.String(), "0042canary") {
			t.Fatal("the answer quotes the body")
		}
		collecttest.Balanced(t, in)
		raw := 0
		for _, d := range kept.Damages(t) {
			raw += len(d.Bytes)
			if !strings.Contains(string(body), string(d.Bytes)) {
				t.Fatal("a damage is no piece of the body")
			}
		}
		if raw > len(body) {
			t.Fatal("bytes were kept twice")
		}
	})
}
