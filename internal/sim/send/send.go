// Package send carries what an invented hospital says to where it is wanted: into a running node, over the same
// connections that real systems use, or into files.
package send

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/format/mllp"
	"github.com/wardline/wardline/internal/sim/feed"
)

// Receiver is where the hospital's systems send to. What travels a way without an address is left out, and counted.
type Receiver struct {
	Syslog string       // host:port, TCP
	TLS    *tls.Config  // for Syslog; nil sends in the clear
	MLLP   string       // host:port
	HTTP   string       // URL that takes JSON lines
	FHIR   string       // URL of a FHIR base
	Token  string       // for HTTP and FHIR
	Client *http.Client // that trusts the receiver
	Drop   string       // folder that is followed
	// Ahead is how many messages of a feed over MLLP may wait for their answers: 1 unless stated, as most systems have it.
	Ahead int
}

// Node sends to a running node. Each feed has a connection of its own and goes on only when the receiver has said that it has
// what was sent, as far as the protocol lets it. Full hours are waited for, so that no feed runs far ahead of the others.
type Node struct {
	ctx    context.Context
	stop   context.CancelCauseFunc
	to     Receiver
	speed  float64
	period time.Duration
	lanes  map[feed.Feed]*lane // Record's goroutine alone
	began  time.Time
	first  time.Time // of the hospital
	hour   time.Time
	all    sync.WaitGroup

	count map[feed.Feed]int // Record's goroutine alone, as none
	none  map[feed.Feed]int // had no address
}

// To begins to send. speed is how many times faster than real time the hospital lives; 0 is as fast as is acknowledged.
// period is how much time one file of rows holds.
func To(ctx context.Context, r Receiver, speed float64, period time.Duration) *Node {
	ctx, stop := context.WithCancelCause(ctx)
	return &Node{ctx: ctx, stop: stop, to: r, speed: speed, period: period, lanes: map[feed.Feed]*lane{}, began: time.Now(), count: map[feed.Feed]int{}, none: map[feed.Feed]int{}}
}

// Record sends a record: it waits until its time has come, and for those before it.
func (n *Node) Record(r *feed.Record) error {
	if n.first.IsZero() {
		n.first, n.hour = r.At, r.At.Truncate(time.Hour).Add(time.Hour)
	}
	if !r.At.Before(n.hour) {
		n.hour = r.At.Truncate(time.Hour).Add(time.Hour)
		if err := n.flush(r.At); err != nil {
			return err
		}
	}
	if n.speed > 0 {
		due := n.began.Add(time.Duration(float64(r.At.Sub(n.first)) / n.speed))
		if wait := time.Until(due); wait > 0 {
			select {
			case <-time.After(wait):
			case <-n.ctx.Done():
			}
		}
	}
	l := n.lane(r.Feed)
	if l == nil {
		n.none[r.Feed]++
		return context.Cause(n.ctx)
	}
	select {
	case l.queue <- job{data: append([]byte(nil), r.Data...), name: r.Name, at: r.At}:
		n.count[r.Feed]++
		return nil
	case <-n.ctx.Done():
		return context.Cause(n.ctx)
	}
}

// flush waits until all that was handed over has been sent.
func (n *Node) flush(now time.Time) error {
	var waits []chan struct{}
	for _, l := range n.lanes {
		done := make(chan struct{})
		select {
		case l.queue <- job{flush: done, at: now}:
			waits = append(waits, done)
		case <-n.ctx.Done():
			return context.Cause(n.ctx)
		}
	}
	for _, done := range waits {
		select {
		case <-done:
		case <-n.ctx.Done():
			return context.Cause(n.ctx)
		}
	}
	return nil
}

// Close sends what is left, ends the connections, and says what went wrong first.
func (n *Node) Close() error {
	for _, l := range n.lanes {
		close(l.queue)
	}
	n.all.Wait()
	err := context.Cause(n.ctx)
	n.stop(nil)
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// Sent counts what was sent, by feed, and what no address was known for. It may be asked at any time after Close.
func (n *Node) Sent() (sent, left map[feed.Feed]int) { return n.count, n.none }

// job is a record under way.
type job struct {
	data  []byte
	name  string
	at    time.Time
	flush chan struct{} // instead of a record: closed when all before it are sent
}

// lane is the connection of one feed.
type lane struct {
	queue chan job
}

// waiting bounds the records of a feed that wait to be sent.
const waiting = 256

func (n *Node) lane(f feed.Feed) *lane {
	if l, ok := n.lanes[f]; ok {
		return l
	}
	d := feed.Describe(f)
	var send func(*lane) error
	switch {
	case d.Way == feed.MLLP && n.to.MLLP != "":
		send = n.messages
	case d.Way == feed.Syslog && n.to.Syslog != "":
		send = n.syslog
	case d.Way == feed.Lines && n.to.HTTP != "":
		send = n.lines
	case d.Way == feed.FHIR && n.to.FHIR != "":
		send = n.resources
	case (d.Way == feed.Rows || d.Way == feed.File) && n.to.Drop != "":
		send = func(l *lane) error { return n.files(f, d, l) }
	default:
		return nil
	}
	l := &lane{queue: make(chan job, waiting)}
	n.lanes[f] = l
	n.all.Go(func() {
		if err := send(l); err != nil {
			n.stop(fmt.Errorf("send %s: %w", f, err))
		}
	})
	return l
}

// biggest bounds an answer.
const biggest = 1 << 20

// messages sends HL7 messages, each of which is acknowledged.
func (n *Node) messages(l *lane) error {
	conn, err := Dial(n.ctx, n.to.MLLP, nil)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(n.ctx, func() { conn.Close() })()
	w := &ahead{conn: conn, places: make(chan struct{}, max(1, n.to.Ahead)), refused: make(chan error, 1)}
	var answers sync.WaitGroup
	defer answers.Wait()
	defer conn.Close()
	answers.Go(w.answers)
	for j := range l.queue {
		if j.flush != nil {
			if err := w.wait(); err != nil {
				return err
			}
			close(j.flush)
			continue
		}
		if err := w.send(j.data); err != nil {
			return err
		}
	}
	return w.wait()
}

// ahead is a connection on which so many messages wait for their answers.
type ahead struct {
	conn    net.Conn
	places  chan struct{} // one for each message that waits
	refused chan error    // what the answers ended with
}

// patience is how long an answer may take.
const patience = time.Minute

// take waits for a place.
func (w *ahead) take() error {
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case w.places <- struct{}{}:
		return nil
	case err := <-w.refused:
		return err
	case <-late.C:
		return fmt.Errorf("the receiver did not answer within %s", patience)
	}
}

func (w *ahead) send(message []byte) error {
	if Answered(message) {
		if err := w.take(); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintf(w.conn, "\x0b%s\x1c\r", message); err != nil {
		return w.why(err)
	}
	return nil
}

// why is what the receiver said before it broke off, if it said anything.
func (w *ahead) why(err error) error {
	select {
	case refused := <-w.refused:
		return refused
	default:
		return err
	}
}

// wait waits for the answers to all that was sent.
func (w *ahead) wait() error {
	for range cap(w.places) {
		if err := w.take(); err != nil {
			return err
		}
	}
	for range cap(w.places) {
		<-w.places
	}
	return nil
}

// answers reads answers until one says no or the connection ends.
func (w *ahead) answers() {
	for r := mllp.NewReader(w.conn, biggest); ; {
		if err := Accepted(r); err != nil {
			w.refused <- err
			return
		}
		<-w.places
	}
}

// Answered tells whether the receiver of a message says that it has it. Acknowledgements that somebody gave to somebody else,
// which are heard on a line or stand in an engine's log, are not answered in turn.
func Answered(message []byte) bool {
	h, ok := hl7.ReadHeader(message)
	return ok && string(h.Part(9, 1)) != "ACK"
}

// Accepted reads an acknowledgement and returns nil when it says that the message was taken (HL7 v2.5.1 section
// 2.9.3: AA, or CA in enhanced mode).
func Accepted(answers *mllp.Reader) error {
	frame, err := answers.Next()
	if err != nil {
		return fmt.Errorf("wait for an acknowledgement: %w", err)
	}
	m, err := hl7.Parse(frame.Payload, hl7.Limits{Bytes: biggest, Segments: 100})
	if err != nil {
		return err
	}
	if code, _ := m.Get("MSA-1"); code != "AA" && code != "CA" {
		return fmt.Errorf("the receiver answered %.2s", code)
	}
	return nil
}

func (n *Node) syslog(l *lane) error {
	conn, err := Dial(n.ctx, n.to.Syslog, n.to.TLS)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(n.ctx, func() { conn.Close() })()
	for j := range l.queue {
		if j.flush != nil {
			close(j.flush)
			continue
		}
		if _, err := fmt.Fprintf(conn, "%d %s", len(j.data), j.data); err != nil { // RFC 5425 section 4.3
			return err
		}
	}
	return nil
}

// perRequest is how many lines travel together.
const perRequest = 50

func (n *Node) lines(l *lane) error {
	var body []byte
	count := 0
	post := func() error {
		if count == 0 {
			return nil
		}
		err := n.post(n.to.HTTP, "application/x-ndjson", body)
		body, count = body[:0], 0
		return err
	}
	for j := range l.queue {
		if j.flush == nil {
			body = append(body, j.data...)
			count++
		}
		if j.flush != nil || count >= perRequest {
			if err := post(); err != nil {
				return err
			}
		}
		if j.flush != nil {
			close(j.flush)
		}
	}
	return post()
}

func (n *Node) resources(l *lane) error {
	for j := range l.queue {
		if j.flush != nil {
			close(j.flush)
			continue
		}
		if err := n.post(strings.TrimSuffix(n.to.FHIR, "/")+"/AuditEvent", "application/fhir+json", j.data); err != nil {
			return err
		}
	}
	return nil
}

func (n *Node) post(url, kind string, body []byte) error { return n.to.Post(n.ctx, url, kind, body) }

// Post sends a body to one of the receiver's URLs, and is nil when it was taken. It keeps a copy: an answer may come before all
// of the body was read.
func (r *Receiver) Post(ctx context.Context, url, kind string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(bytes.Clone(body)))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Authorization", "Bearer "+r.Token)
	client := r.Client
	if client == nil {
		client = http.DefaultClient
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(res.Body, biggest))
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("the receiver answered %s", res.Status)
	}
	return err
}

// Dial opens a connection, encrypted when config is not nil.
func Dial(ctx context.Context, address string, config *tls.Config) (net.Conn, error) {
	d := &net.Dialer{Timeout: 10 * time.Second}
	if config != nil {
		return (&tls.Dialer{NetDialer: d, Config: config}).DialContext(ctx, "tcp", address)
	}
	return d.DialContext(ctx, "tcp", address)
}
