package load

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/wardline/wardline/format/mllp"
)

// syslog sends messages as RFC 6587 counts them. The protocol acknowledges nothing: what was written counts as sent.
func (c *Config) syslog(ctx context.Context, l *lane) error {
	conn, err := c.dial(ctx, c.Target.Syslog, c.Target.TLS)
	if err != nil {
		return err
	}
	defer conn.Close()
	var b bytes.Buffer
	for {
		numbers := l.batch(ctx, 100)
		if numbers == nil {
			return nil
		}
		b.Reset()
		for _, n := range numbers {
			m := fmt.Sprintf("<86>1 %s fw-%02d.example.org sshd %d - - %s Accepted publickey for clinic%03d from 10.20.%d.%d port %d ssh2",
				time.Now().UTC().Format(time.RFC3339Nano), n%40, 1000+n%500, c.mark(Syslog, n), n%200, n%250, n/250%250, 1024+n%60000)
			fmt.Fprintf(&b, "%d %s", len(m), m)
		}
		if _, err := conn.Write(b.Bytes()); err != nil {
			l.books.Errors++
			return fmt.Errorf("send: %w", err)
		}
		l.books.Sent += len(numbers)
		l.books.Bytes += b.Len()
	}
}

// mark names a record, so that it is found again in the journal.
func (c *Config) mark(w Way, n int) string { return fmt.Sprintf("load-%s-%s-%d.", c.Run, w, n) }

func (c *Config) mllp(ctx context.Context, l *lane) error {
	conn, err := c.dial(ctx, c.Target.MLLP, nil)
	if err != nil {
		return err
	}
	defer conn.Close()
	answers := mllp.NewReader(conn, 1<<20)
	for {
		n, ok := l.next(ctx)
		if !ok {
			return nil
		}
		began := time.Now()
		stamp := began.UTC().Format("20060102150405")
		size, err := fmt.Fprintf(conn, "\x0bMSH|^~\\&|EHR|EXAMPLE|ENGINE|EXAMPLE|%s+0000||ADT^A08^ADT_A01|%s|P|2.5.1\rEVN||%s\rPID|1||T%07d^^^EXAMPLE^MR||Testperson%03d^Exemplar||19700101|U\rPV1|1|I|W%d^1^A\r\x1c\r",
			stamp, c.mark(MLLP, n), stamp, 9000000+n%5000, n%1000, n%12)
		if err != nil {
			l.books.Errors++
			return fmt.Errorf("send: %w", err)
		}
		l.books.Sent++
		l.books.Bytes += size
		frame, err := answers.Next()
		if err != nil {
			l.books.Errors++
			return fmt.Errorf("wait for an acknowledgement: %w", err)
		}
		if bytes.Contains(frame.Payload, []byte("\rMSA|AA|")) {
			c.acknowledged(&l.books, began, n)
		} else {
			l.books.Refused++
		}
	}
}

func (c *Config) fhir(ctx context.Context, l *lane) error {
	for {
		n, ok := l.next(ctx)
		if !ok {
			return nil
		}
		body := fmt.Sprintf(`{"resourceType":"AuditEvent","type":{"system":"http://terminology.hl7.org/CodeSystem/audit-event-type","code":"rest"},"subtype":[{"system":"http://hl7.org/fhir/restful-interaction","code":"read"}],"action":"R","recorded":%q,"outcome":"0","outcomeDesc":%q,"agent":[{"who":{"display":"clinic%03d"},"requestor":true,"network":{"address":"10.20.%d.%d","type":"2"}}],"source":{"observer":{"display":"ehr.example.org"}},"entity":[{"what":{"reference":"Patient/T%07d"},"type":{"code":"1"},"role":{"code":"1"}}]}`,
			time.Now().UTC().Format(time.RFC3339Nano), c.mark(FHIR, n), n%200, n%250, n/250%250, 9000000+n%5000)
		if err := c.handIn(ctx, l, c.Target.FHIR+"/AuditEvent", "application/fhir+json", []byte(body), http.StatusCreated, []int{n}); err != nil {
			return err
		}
	}
}

func (c *Config) bulk(ctx context.Context, l *lane) error {
	for {
		numbers := l.batch(ctx, 200)
		if numbers == nil {
			return nil
		}
		var b bytes.Buffer
		for _, n := range numbers {
			fmt.Fprintf(&b, "{\"create\":{\"_index\":\"winlogbeat\"}}\n"+`{"@timestamp":%q,"winlog":{"channel":"Security","event_id":4624,"computer_name":"WS-%03d.example.org","event_data":{"TargetUserName":"clinic%03d","LogonType":"3","IpAddress":"10.20.%d.%d","LogonGuid":%q}},"event":{"code":"4624","provider":"Microsoft-Windows-Security-Auditing"},"agent":{"type":"winlogbeat","version":"8.15.0"}}`+"\n",
				time.Now().UTC().Format(time.RFC3339Nano), n%300, n%200, n%250, n/250%250, c.mark(Bulk, n))
		}
		began := time.Now()
		l.books.Sent += len(numbers)
		l.books.Bytes += b.Len()
		status, answer, err := c.post(ctx, c.Target.Bulk+"/_bulk", "application/x-ndjson", b.Bytes())
		if err != nil {
			l.books.Errors++
			return err
		}
		taken := created(status, answer, numbers)
		c.acknowledged(&l.books, began, taken...)
		l.books.Refused += len(numbers) - len(taken)
	}
}

// created lists the records that a bulk answer says were taken.
func created(status int, answer []byte, numbers []int) (taken []int) {
	var a struct {
		Items []map[string]struct {
			Status int `json:"status"`
		} `json:"items"`
	}
	if status != http.StatusOK || json.Unmarshal(answer, &a) != nil {
		return nil
	}
	for i, item := range a.Items {
		for _, result := range item {
			if result.Status == http.StatusCreated && i < len(numbers) {
				taken = append(taken, numbers[i])
			}
		}
	}
	return taken
}

// hec sends as forwarders of Splunk do, over HTTP.
func (c *Config) hec(ctx context.Context, l *lane) error {
	return c.batches(ctx, l, c.Target.HEC+"/services/collector/event", func(b *bytes.Buffer, n int) {
		fmt.Fprintf(b, `{"time":%d.%03d,"host":"app-%02d.example.org","source":"ehr","sourcetype":"_json","event":{"user":"clinic%03d","action":"login","address":"10.20.%d.%d","session":%q}}`+"\n",
			time.Now().Unix(), n%1000, n%20, n%200, n%250, n/250%250, c.mark(HEC, n))
	})
}

// lines posts JSON objects, one on each line.
func (c *Config) lines(ctx context.Context, l *lane) error {
	return c.batches(ctx, l, c.Target.Lines+"/events", func(b *bytes.Buffer, n int) {
		fmt.Fprintf(b, `{"@timestamp":%q,"host":"lab-%02d.example.org","user":"clinic%03d","action":"print","address":"10.20.%d.%d","session":%q}`+"\n",
			time.Now().UTC().Format(time.RFC3339Nano), n%20, n%200, n%250, n/250%250, c.mark(Lines, n))
	})
}

// otlp exports log records in the JSON form, all of one resource.
func (c *Config) otlp(ctx context.Context, l *lane) error {
	for {
		numbers := l.batch(ctx, 200)
		if numbers == nil {
			return nil
		}
		var b bytes.Buffer
		b.WriteString(`{"resourceLogs":[{"resource":{"attributes":[{"key":"host.name","value":{"stringValue":"api-01.example.org"}}]},"scopeLogs":[{"scope":{"name":"portal"},"logRecords":[`)
		for i, n := range numbers {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `{"timeUnixNano":"%d","severityNumber":9,"body":{"stringValue":"record opened"},"attributes":[{"key":"user.name","value":{"stringValue":"clinic%03d"}},{"key":"client.address","value":{"stringValue":"10.20.%d.%d"}},{"key":"session.id","value":{"stringValue":%q}}]}`,
				time.Now().UnixNano(), n%200, n%250, n/250%250, c.mark(OTLP, n))
		}
		b.WriteString(`]}]}]}`)
		if err := c.handIn(ctx, l, c.Target.OTLP+"/v1/logs", "application/json", b.Bytes(), http.StatusOK, numbers); err != nil {
			return err
		}
	}
}

// batches posts what is due, each record as write writes it.
func (c *Config) batches(ctx context.Context, l *lane, url string, write func(*bytes.Buffer, int)) error {
	for {
		numbers := l.batch(ctx, 200)
		if numbers == nil {
			return nil
		}
		var b bytes.Buffer
		for _, n := range numbers {
			write(&b, n)
		}
		if err := c.handIn(ctx, l, url, "application/json", b.Bytes(), http.StatusOK, numbers); err != nil {
			return err
		}
	}
}

// handIn posts a body whose records are all taken when the answer has that status, and else none.
func (c *Config) handIn(ctx context.Context, l *lane, url, kind string, body []byte, taken int, numbers []int) error {
	began := time.Now()
	l.books.Sent += len(numbers)
	l.books.Bytes += len(body)
	status, _, err := c.post(ctx, url, kind, body)
	switch {
	case err != nil:
		l.books.Errors++
		return err
	case status == taken:
		c.acknowledged(&l.books, began, numbers...)
	default:
		l.books.Refused += len(numbers)
	}
	return nil
}

func (c *Config) post(ctx context.Context, url, kind string, body []byte) (status int, answer []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Authorization", "Bearer "+c.Target.Token)
	res, err := c.Target.Client.Do(req)
	if err != nil {
		return 0, nil, fmt.Errorf("send: %w", err)
	}
	defer res.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(res.Body, 16<<20))
	return res.StatusCode, answer, err
}

func (c *Config) dial(ctx context.Context, address string, config *tls.Config) (net.Conn, error) {
	d := &net.Dialer{Timeout: 10 * time.Second}
	if host, _, err := net.SplitHostPort(address); err == nil && net.ParseIP(host).IsLoopback() {
		d.LocalAddr = &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(1+rand.IntN(200)))} // as if from many machines
	}
	if config != nil {
		return (&tls.Dialer{NetDialer: d, Config: config}).DialContext(ctx, "tcp", address)
	}
	return d.DialContext(ctx, "tcp", address)
}
