package elastic_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/collect/elastic"
	"github.com/wardline/wardline/internal/collect/eve"
	"github.com/wardline/wardline/internal/collect/httpin/httpintest"
	"github.com/wardline/wardline/internal/collect/windows"
	"github.com/wardline/wardline/internal/journal"
)

func shapes() []collect.Shape { return append(windows.Shapes(), eve.Shape()) }

func serve(t testing.TB) (*httpintest.Node, *collecttest.Memory) {
	kept := collecttest.NewMemory()
	return httpintest.Serve(t, kept, nil, elastic.Routes(shapes())...), kept
}

// Documents as shippers send them.
const (
	winlogbeat = `{"@timestamp":"2026-03-01T10:20:30.123Z","winlog":{"channel":"Security","event_id":"4625","record_id":77,"computer_name":"ws-12.north.example"},"event":{"code":"4625"},"agent":{"type":"winlogbeat"}}`
	filebeat   = `{"@timestamp":"2026-03-01T10:20:30Z","message":"door opened","log":{"offset":120,"file":{"path":"/var/log/door.log"}},"agent":{"ephemeral_id":"e1"}}`
	suricata   = `{"timestamp":"2026-03-01T10:20:30.000001+0000","flow_id":1,"event_type":"alert","src_ip":"10.1.2.3"}`
	index      = `{"index":{"_index":"logs"}}`
	create     = `{"create":{"_index":"logs"}}`
)

// reply is the answer as shippers read it.
type reply struct {
	Errors bool
	Items  []map[string]struct {
		ID     string `json:"_id"`
		Status int
		Error  struct{ Type, Reason string }
	}
}

func (r reply) String() string {
	list := []string{fmt.Sprint(r.Errors)}
	for _, item := range r.Items {
		for action, result := range item {
			list = append(list, strings.TrimSpace(fmt.Sprint(action, result.ID, " ", result.Status, " ", result.Error.Type)))
		}
	}
	return strings.Join(list, "; ")
}

func TestBulk(t *testing.T) {
	lines := func(l ...string) string { return strings.Join(l, "\n") + "\n" }
	for name, c := range map[string]struct {
		path, body string // POST, unless the path says PUT
		status     int
		want       string // the reply, or a piece of an error
		kept       []string
		damages    int
		received   int64
	}{
		"beats":              {"", lines(index, winlogbeat, create, filebeat), 200, "false; index 201; create 201", []string{"winlogbeat security", "json "}, 0, 2},
		"index in the path":  {"/logs", lines(`{"create":{}}`, suricata), 200, "false; create 201", []string{"eve alert"}, 0, 1},
		"put":                {"PUT ", lines(index, suricata), 200, "false; index 201", []string{"eve alert"}, 0, 1},
		"put to an index":    {"PUT /logs", lines(`{"create":{}}`, suricata), 200, "false; create 201", []string{"eve alert"}, 0, 1},
		"with an id":         {"", lines(`{"index":{"_index":"a","_id":"7","pipeline":null}}`, filebeat), 200, "false; index7 201", []string{"json "}, 0, 1},
		"carriage returns":   {"", index + "\r\n" + suricata + "\r\n", 200, "false; index 201", []string{"eve alert"}, 0, 1},
		"an empty line":      {"", lines(index, suricata, ""), 200, "false; index 201", []string{"eve alert"}, 0, 1},
		"a bad byte":         {"", lines(index, "{\"a\":\"\xff\"}"), 200, "false; index 201", []string{"json "}, 0, 1},
		"one unreadable":     {"", lines(index, `{"a":`, index, filebeat), 200, "true; index 400 document_parsing_exception; index 201", []string{"json "}, 1, 2},
		"no object":          {"", lines(index, `"text"`), 200, "true; index 400 document_parsing_exception", nil, 1, 1},
		"update and delete":  {"", lines(`{"update":{"_id":"1"}}`, `{"doc":{}}`, `{"delete":{"_id":"1"}}`, index, filebeat), 200, "true; update1 400 illegal_argument_exception; delete1 400 illegal_argument_exception; index 201", []string{"json "}, 2, 3},
		"no last newline":    {"", index + "\n" + filebeat, 400, "terminated by a newline", nil, 0, 1},
		"nothing":            {"", "", 400, "no items", nil, 0, 1},
		"no action":          {"", lines(filebeat, filebeat), 400, "line [1]", nil, 0, 1},
		"out of step":        {"", lines(index, filebeat, filebeat, filebeat), 400, "line [3]", nil, 0, 1},
		"two actions":        {"", lines(`{"index":{},"create":{}}`, filebeat), 400, "line [1]", nil, 0, 1},
		"an index of a list": {"", lines(`{"index":{"_index":["a"]}}`, filebeat), 400, "line [1]", nil, 0, 1},
		"no document":        {"", lines(index), 400, "no document", nil, 0, 1},
		"a system path":      {"/_all", lines(index, filebeat), 400, "not the name of an index", nil, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			n, kept := serve(t)
			path, put := strings.CutPrefix(c.path, "PUT ")
			resp, body := n.Do(t, httpintest.Request{Method: map[bool]string{true: "PUT"}[put], Path: path + "/_bulk?filter_path=errors", Type: "application/x-ndjson", Body: c.body})
			if resp.StatusCode != c.status || resp.Header.Get("X-Elastic-Product") != "Elasticsearch" {
				t.Fatalf("status %d: %s", resp.StatusCode, body)
			}
			var got reply
			if err := json.Unmarshal([]byte(body), &got); c.status == 200 && (err != nil || got.String() != c.want) {
				t.Errorf("reply %s, want %s: %v", got, c.want, err)
			}
			if c.status != 200 && !strings.Contains(body, c.want) {
				t.Errorf("answer %s", body)
			}
			var list []string
			for _, ev := range kept.Events(t, httpintest.Options(t).Taxonomy) {
				list = append(list, ev.Format+" "+ev.Class.Service)
			}
			if diff := cmp.Diff(list, c.kept); diff != "" {
				t.Error(diff)
			}
			if got := len(kept.Damages(t)); got != c.damages {
				t.Errorf("%d damages", got)
			}
			if counts := collecttest.Balanced(t, n.Intake)["token/ward-7"]; counts.Received != c.received {
				t.Errorf("books %+v", counts)
			}
		})
	}
}

// What shippers ask when they start.
func TestStartUp(t *testing.T) {
	n, kept := serve(t)
	for request, want := range map[string]string{
		"HEAD /":                               "",
		"GET /":                                `"number":"8.`,
		"GET /_license?human=false":            `"status":"active"`,
		"GET /_xpack":                          `"status":"active"`,
		"GET /_cluster/health":                 `"status":"green"`,
		"GET /_nodes/http":                     `"nodes":{}`,
		"GET /_nodes/ingest":                   `"geoip"`,
		"GET /_cat/templates/filebeat-8":       `"name":"filebeat-8"`,
		"HEAD /_index_template/ecs-logstash":   "",
		"GET /_index_template/filebeat-8":      `"name":"filebeat-8"`,
		"PUT /_index_template/filebeat-8":      `{"acknowledged":true}`,
		"HEAD /_template/logstash":             "",
		"PUT /_template/logstash":              `{"acknowledged":true}`,
		"GET /_ilm/policy/filebeat":            `{"filebeat":{}}`,
		"PUT /_ilm/policy/filebeat":            `{"acknowledged":true}`,
		"GET /_ingest/pipeline/winlogbeat-8":   `{"winlogbeat-8":{}}`,
		"PUT /_ingest/pipeline/winlogbeat-8":   `{"acknowledged":true}`,
		"GET /_data_stream/filebeat-8":         `"name":"filebeat-8"`,
		"PUT /_data_stream/filebeat-8":         `{"acknowledged":true}`,
		"HEAD /_alias/filebeat":                "",
		"HEAD /logstash":                       "",
		"PUT /%3Cfilebeat-%7Bnow%2Fd%7D-01%3E": `{"acknowledged":true}`,
	} {
		method, path, _ := strings.Cut(request, " ")
		resp, body := n.Do(t, httpintest.Request{Method: method, Path: path})
		if resp.StatusCode != 200 || !strings.Contains(body, want) || resp.Header.Get("X-Elastic-Product") == "" {
			t.Errorf("%s: status %d: %s", request, resp.StatusCode, body)
		}
	}
	// What could be an event is never acknowledged by those who do not keep it, and is booked; a question is not.
	for _, path := range []string{"/_doc", "/_bulk2", "/logs/_doc", "/_anything/x", "/logs/_create"} {
		if resp, body := n.Do(t, httpintest.Request{Method: "PUT", Path: path, Body: filebeat}); resp.StatusCode != 404 || strings.Contains(body, "acknowledged") {
			t.Errorf("PUT %s: status %d: %s", path, resp.StatusCode, body)
		}
	}
	if resp, _ := n.Do(t, httpintest.Request{Method: "GET", Path: "/_search"}); resp.StatusCode != 404 {
		t.Errorf("a search: status %d", resp.StatusCode)
	}
	if counts := collecttest.Balanced(t, n.Intake)["token/ward-7"]; counts.Received != 5 || counts.Refused != 5 {
		t.Errorf("books %+v", counts)
	}
	if resp, _ := n.Do(t, httpintest.Request{Method: "GET", Path: "/", Authorization: "-"}); resp.StatusCode != 401 {
		t.Errorf("without a token: status %d", resp.StatusCode)
	}
	if len(kept.Lines(journal.Events)) > 0 {
		t.Error("questions became events")
	}
}

// A document that is sent again has the same id where its sender can tell it apart; two alike have two.
func TestIdentity(t *testing.T) {
	for name, c := range map[string]struct {
		first, second string
		same          bool
	}{
		"the id":             {`{"index":{"_index":"a","_id":"1"}}` + "\n" + filebeat, `{"index":{"_index":"a","_id":"1"}}` + "\n" + suricata, true},
		"the id elsewhere":   {`{"index":{"_index":"a","_id":"1"}}` + "\n" + filebeat, `{"index":{"_index":"b","_id":"1"}}` + "\n" + filebeat, false},
		"a line of a file":   {index + "\n" + filebeat, index + "\n" + filebeat, true},
		"a file cut off":     {index + "\n" + filebeat, index + "\n" + strings.Replace(filebeat, "opened", "closed", 1), false},
		"a Windows event":    {index + "\n" + winlogbeat, index + "\n" + strings.Replace(winlogbeat, `"agent"`, `"ecs":{},"agent"`, 1), true},
		"a log begun anew":   {index + "\n" + winlogbeat, index + "\n" + strings.Replace(winlogbeat, "10:20", "11:20", 1), false},
		"two without a name": {index + "\n" + suricata, index + "\n" + suricata, false},
	} {
		n, kept := serve(t)
		for _, body := range []string{c.first, c.second} {
			n.Do(t, httpintest.Request{Path: "/_bulk", Body: body + "\n"})
		}
		events := kept.Events(t, httpintest.Options(t).Taxonomy)
		if len(events) != 2 || (events[0].ID == events[1].ID) != c.same {
			t.Errorf("%s: %d events", name, len(events))
		}
	}
}

// A journal that stops in the middle: what is durable is said to be, the rest is to be sent again.
func TestJournalStops(t *testing.T) {
	t.Run("at once", func(t *testing.T) {
		n, kept := serve(t)
		kept.Refuse(journal.ErrFailed)
		resp, _ := n.Do(t, httpintest.Request{Path: "/_bulk", Body: strings.Repeat(index+"\n"+suricata+"\n", 3)})
		if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
			t.Errorf("status %d", resp.StatusCode)
		}
		if counts := collecttest.Balanced(t, n.Intake)["token/ward-7"]; counts.Refused != 3 || counts.Received != 3 {
			t.Errorf("books %+v", counts)
		}
	})
	t.Run("later", func(t *testing.T) {
		for name, kept := range map[string]*failing{
			"adding":   {Memory: collecttest.NewMemory(), after: 2},
			"settling": {Memory: collecttest.NewMemory(), after: 2, settle: true},
		} {
			n := httpintest.Serve(t, kept, nil, elastic.Routes(shapes())...)
			_, body := n.Do(t, httpintest.Request{Path: "/_bulk", Body: strings.Repeat(index+"\n"+suricata+"\n", 4)})
			var got reply
			if err := json.Unmarshal([]byte(body), &got); err != nil {
				t.Fatal(err, body)
			}
			busy := "; index 429 es_rejected_execution_exception"
			if want := "true; index 201; index 201" + busy + busy; got.String() != want {
				t.Errorf("%s: reply %s", name, got)
			}
			if counts := collecttest.Balanced(t, n.Intake)["token/ward-7"]; counts.Stored != 2 || counts.Refused != 2 {
				t.Errorf("%s: books %+v", name, counts)
			}
		}
	})
}

// failing takes no more than a number of lines.
type failing struct {
	*collecttest.Memory
	after  int
	settle bool // further ones are taken, and turn out not to be durable
}

func (f *failing) Add(ctx context.Context, l journal.Line) (*journal.Receipt, error) {
	f.after--
	switch {
	case f.after >= 0:
	case f.settle:
		r := journal.NewReceipt()
		r.Settle(journal.Place{}, journal.ErrFailed)
		return r, nil
	default:
		return nil, journal.ErrFull
	}
	return f.Memory.Add(ctx, l)
}

// The command that the manual shows.
func TestCurl(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("curl is not installed")
	}
	n, kept := serve(t)
	cmd := exec.CommandContext(t.Context(), curl, "-sS", "-u", "shipper:"+httpintest.Token, "-H", "Content-Type: application/x-ndjson", "--data-binary", "@-", n.URL+"/logs/_bulk")
	cmd.Stdin = strings.NewReader(create + "\n" + winlogbeat + "\n")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), `"errors":false`) || len(kept.Lines(journal.Events)) != 1 {
		t.Errorf("%v: %s", err, out)
	}
}

// FuzzBulk looks for bodies whose items are cut otherwise than a plain reading of the lines says, or that are quoted.
func FuzzBulk(f *testing.F) {
	for _, seed := range []string{
		index + "\n" + winlogbeat + "\n" + create + "\n" + filebeat + "\n", index + "\n{\n", "\n\n" + index + "\n\n", `{"delete":{"_id":"0042"}}` + "\n",
		`{"index":{"_index":"0042"}}` + "\n" + `{"0042":` + "\n",
	} {
		f.Add([]byte(seed))
	}
	o := httpintest.Options(f)
	o.Limits = collect.Limits{Record: 4 << 10, Depth: 12, Values: 1 << 10}
	handler := elastic.Routes(shapes())[0].New(o)
	f.Fuzz(func(t *testing.T, body []byte) {
		body = formattest.Plant(body)
		kept := collecttest.NewMemory()
		resp, in := collecttest.Post(t, kept, handler, "application/x-ndjson", body)
		counts := collecttest.Balanced(t, in)["fuzz"]
		if resp.Code != http.StatusOK {
			if resp.Code != http.StatusBadRequest || counts.Stored+counts.Quarantined > 0 || bytes.Contains(resp.Body.Bytes(), []byte("0042canary")) {
				t.Fatalf("status %d, books %+v", resp.Code, counts)
			}
			return
		}
		var got reply
		if err := json.Unmarshal(resp.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if want := plainly(t, body); want != len(got.Items) || counts.Received != int64(want) {
			t.Fatalf("%d items, want %d; books %+v", len(got.Items), want, counts)
		}
		for _, item := range got.Items {
			for _, result := range item {
				if strings.Contains(result.Error.Reason, "0042canary") {
					t.Fatal("an error quotes the document")
				}
			}
		}
	})
}

// plainly counts items with Go's own JSON.
func plainly(t *testing.T, body []byte) (items int) {
	lines := strings.Split(string(body), "\n")
	for i := 0; i < len(lines); i++ {
		if strings.TrimSpace(lines[i]) == "" {
			continue
		}
		var action map[string]json.RawMessage
		if err := json.Unmarshal([]byte(strings.ToValidUTF8(lines[i], "?")), &action); err != nil || len(action) != 1 {
			t.Fatalf("an action that is none was taken: %v", err)
		}
		items++
		if _, ok := action["delete"]; !ok {
			i++
		}
	}
	return items
}

// BenchmarkBulk is how fast documents come through the socket into a sealer that keeps them in memory.
func BenchmarkBulk(b *testing.B) {
	n, _ := serve(b)
	const items = 1000
	body := strings.Repeat(index+"\n"+winlogbeat+"\n"+create+"\n"+filebeat+"\n", items/2)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if resp, text := n.Do(b, httpintest.Request{Path: "/_bulk", Body: body}); resp.StatusCode != 200 || !strings.Contains(text[:60], `"errors":false`) {
			b.Fatal(resp.Status)
		}
	}
	b.ReportMetric(items*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
