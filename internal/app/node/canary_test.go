package node_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/wardline/wardline/format/mllp"
	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/index"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/watch"
)

// aviary is a house into which canaries were let.
type aviary struct {
	*house
	birds    []canary
	screens  *hound // of what people and senders are answered
	masked   *hound // of pages that name nobody
	all      *hound
	plain    string // an HTTP door without TLS
	client   *http.Client
	console  string
	statuses map[int]int
	mu       sync.Mutex // guards screens and statuses
}

// open starts the node and waits for the doors that others do not use.
func (a *aviary) open() {
	a.t.Helper()
	a.start()
	for _, address := range []string{a.plain, a.metrics, strings.TrimPrefix(a.console, "https://")} {
		a.eventually(func() bool {
			conn, err := net.Dial("tcp", address)
			if err == nil {
				conn.Close()
			}
			return err == nil
		})
	}
}

// ask keeps what came back, and returns it.
func (a *aviary) ask(method, address, kind, body string, headers ...string) string {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := a.client.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 16<<20))
	if err != nil {
		a.t.Fatal(err)
	}
	var all bytes.Buffer
	_ = res.Header.Write(&all)
	all.Write(text)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.statuses[res.StatusCode]++
	where := "an answer to a sender"
	if strings.HasPrefix(address, a.console) {
		where = "an answer of the console to " + method + " " + regexp.MustCompile(`[0-9a-f-]{8,}|\d+`).ReplaceAllString(strings.TrimPrefix(address, a.console), "N")
	}
	a.screens.look(where, all.Bytes())
	if to := res.Header.Get("Location"); to != "" {
		return to
	}
	return string(text)
}

// message sends HL7, and keeps the answer, if there is one.
func (a *aviary) message(conn net.Conn, in *mllp.Reader, text string) {
	a.t.Helper()
	if _, err := fmt.Fprintf(conn, "\x0b%s\x1c\r", text); err != nil {
		a.t.Fatal(err)
	}
	frame, err := in.Next()
	if err != nil {
		a.t.Fatal(err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	// An answer gives back what the message calls its sender: that is for the sender alone.
	a.screens.look("an answer to a sender of HL7", bytes.SplitN(frame.Payload, []byte("\r"), 2)[1])
}

// sing sends every canary in at every door.
func (a *aviary) sing() {
	a.t.Helper()
	conn, err := net.Dial("tcp", a.mllp)
	if err != nil {
		a.t.Fatal(err)
	}
	defer conn.Close()
	in := mllp.NewReader(conn, 1<<20)
	for i := range a.birds { // first, so that they were heard of
		a.message(conn, in, a.birds[i].hl7([]string{"ADT^A01^ADT_A01", "ORU^R01", "ADT^A40", "MDM^T02", "RAS^O17"}[i%5], i))
	}
	for i := range a.birds[:len(a.birds)/4] {
		for _, m := range a.birds[i].damaged() {
			a.message(conn, in, m)
		}
	}
	syslog, err := net.Dial("tcp", a.syslog)
	if err != nil {
		a.t.Fatal(err)
	}
	defer syslog.Close()
	door, json := "http://"+a.plain, "application/json"
	csv := "ACCESS_TIME,SYSTEM_LOGIN,USER_NAME,PAT_MRN_ID,PAT_NAME,PAT_ENC_CSN_ID,METRIC_NAME,CLIENT_IP,BTG_REASON,BTG_EXPLANATION,SEARCH_TEXT\n"
	for i := range a.birds {
		c := &a.birds[i]
		web := c.web()
		a.ask("POST", door+"/fhir/AuditEvent", "application/fhir+json", c.audit([]string{"read", "search-type", "export"}[i%3], []string{"TREAT", "BTG"}[i%2]))
		for _, m := range []string{c.atna(), web["message"] + " " + web["url"], "CEF:0|v|p|1|1|" + web["message"] + "|3|suser=nurse7 request=" + web["url"]} {
			m = fmt.Sprintf("<85>1 %s web app - IHE+RFC-3881 - %s", time.Now().UTC().Format(time.RFC3339), m)
			if _, err := fmt.Fprintf(syslog, "%d %s", len(m), m); err != nil {
				a.t.Fatal(err)
			}
		}
		a.ask("POST", door+"/_bulk", "application/x-ndjson", "{\"create\":{\"_index\":\"web\"}}\n"+quoted(web)+"\n")
		a.ask("POST", door+"/services/collector/event", json, quoted(map[string]any{"event": web})+quoted(map[string]any{"event": web["message"], "source": web["url"]}))
		a.ask("POST", door+"/v1/logs", json, fmt.Sprintf(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":%q},"attributes":[{"key":"url.full","value":{"stringValue":%q}}]}]}]}]}`, web["message"], web["url"]))
		a.ask("POST", door+"/events", json, quoted(web))
		csv += fmt.Sprintf("%s,nurse7,Nurse Seven,%s,\"%s, %s\",%s,%s,10.2.3.4,%s,%s %s,%s\n", time.Now().UTC().Format("1/2/2006 15:04:05"), c.mrn, c.family, c.given, c.visit,
			[]string{"Chart opened", "Break the glass", "Report printed"}[i%3], c.note, c.family, c.phone, c.family)
		if i%25 == 0 { // a column too few: what follows stands in the wrong place
			csv += fmt.Sprintf("%s,nurse7,%s,%s\n", time.Now().UTC().Format("1/2/2006 15:04:05"), c.mrn, c.family)
		}
		if i < len(a.birds)/4 {
			a.wrong(c)
		}
	}
	a.drop("export-"+a.birds[1].mrn+".csv", csv)
	a.drop("cabinet-"+a.birds[2].mrn+".csv", a.cabinet())
}

// drop leaves a file where the node reads files.
func (a *aviary) drop(name, text string) {
	a.t.Helper()
	part := filepath.Join(a.dir, "in", "part")
	if err := os.WriteFile(part, []byte(text), 0o600); err != nil {
		a.t.Fatal(err)
	}
	if err := os.Rename(part, filepath.Join(a.dir, "in", name)); err != nil {
		a.t.Fatal(err)
	}
}

// cabinet is the log of a drug cabinet, in which patients stand where they belong, and where somebody typed them.
func (a *aviary) cabinet() string {
	var b strings.Builder
	b.WriteString("TRANSACTION_TIME,STATION,TRANSACTION_TYPE,USER_ID,WITNESS_ID,PATIENT_ID,ENCOUNTER,DRUG_ID,DRUG_NAME,AMOUNT,UNIT,EXPECTED_COUNT,ACTUAL_COUNT,ORDER_ID,PATIENT_NAME\n")
	for i := range a.birds {
		c := &a.birds[i]
		at := time.Now().UTC().Format("2006-01-02 15:04:05")
		fmt.Fprintf(&b, "%s,ADC-4W,%s,nurse7,nurse8,%s,%s,D0402,MORPHINE 10 MG/ML INJ,10,mg,20,19,O7,\"%s, %s\"\n", at, []string{"REMOVE", "WASTE", "OVERRIDE"}[i%3], c.mrn, c.visit, c.family, c.given)
		if i%25 == 0 { // a time that is none, a column too few, an amount that is a name
			fmt.Fprintf(&b, "%s,ADC-4W,REMOVE,nurse7,,%s,,D0402,,10,mg,,,,\n%s,ADC-4W,%s\n%s,ADC-4W,REMOVE,nurse7,,%s,,D0402,,%s,mg,,,,\n", c.family, c.mrn, at, c.mrn, at, c.mrn, c.family)
		}
	}
	return b.String()
}

// wrong asks what leads to errors.
func (a *aviary) wrong(c *canary) {
	a.t.Helper()
	door := "http://" + a.plain
	agent := []string{"User-Agent", c.given + " " + c.family, "Referer", "https://ehr.example.org/p/" + c.mrn}
	audit := c.audit("read", "TREAT")
	bundle := func(kind string) string {
		return fmt.Sprintf(`{"resourceType":"Bundle","type":%q,"entry":[{"resource":%s,"request":{"method":"POST","url":"AuditEvent"}},{"resource":{"resourceType":"Patient","id":%q,"name":[{"family":%q,"given":[%q]}],"birthDate":%q}}]}`,
			kind, audit, c.mrn, c.family, c.given, c.born)
	}
	for _, x := range [][4]string{
		{"POST", "/fhir/AuditEvent", "application/fhir+json", audit[:len(audit)-9]}, {"POST", "/fhir/Patient", "application/fhir+json", bundle("x")}, {"POST", "/fhir", "application/fhir+json", bundle("transaction")},
		{"POST", "/fhir", "application/fhir+json", bundle("batch")}, {"POST", "/fhir", "application/fhir+json", bundle(c.family)}, {"GET", "/fhir/Patient/" + c.mrn + "?name=" + url.QueryEscape(c.family), "text/plain", ""},
		{"POST", "/fhir/AuditEvent", "application/fhir+xml", "<Patient><name>" + c.family}, {"POST", "/" + c.mrn + "/" + url.PathEscape(c.family), "application/json", "{}"}, {"PUT", "/_bulk?pipeline=" + c.mrn, "application/x-ndjson", c.family},
		{"POST", "/_bulk", "application/x-ndjson", "{\"" + c.mrn + "\":{}}\n{\"" + c.family + "\n"}, {"POST", "/services/collector/event?channel=" + c.mrn, "application/json", "{\"event\":\"" + c.family}, {"POST", "/v1/logs", "application/json", "{\"" + c.family},
		{"POST", "/v1/logs", "application/x-protobuf", c.family}, {"POST", "/events", c.mrn, "{\"a\":\"" + c.family}, {"POST", "/events", "application/json", "\x1f\x8b" + c.family},
	} {
		a.ask(x[0], door+x[1], x[2], x[3], agent...)
	}
	a.ask("POST", door+"/events", "application/json", "{}", append(agent, "Content-Encoding", c.family, "Authorization", "Bearer "+c.mrn)...)
	for _, path := range []string{"/findings/" + c.mrn, "/search/" + url.PathEscape(c.family), "/journal/find?entry=" + c.mrn, "/" + c.mrn + "/" + c.given, "/hunt/" + c.mrn, "/rules/" + url.PathEscape(c.family), "/api/v1/findings/" + c.mrn} {
		a.ask("GET", a.console+path, "text/plain", "", agent...)
	}
}

// follow follows where a form leads.
func (a *aviary) post(path string, form url.Values) string {
	a.t.Helper()
	to := a.ask("POST", a.console+path, "application/x-www-form-urlencoded", form.Encode())
	if strings.HasPrefix(to, "/") {
		return a.ask("GET", a.console+to, "text/plain", "")
	}
	return to
}

// work does what people do at the console. What they type is about the first patient, whom their own screens may name.
func (a *aviary) work() {
	a.t.Helper()
	typed := &a.birds[0]
	for _, text := range []string{typed.mrn, `"` + typed.given + " " + typed.family + `"`, "nurse7", typed.visit} {
		to := a.ask("POST", a.console+"/search", "application/x-www-form-urlencoded", url.Values{"text": {text}, "last": {"24h"}}.Encode())
		page := a.ask("GET", a.console+to, "text/plain", "")
		if !strings.Contains(page, " fit") {
			a.t.Errorf("nothing is found of what was typed: %.300s", regexp.MustCompile(`(?s)<h1.*?</h1>`).FindString(page))
		}
		a.post(to+"/keep", url.Values{"name": {"about " + typed.family}})
	}
	a.post("/search", url.Values{"field": {"access.patient"}, "op": {"="}, "value": {typed.mrn}, "last": {"24h"}})
	rule := "title: About " + typed.family + "\nlevel: low\nlogsource: {product: ehr}\ndetection: {s: {access.patient: '" + typed.mrn + "'}, condition: s}\n"
	a.post("/hunt", url.Values{"rule": {rule}, "days": {"1"}})
	a.post("/hunt", url.Values{"indicators": {"10.2.3.4"}, "days": {"1"}})
	a.post("/hunt", url.Values{"indicators": {"no " + typed.family}, "days": {typed.mrn}})
	queue := a.ask("GET", a.console+"/findings", "text/plain", "")
	ids := regexp.MustCompile(`/findings/([0-9a-f]{24})`).FindAllStringSubmatch(queue, -1)
	if len(ids) == 0 {
		a.t.Error("nothing was found")
	}
	for i, id := range ids {
		a.ask("GET", a.console+"/findings/"+id[1], "text/plain", "")
		if i == 0 {
			a.post("/findings/"+id[1]+"/judge", url.Values{"verdict": {"expected"}, "why": {"asked " + typed.given + " " + typed.family + ", " + typed.phone}})
			a.post("/findings/"+id[1]+"/hide", url.Values{"scope": {"all"}, "days": {"7"}, "reason": {"about " + typed.family + " " + typed.mrn}, "step": {"save"}})
		}
	}
	for _, path := range []string{"/", "/you", "/hidden", "/search", "/hunt", "/sources", "/flows", "/flows/map", "/flows/readiness", "/flows/canaries", "/rules", "/journal", "/people", "/trail", "/findings?view=closed"} {
		a.ask("GET", a.console+path, "text/plain", "")
	}
	for entry := range 10 * len(a.birds) {
		a.ask("GET", fmt.Sprintf("%s/journal/%d/0", a.console, entry), "text/plain", "")
		if entry%50 == 0 {
			a.ask("GET", fmt.Sprintf("%s/journal/%d/0/proof", a.console, entry), "text/plain", "")
		}
	}
	a.ask("GET", "http://"+a.metrics+"/metrics", "text/plain", "")
	a.ask("GET", "http://"+a.metrics+"/healthz", "text/plain", "")
}

// operate does what is done on the machine itself.
func (a *aviary) operate() {
	a.t.Helper()
	c, err := node.ReadConfig(a.config)
	if err != nil {
		a.t.Fatal(err)
	}
	ctx := a.t.Context()
	a.screens.look("the doctor", []byte(quoted(node.Doctor(ctx, &c))))
	var status, senders any
	for path, into := range map[string]any{"/status": &status, "/senders": &senders} {
		if err := node.Control(ctx, &c, path, nil, into); err != nil {
			a.t.Fatal(err)
		}
		a.screens.look("what the node says of itself", []byte(quoted(into)))
	}
	answer, err := node.Hunt(ctx, &c, node.HuntRequest{Question: "10.2.3.4"}, func(watch.Progress) {})
	if err != nil {
		a.t.Fatal(err)
	}
	a.screens.look("the answer to a hunt", []byte(quoted(answer)))
	if err := node.Control(ctx, &c, "/backups", node.Backup{Dir: filepath.Join(a.dir, "backup")}, &status); err != nil {
		a.t.Fatal(err)
	}
}

// signIn opens the console as the first person.
func (a *aviary) signIn() {
	a.t.Helper()
	c, err := node.ReadConfig(a.config)
	if err != nil {
		a.t.Fatal(err)
	}
	n, err := node.Open(a.t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		a.t.Fatal(err)
	}
	defer n.Close(a.t.Context())
	cookie, err := n.Join(a.t.Context(), "copper lantern sings quietly", func(secret string) string {
		code, err := totp.GenerateCode(secret, time.Now())
		if err != nil {
			a.t.Fatal(err)
		}
		return code
	})
	if err != nil {
		a.t.Fatal(err)
	}
	a.console = "https://" + c.Console.Listen
	a.client = &http.Client{
		Transport:     signed{cookie, a.console, &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}, // whose certificate it is is not what is asked here
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// signed shows the cookie to the console alone.
type signed struct {
	cookie, console string
	next            http.RoundTripper
}

func (s signed) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasPrefix(r.URL.String(), s.console) && !strings.Contains(r.URL.Path, "/api/") {
		r.Header.Del("Authorization")
		r.AddCookie(&http.Cookie{Name: "__Host-wardline", Value: s.cookie})
	}
	return s.next.RoundTrip(r)
}

// rows reads the whole index, as whoever has its files could.
func (a *aviary) rows() (n int) {
	a.t.Helper()
	x, err := index.Open(index.DefaultConfig(filepath.Join(a.dir, "data", "index"), a.veil()), slog.New(slog.DiscardHandler))
	if err != nil {
		a.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(a.t.Context())
	done := make(chan error, 1)
	go func() {
		done <- x.Run(ctx, func(ctx context.Context, _ uint64, _ func(context.Context, index.Batch) error) error {
			<-ctx.Done()
			return ctx.Err()
		})
	}()
	a.eventually(func() bool { return x.Healthy() == nil })
	q := index.Query{Limit: 10_000, Oldest: true}
	for more := true; more; {
		stats, err := x.Search(ctx, q, func(h index.Hit) error {
			n++
			q.After = h.Cursor()
			a.all.look("a row of the index of class "+h.Class, fmt.Appendf(nil, "%s %s %s", h.ID, h.Source, h.Fields))
			return nil
		})
		if err != nil {
			a.t.Fatal(err)
		}
		more = stats.More && stats.Hits > 0
	}
	cancel()
	if err := <-done; err != nil {
		a.t.Error(err)
	}
	return n
}

// tables reads every cell of the database: what is long lies in pieces in its file.
func (a *aviary) tables() {
	a.t.Helper()
	db, err := store.Open(a.t.Context(), "sqlite:"+filepath.Join(a.dir, "data", "state.db"))
	if err != nil {
		a.t.Fatal(err)
	}
	defer db.Close()
	read := func(query string, each func(column string, cell []byte)) {
		rows, err := db.QueryContext(a.t.Context(), query)
		if err != nil {
			a.t.Fatal(err)
		}
		defer rows.Close()
		names, err := rows.Columns()
		if err != nil {
			a.t.Fatal(err)
		}
		cells, into := make([][]byte, len(names)), make([]any, len(names))
		for i := range cells {
			into[i] = &cells[i]
		}
		for rows.Next() {
			if err := rows.Scan(into...); err != nil {
				a.t.Fatal(err)
			}
			for i := range cells {
				each(names[i], cells[i])
			}
		}
		if err := rows.Err(); err != nil {
			a.t.Fatal(err)
		}
	}
	var tables []string
	read(`SELECT name FROM sqlite_master WHERE type = 'table'`, func(_ string, name []byte) { tables = append(tables, string(name)) })
	for _, table := range tables {
		read(`SELECT * FROM "`+table+`"`, func(column string, cell []byte) { a.all.look("the table "+table+"."+column, cell) })
	}
}

// TestNoIdentifierLeavesTheVault lets invented patients in at every door, works, asks, errs, kills and crashes, and then looks for them in all
// that is left and in all that was answered, in every way of writing (promise P19). The journal's bodies are encrypted and are looked through
// as well. WARDLINE_TRUST lets in 500, and else 40.
func TestNoIdentifierLeavesTheVault(t *testing.T) {
	count := 40
	if os.Getenv("WARDLINE_TRUST") != "" {
		count = 500
	}
	t.Setenv("WARDLINE_LOG", "debug")
	t.Setenv("GOTRACEBACK", "all")
	a := &aviary{birds: canaries(count), screens: newHound(t), masked: newHound(t), all: newHound(t), plain: free(t), statuses: map[int]int{}}
	for i := range a.birds {
		if a.birds[i].teach(i, a.all, a.masked); i >= named {
			a.birds[i].teach(i, a.screens)
		}
	}
	own := t.TempDir()
	rules := "title: Record opened\nid: 6f2b8f5e-0000-4000-8000-000000000001\nlevel: medium\nlogsource: {product: ehr}\ndetection: {s: {access.verb: [read, search]}, condition: s}\n---\n" +
		"title: Read often\nid: 6f2b8f5e-0000-4000-8000-000000000002\nname: often\nlevel: medium\nlogsource: {product: hl7}\ndetection: {s: {access.verb: [create, update, merge]}, condition: s}\n---\n" +
		"title: One patient again and again\nid: 6f2b8f5e-0000-4000-8000-000000000003\nlevel: medium\ncorrelation: {type: event_count, rules: [often], group-by: [access.patient], timespan: 1h, condition: {gte: 3}}\n---\n" +
		"title: Page of a chart\nid: 6f2b8f5e-0000-4000-8000-000000000004\nlevel: low\nlogsource: {}\ndetection: {s: {url|contains: '/chart/'}, condition: s}\n"
	if err := os.WriteFile(filepath.Join(own, "canary.yml"), []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	a.house = newHouse(t, fmt.Sprintf("- {kind: http, name: plain, listen: %q, plain: true}\n- {kind: files, name: exports, paths: [DIR/in/*.csv]}\nprivacy: {authority: ALDER, export_limit: 2}\nrules: {places: [builtin, %s]}\n", a.plain, own))
	for _, dir := range []string{"in", "tmp"} {
		if err := os.Mkdir(filepath.Join(a.dir, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("TMPDIR", filepath.Join(a.dir, "tmp"))
	a.signIn()
	a.open()
	a.sing()
	a.takeAway()
	a.caughtUp(t)
	a.work()
	a.review()
	a.operate()
	a.scored()
	a.stop(syscall.SIGKILL)
	a.open()
	a.wrong(&a.birds[named])
	a.caughtUp(t)
	a.work()
	a.stop(syscall.SIGQUIT) // prints what all goroutines do, as a panic does
	a.open()
	a.caughtUp(t)
	a.stop(syscall.SIGTERM)
	rows := a.rows()
	a.tables()
	a.all.look("the node's log", a.logged())
	files := a.all.walk(t, filepath.Join(a.dir, "data")) + a.all.walk(t, filepath.Join(a.dir, "backup")) + a.all.walk(t, filepath.Join(a.dir, "tmp"))
	t.Logf("%d patients; %d rows of the index, %d files and %d MB looked through; answers by status: %v, %d MB", count, rows, files, a.all.bytes>>20, a.statuses, a.screens.bytes>>20)
	for _, h := range []*hound{a.screens, a.masked, a.all} {
		a.report(h)
	}
	if rows < 8*count || a.statuses[200] < 100 || a.statuses[404] < 10 || a.statuses[400] < 10 || !bytes.Contains(a.logged(), []byte("SIGQUIT")) {
		t.Error("that is too little to tell")
	}
	a.planted()
}

func (a *aviary) logged() []byte {
	text, err := os.ReadFile(filepath.Join(a.dir, "node.log"))
	if err != nil {
		a.t.Fatal(err)
	}
	return text
}

// report says where hits were, once for each place and way.
func (a *aviary) report(h *hound) {
	a.t.Helper()
	places := map[string]int{}
	for hit := range h.hits {
		places[regexp.MustCompile(` of patient \d+`).ReplaceAllString(hit, "")]++
	}
	var list []string
	for place, n := range places {
		list = append(list, fmt.Sprintf("%s: %d patients", place, n))
	}
	slices.Sort(list)
	if len(list) > 0 {
		a.t.Errorf("%d hits:\n%s", len(h.hits), strings.Join(list[:min(60, len(list))], "\n"))
	}
}

// planted proves that what is planted where it must not be is found, in each way of writing.
func (a *aviary) planted() {
	a.t.Helper()
	c := a.birds[len(a.birds)-1]
	for way, text := range map[string][]byte{
		"plain": []byte("x " + c.mrn + " y"), "UTF-16": wide(c.family, binary.LittleEndian), "base64": []byte(base64.StdEncoding.EncodeToString([]byte(`{"name":"` + c.family + `"}`))), "hex": fmt.Appendf(nil, "%x", "a"+c.phone),
		"URL": []byte(url.QueryEscape(c.street)), "packed": packed(a.t, "born "+c.born), "in capital letters": []byte(strings.ToUpper(c.given)), "JSON": []byte(quoted(c.family)),
	} {
		h := newHound(a.t)
		c.teach(0, h)
		dir := a.t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "planted"), append([]byte("before "), text...), 0o600); err != nil {
			a.t.Fatal(err)
		}
		if h.walk(a.t, dir); len(h.hits) == 0 {
			a.t.Errorf("what was planted is not found: %s", way)
		}
	}
}
