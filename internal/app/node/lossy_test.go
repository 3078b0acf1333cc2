package node_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/wardline/wardline/format/mllp"
	"github.com/wardline/wardline/internal/sim/load"
	"github.com/wardline/wardline/internal/triage"
)

// TestWhatIsSentAgainCountsOnce lets every kind of sender send through a network that loses answers, breaks connections and
// repeats what was sent, and kills the node between storing and answering (promise P4). Each sender says everything twice, as two
// events of their own with one text, and sends until it is acknowledged. In the end search holds each event once and both of a pair,
// and the findings count as if the network had been good.
//
// Syslog acknowledges nothing and its events have no names: there what is sent again is kept again, and flagged.
func TestWhatIsSentAgainCountsOnce(t *testing.T) {
	pairs, kills := 12, 2
	if os.Getenv("WARDLINE_TRUST") != "" {
		pairs, kills = 400, 25
	}
	plain, secure := free(t), free(t)
	h := newHouse(t, fmt.Sprintf(`- {kind: http, name: plain, listen: %q, plain: true, limits: {connections_per_address: 256}}
- {kind: syslog, name: secure, streams: [{listen: %q, from: [127.0.0.0/8], tls: {certificate: DIR/data/authority/node.pem, key: DIR/data/authority/node.key}}]}
rules: {indicators: [%q]}
`, plain, secure, wanted(t)))
	senders := map[load.Way]struct {
		to   string
		send func(ctx context.Context, address string, n int) error
	}{
		load.MLLP: {h.mllp, sendMLLP},
		load.FHIR: {plain, h.posting(fhirPair)},
		load.Bulk: {plain, h.posting(bulkPair)},
		"hec":     {plain, h.posting(hecPair)},
		"otlp":    {plain, h.posting(otlpPair)},
		"lines":   {plain, h.posting(linesPair)},
		"secure":  {secure, h.sendSecure},
	}
	h.start()
	lost := make(chan struct{}, 1) // an answer
	tell := func() {
		select {
		case lost <- struct{}{}:
		default:
		}
	}
	var all sync.WaitGroup
	var proxies []*unreliable
	begin := func(way load.Way) {
		s := senders[way]
		u := newUnreliable(t, s.to, uint64(len(proxies)), tell)
		proxies = append(proxies, u)
		all.Go(func() {
			for n := range pairs {
				if err := insist(t.Context(), func(ctx context.Context) error { return s.send(ctx, u.address, n) }); err != nil {
					t.Errorf("%s: pair %d never got through: %v", way, n, err)
					return
				}
			}
		})
	}
	for _, way := range lossy()[:len(senders)-1] {
		begin(way)
	}
	killed := h.killAt(lost, kills, &all)
	begin("secure") // nobody can tell what a node had in hand from it when it was killed
	all.Wait()
	answers, dropped, cut, replays := 0, 0, 0, 0
	for _, u := range proxies {
		u.close()
		answers, dropped, cut, replays = answers+u.answers, dropped+u.lost, cut+u.cut, replays+u.replays
	}
	t.Logf("%d pairs over each of %d protocols: %d answers, %d lost, %d connections cut, %d repeated, %d times killed", pairs, len(senders), answers, dropped, cut, replays, killed)
	h.caughtUp(t)
	h.stop(syscall.SIGTERM)
	h.holdsPairs(t, pairs)
	n, _, _ := within(t, h.dir)
	eventually(t, "search has seen everything", func() bool { return n.Indexed() == n.Entries() })
	for _, way := range lossy()[:len(senders)-1] {
		if found, err := n.Count(t.Context(), word(way)); err != nil || found != uint64(2*pairs) {
			t.Errorf("%s: search finds %d events, %v; want %d", way, found, err, 2*pairs)
		}
		patiently(t, 2*time.Minute, "the desk has seen everything of "+string(way), func() bool { // what is too much in an hour is gathered for a minute
			counted := 0
			items, err := n.Desk().List(t.Context(), triage.Filter{Limit: 1000})
			for _, i := range items {
				if i.Rule.ID == domain(way) {
					counted += i.Count
				}
			}
			if err != nil || counted > 2*pairs {
				t.Fatalf("%s: the findings count %d events, %v; want %d", way, counted, err, 2*pairs)
			}
			return counted == 2*pairs
		})
	}
}

// lossy are the ways to send; syslog over TLS comes last.
func lossy() []load.Way {
	return []load.Way{load.MLLP, load.FHIR, load.Bulk, "hec", "otlp", "lines", "secure"}
}

// wanted is a list of indicators of which each event has that of its way.
func wanted(t *testing.T) (file string) {
	t.Helper()
	var list strings.Builder
	for _, way := range lossy() {
		fmt.Fprintln(&list, domain(way))
	}
	file = filepath.Join(t.TempDir(), "bad.txt")
	if err := os.WriteFile(file, []byte(list.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// word and domain mark what a way sends, for search and for the indicators.
func word(way load.Way) string   { return "LOSSY" + strings.ToUpper(string(way)) }
func domain(way load.Way) string { return "lossy" + string(way) + ".example.org" }

// text is what both events of a pair say.
func text(way load.Way, n int) string {
	return fmt.Sprintf("%s %s %s", mark("lossy", way, n), word(way), domain(way))
}

// killAt kills the node at answers that were lost, with some good time between, and starts it again, until all have sent.
func (h *house) killAt(lost <-chan struct{}, most int, all *sync.WaitGroup) (killed int) {
	h.t.Helper()
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	for {
		if killed == most {
			lost = nil
		}
		select {
		case <-lost:
			killed++
			h.stop(syscall.SIGKILL)
			h.start()
			<-time.After(300 * time.Millisecond) // so that others than those that connect come to something
		case <-done:
			return killed
		}
	}
}

// insist sends until it is acknowledged.
func insist(ctx context.Context, send func(context.Context) error) (err error) {
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); {
		try, cancel := context.WithTimeout(ctx, 10*time.Second)
		err = send(try)
		cancel()
		if err == nil {
			return nil
		}
		<-time.After(20 * time.Millisecond)
	}
	return err
}

// sendMLLP sends a pair on one connection: two messages under their own control ids.
func sendMLLP(ctx context.Context, address string, n int) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline)
	answers := mllp.NewReader(conn, 1<<20)
	for twin := range 2 {
		if _, err := fmt.Fprintf(conn, "\x0bMSH|^~\\&|EHR|EXAMPLE|ENGINE|EXAMPLE|20260102030405+0000||ADT^A08^ADT_A01|L%d-%d|P|2.5.1\rPID|1||T9000001^^^EXAMPLE^MR\rPV1|1|I|%s\r\x1c\r", n, twin, text(load.MLLP, n)); err != nil {
			return err
		}
		frame, err := answers.Next()
		if err != nil || !bytes.Contains(frame.Payload, []byte("\rMSA|AA|")) {
			return fmt.Errorf("not acknowledged: %w", err)
		}
	}
	return nil
}

// request is a pair in one request.
type request struct{ path, kind, key, body string }

func fhirPair(n int) request {
	one := `{"fullUrl":"urn:uuid:lossy-%d-%d","resource":{"resourceType":"AuditEvent","type":{"code":"rest"},"recorded":"2026-01-02T03:04:05Z","agent":[{"requestor":true,"network":{"address":%q}}],"source":{"observer":{"display":"ehr.example.org"}}},"request":{"method":"POST","url":"AuditEvent"}}`
	return request{"/fhir", "application/fhir+json", "", fmt.Sprintf(`{"resourceType":"Bundle","type":"batch","entry":[`+one+`,`+one+`]}`,
		n, 0, text(load.FHIR, n), n, 1, text(load.FHIR, n))}
}

func bulkPair(n int) request {
	var b strings.Builder
	for twin := range 2 { // two lines of one file
		fmt.Fprintf(&b, "{\"create\":{\"_index\":\"filebeat\"}}\n{\"@timestamp\":%q,\"message\":%q,\"log\":{\"offset\":%d,\"file\":{\"path\":\"/var/log/door.log\"}},\"agent\":{\"ephemeral_id\":\"e1\"}}\n",
			time.Now().UTC().Format(time.RFC3339Nano), text(load.Bulk, n), 1000*n+twin)
	}
	return request{"/_bulk", "application/x-ndjson", "", b.String()}
}

func hecPair(n int) request {
	one := fmt.Sprintf(`{"time":%d.%03d,"host":"door-7","event":%q}`, time.Now().Unix(), 1+n%999, text("hec", n))
	return request{"/services/collector/event", "application/json", "", one + one}
}

func otlpPair(n int) request {
	one := fmt.Sprintf(`{"timeUnixNano":"%d%03d000000","body":{"stringValue":%q}}`, time.Now().Unix(), n%1000, text("otlp", n))
	return request{"/v1/logs", "application/json", "", `{"resourceLogs":[{"scopeLogs":[{"logRecords":[` + one + `,` + one + `]}]}]}`}
}

func linesPair(n int) request {
	one := fmt.Sprintf("{\"message\":%q}\n", text("lines", n))
	return request{"/events", "application/x-ndjson", fmt.Sprint("lossy-", n), one + one}
}

// posting sends a pair in one request on a connection of its own. A pair that is sent again has the same bytes.
func (h *house) posting(pair func(n int) request) func(context.Context, string, int) error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	made := map[int]request{}
	return func(ctx context.Context, address string, n int) error {
		if _, ok := made[n]; !ok {
			made[n] = pair(n)
		}
		r := made[n]
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+r.path, strings.NewReader(r.body))
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+h.token)
		req.Header.Set("Content-Type", r.kind)
		if r.key != "" {
			req.Header.Set("Idempotency-Key", r.key)
		}
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		answer, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode >= 300 || strings.Contains(string(answer), `"errors":true`) {
			return fmt.Errorf("not acknowledged: status %d, %w", res.StatusCode, err)
		}
		return nil
	}
}

// sendSecure sends a pair over TLS, and believes that it arrived when the node, too, ends the connection in order.
func (h *house) sendSecure(ctx context.Context, address string, n int) error {
	conn, err := (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}).DialContext(ctx, "tcp", address) // whose certificate it is is not what is asked here
	if err != nil {
		return err
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline)
	m := "<86>1 2026-01-02T03:04:05Z door-7 door - - - " + text("secure", n)
	if _, err := fmt.Fprintf(conn, "%d %s%d %s", len(m), m, len(m), m); err != nil {
		return err
	}
	if err := conn.(*tls.Conn).CloseWrite(); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, conn)
	return err
}

// holdsPairs looks for all that was acknowledged in the journal, and that syslog's doubles say that they may be some.
func (h *house) holdsPairs(t *testing.T, pairs int) {
	t.Helper()
	kept := h.kept()
	for n := range pairs {
		for _, way := range lossy() {
			if kept[mark("lossy", way, n)] < 2 {
				t.Errorf("%s: pair %d is kept %d times", way, n, kept[mark("lossy", way, n)])
			}
		}
	}
	said, flagged := map[string]int{}, 0
	h.lines(func(line []byte) {
		switch m := bytes.Index(line, []byte("load-lossy-secure-")); {
		case m < 0:
		case bytes.Contains(line, []byte(`"possible_resend"`)):
			flagged++
		default:
			said[string(line[m:m+bytes.IndexByte(line[m:], '.')])]++
		}
	})
	for m, times := range said {
		if times > 2 {
			t.Errorf("%s is kept %d times without a word that it may have been sent again", m, times)
		}
	}
	t.Logf("syslog: %d doubles were kept and flagged", flagged)
}
