package splunk_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/auditd"
	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/collect/eve"
	"github.com/wardline/wardline/internal/collect/httpin/httpintest"
	"github.com/wardline/wardline/internal/collect/splunk"
	"github.com/wardline/wardline/internal/collect/syslog"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/journal"
)

func routes() []collect.Route {
	return splunk.Routes([]collect.Shape{eve.Shape()}, []collect.Format{auditd.Format(), syslog.Format()})
}

func serve(t testing.TB) (*httpintest.Node, *collecttest.Memory) {
	kept := collecttest.NewMemory()
	return httpintest.Serve(t, kept, nil, routes()...), kept
}

const (
	alert = `{"timestamp":"2026-03-01T10:20:30.000001+0000","flow_id":1,"event_type":"alert"}`
	sshd  = `<38>Mar  1 10:20:30 ws-12 sshd[77]: Failed password for invented from 10.1.2.3 port 22 ssh2`
)

func TestEvents(t *testing.T) {
	for name, c := range map[string]struct {
		body     string
		status   int
		answer   string
		events   []string // class and fields
		damages  []string
		received int64
	}{
		"an object": {
			`{"time":1772360430.5,"host":"ids-1","sourcetype":"suricata","event":` + alert + `}`, 200, `{"text":"Success","code":0}`,
			[]string{`eve alert 2026-03-01T10:20:30.000001Z {"hec":{"time":1772360430.5,"host":"ids-1","sourcetype":"suricata"},` + alert[1:]}, nil, 1,
		},
		"an object in text": {
			`{"event":"{\"event_type\":\"dns\",\"timestamp\":\"2026-03-01T10:20:30Z\",\"flow_id\":2}"}`, 200, `"code":0`,
			[]string{`eve dns 2026-03-01T10:20:30Z {"hec":{},"event_type":"dns","timestamp":"2026-03-01T10:20:30Z","flow_id":2}`}, nil, 1,
		},
		"two in a row": {
			`{"event":{"a":1},"time":"1772360430"}` + "\n" + `{"event":"door opened","fields":{"ward":"7"}}`, 200, `"code":0`,
			[]string{
				`json  2026-03-01T10:20:30Z {"hec":{"time":"1772360430"},"a":1}`,
				`hec  0001-01-01T00:00:00Z {"hec":{"fields":{"ward":"7"}},"message":"door opened"}`,
			}, nil, 2,
		},
		"a number": {`{"event":7}`, 200, `"code":0`, []string{`hec  0001-01-01T00:00:00Z {"hec":{},"message":"7"}`}, nil, 1},
		"the second is blank": {
			`{"event":"a"}{"event":" "}{"event":"b"}`, 400, `{"text":"Event field cannot be blank","code":13,"invalid-event-number":1}`,
			[]string{`hec  0001-01-01T00:00:00Z {"hec":{},"message":"a"}`, `hec  0001-01-01T00:00:00Z {"hec":{},"message":"b"}`}, []string{`{"event":" "}`}, 3,
		},
		"two bad ones": {`{"event":""}{"host":"a"}`, 400, `"code":13,"invalid-event-number":0`, nil, []string{`{"event":""}`, `{"host":"a"}`}, 2},
		"no event":     {`{"host":"a"}`, 400, `"code":12,"invalid-event-number":0`, nil, []string{`{"host":"a"}`}, 1},
		"cut off":      {`{"event":"a"}{"event`, 400, `"code":6,"invalid-event-number":1`, []string{`hec  0001-01-01T00:00:00Z {"hec":{},"message":"a"}`}, []string{`{"event`}, 2},
		"no object":    {`[{"event":"a"}]`, 400, `"code":6`, nil, []string{`[{"event":"a"}]`}, 1},
		"bad JSON":     {`{"event":"a",}`, 400, `"code":6`, nil, []string{`{"event":"a",}`}, 1},
		"no data":      {" \n", 400, `{"text":"No data","code":5}`, nil, nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			n, kept := serve(t)
			resp, body := n.Do(t, httpintest.Request{Path: "/services/collector/event", Authorization: "Splunk " + httpintest.Token, Body: c.body})
			if resp.StatusCode != c.status || !strings.Contains(body, c.answer) {
				t.Errorf("status %d: %s", resp.StatusCode, body)
			}
			var events, damages []string
			for _, ev := range kept.Events(t, httpintest.Options(t).Taxonomy) {
				events = append(events, ev.Format+" "+ev.Class.Service+" "+ev.Time.Format("2006-01-02T15:04:05.999999999Z07:00")+" "+string(ev.Fields))
			}
			for _, d := range kept.Damages(t) {
				damages = append(damages, string(d.Bytes))
			}
			if diff := cmp.Diff(events, c.events); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(damages, c.damages); diff != "" {
				t.Error(diff)
			}
			if counts := collecttest.Balanced(t, n.Intake)["token/ward-7"]; counts.Received != c.received {
				t.Errorf("books %+v", counts)
			}
		})
	}
}

// Text of a format that is known becomes what it is; the envelope stands beside it.
func TestLines(t *testing.T) {
	n, kept := serve(t)
	resp, body := n.Do(t, httpintest.Request{Path: "/services/collector/raw?channel=c1&host=ws-12&sourcetype=linux", Body: sshd + "\r\n\n" + "type=LOGIN msg=audit(1772360430.123:77): pid=1\njust text\n"})
	if resp.StatusCode != 200 || !strings.Contains(body, `"ackId":0`) {
		t.Errorf("status %d: %s", resp.StatusCode, body)
	}
	var got []string
	for _, ev := range kept.Events(t, httpintest.Options(t).Taxonomy) {
		got = append(got, ev.Format+" "+ev.Class.Service)
		if !strings.HasPrefix(string(ev.Fields), `{"hec":{"host":"ws-12","sourcetype":"linux"},"`) {
			t.Errorf("fields %s", ev.Fields)
		}
	}
	if diff := cmp.Diff(got, []string{"syslog sshd", "auditd auditd", "hec "}); diff != "" {
		t.Error(diff)
	}
}

// A request that is sent again has the same events, where their time tells them from what just happened twice.
func TestIdentity(t *testing.T) {
	for name, c := range map[string]struct {
		first, second string
		distinct      int // of all their events
	}{
		"sent again":             {`{"time":1772360430.125,"event":"door opened"}`, `{"time":1772360430.125,"event":"door opened"}`, 1},
		"later":                  {`{"time":1772360430.125,"event":"door opened"}`, `{"time":1772360430.126,"event":"door opened"}`, 2},
		"twice in one request":   {strings.Repeat(`{"time":"1772360430.125","event":"door opened"}`, 2), strings.Repeat(`{"time":"1772360430.125","event":"door opened"}`, 2), 2},
		"twice within a second":  {`{"time":1772360430,"event":"door opened"}`, `{"time":1772360430,"event":"door opened"}`, 2},
		"seconds as a fraction":  {`{"time":1772360430.000,"event":"door opened"}`, `{"time":1772360430.000,"event":"door opened"}`, 2},
		"no time":                {`{"event":"door opened"}`, `{"event":"door opened"}`, 2},
		"a time in the event":    {`{"event":{"timestamp":"2026-03-01T10:20:30.125Z"}}`, `{"event":{"timestamp":"2026-03-01T10:20:30.125Z"}}`, 2},
		"among others, in parts": {`{"time":1772360430.125,"event":"a"}{"event":"b"}`, `{"time":1772360430.125,"event":"a"}{"event":"b"}`, 3},
	} {
		n, kept := serve(t)
		for _, body := range []string{c.first, c.second} {
			if resp, _ := n.Do(t, httpintest.Request{Path: "/services/collector/event", Body: body}); resp.StatusCode != 200 {
				t.Errorf("%s: status %d", name, resp.StatusCode)
			}
		}
		ids := map[event.ID]bool{}
		for _, ev := range kept.Events(t, httpintest.Options(t).Taxonomy) {
			ids[ev.ID] = true
		}
		if len(ids) != c.distinct {
			t.Errorf("%s: %d events, want %d", name, len(ids), c.distinct)
		}
	}
}

// The collector's own codes, on every path that clients use.
func TestCodes(t *testing.T) {
	n, kept := serve(t)
	for name, c := range map[string]struct {
		request httpintest.Request
		status  int
		answer  string
	}{
		"health":               {httpintest.Request{Method: "GET", Path: "/services/collector/health", Authorization: "-"}, 200, `"code":17`},
		"health 1.0":           {httpintest.Request{Method: "GET", Path: "/services/collector/health/1.0", Authorization: "-"}, 200, `"code":17`},
		"short path":           {httpintest.Request{Path: "/services/collector", Body: `{"event":"a"}`}, 200, `"code":0`},
		"event 1.0":            {httpintest.Request{Path: "/services/collector/event/1.0", Body: `{"event":"a"}`}, 200, `"code":0`},
		"no token":             {httpintest.Request{Path: "/services/collector", Authorization: "-"}, 401, `"code":2`},
		"token in the address": {httpintest.Request{Path: "/services/collector?token=x", Authorization: "-"}, 400, `"code":16`},
		"wrong token":          {httpintest.Request{Path: "/services/collector", Authorization: "Splunk x"}, 403, `"code":4`},
		"token from elsewhere": {httpintest.Request{Path: "/services/collector", Authorization: "Splunk elsewhere"}, 403, `"code":1`},
		"no channel":           {httpintest.Request{Path: "/services/collector/raw", Body: "a"}, 400, `"code":10`},
		"packed unknown":       {httpintest.Request{Path: "/services/collector", Packing: "zstd", Body: "a"}, 415, `"code":6`},
		"too large":            {httpintest.Request{Path: "/services/collector", Body: strings.Repeat(" ", 16<<20+1)}, 413, `"code":27`},
	} {
		if resp, body := n.Do(t, c.request); resp.StatusCode != c.status || !strings.Contains(body, c.answer) {
			t.Errorf("%s: status %d: %s", name, resp.StatusCode, body)
		}
	}
	for _, fail := range []func(error){kept.Break, kept.Refuse} { // on the way to the disk, at once
		fail(journal.ErrFull)
		if resp, body := n.Do(t, httpintest.Request{Path: "/services/collector", Body: `{"event":"a"}`}); resp.StatusCode != 503 || !strings.Contains(body, `"code":9`) {
			t.Errorf("status %d: %s", resp.StatusCode, body)
		}
	}
}

// What has a number is durable; what has none is not known.
func TestAcknowledgements(t *testing.T) {
	n, _ := serve(t)
	for want := range 2 {
		_, body := n.Do(t, httpintest.Request{Path: "/services/collector?channel=c1", Body: `{"event":"a"}`})
		var got struct{ AckID int }
		if err := json.Unmarshal([]byte(body), &got); err != nil || got.AckID != want {
			t.Errorf("%s, want number %d", body, want)
		}
	}
	_, body := n.Do(t, httpintest.Request{Path: "/services/collector/ack?channel=c1", Body: `{"acks":[0,1,2]}`})
	if strings.TrimSpace(body) != `{"acks":{"0":true,"1":true,"2":false}}` {
		t.Error(body)
	}
	if resp, _ := n.Do(t, httpintest.Request{Path: "/services/collector/ack?channel=c1", Body: `{`}); resp.StatusCode != 400 {
		t.Errorf("status %d", resp.StatusCode)
	}
}

// FuzzCollector looks for bodies that are quoted, lost, or taken otherwise than Go's decoder reads a row of objects.
func FuzzCollector(f *testing.F) {
	for _, seed := range []string{`{"event":"a"}{"event":{"0042":1}}`, `{"event":"` + sshd + `"}`, `{"event":"0042","0042":}`, `{"event":""}`, "{}x"} {
		f.Add([]byte(seed))
	}
	o := httpintest.Options(f)
	o.Limits = collect.Limits{Record: 4 << 10, Depth: 12, Values: 1 << 10}
	var events, raw http.Handler
	for _, r := range routes() {
		switch r.Pattern {
		case "POST /services/collector":
			events = r.New(o)
		case "POST /services/collector/raw":
			inner := r.New(o)
			raw = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.Header.Set("X-Splunk-Request-Channel", "c1")
				inner.ServeHTTP(w, r)
			})
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		body = formattest.Plant(body)
		for _, h := range []http.Handler{events, raw} {
			kept := collecttest.NewMemory()
			resp, in := collecttest.Post(t, kept, h, "", body)
			if strings.Contains(resp.Body.String(), "0042canary") || resp.Code >= 500 {
				t.Fatalf("status %d: the answer quotes the body, or the journal was blamed", resp.Code)
			}
			counts := collecttest.Balanced(t, in)["fuzz"]
			if resp.Code == 200 && counts.Stored != counts.Received {
				t.Fatalf("books %+v", counts)
			}
		}
		kept := collecttest.NewMemory()
		if resp, _ := collecttest.Post(t, kept, events, "", body); resp.Code == 200 {
			want := 0
			for d := json.NewDecoder(strings.NewReader(string(body))); d.More(); want++ {
				var v map[string]json.RawMessage
				if d.Decode(&v) != nil {
					return // only ours repairs
				}
			}
			if got := len(kept.Lines(journal.Events)); got != want {
				t.Fatalf("%d events, want %d", got, want)
			}
		}
	})
}
