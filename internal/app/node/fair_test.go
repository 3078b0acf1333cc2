package node_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/wardline/wardline/format/mllp"
	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/collect"
)

// TestOneSenderCannotStarveOthers lets twenty senders work at fifty events a second each, alone and then beside one that wants to
// send a thousand times as much (promise P18, load L8): they lose nothing, and the other is slowed down or refused. It prints
// how long they waited for their answers. WARDLINE_FAIR says for how long each goes on, such as 60s.
func TestOneSenderCannotStarveOthers(t *testing.T) {
	long, attacks := time.Second, []assault{{Way: "syslog", Rate: 50_000, Size: 200}}
	if d, err := time.ParseDuration(os.Getenv("WARDLINE_FAIR")); err == nil {
		long, attacks = d, nil
		for _, way := range []string{"syslog", "bulk", "mllp"} {
			attacks = append(attacks, assault{Way: way, Rate: 50_000, Size: 200}, assault{Way: way, Rate: 4_000, Size: 50_000})
		}
		if only := os.Getenv("WARDLINE_FAIR_WAY"); only != "" {
			attacks = slices.DeleteFunc(attacks, func(a assault) bool { return !strings.Contains(only, a.Way) })
		}
	}
	h := newHouse(t, usualShares)
	tokens := map[int]string{}
	for i := range 6 {
		tokens[i] = h.issue(fmt.Sprintf("victim-%d", i))
	}
	h.start()
	h.victims(t, "w", time.Second, tokens) // so that both runs begin with a node at work
	alone := h.victims(t, "alone", long, tokens)
	t.Logf("alone: %s", alone)
	for i, a := range attacks {
		a.For, a.Address, a.Token = long+2*time.Second, map[string]string{"syslog": h.syslog, "bulk": h.http, "mllp": h.mllp}[a.Way], h.token
		order, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(os.Args[0], "attack", string(order))
		var said bytes.Buffer
		cmd.Stdout, cmd.Stderr = &said, os.Stderr
		before, began := h.usage(), time.Now()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Second) // until it is at it
		beside := h.victims(t, fmt.Sprintf("beside%d", i), long, tokens)
		if err := cmd.Wait(); err != nil {
			t.Fatal(err)
		}
		after, took := h.usage(), time.Since(began)
		var o outcome
		if err := json.Unmarshal(said.Bytes(), &o); err != nil {
			t.Fatal(err)
		}
		cores := func(d time.Duration) float64 { return d.Seconds() / took.Seconds() }
		t.Logf("beside %s, %d/s of %d bytes: %s; p99 is %.1f times that of MLLP alone, %.1f times that of HTTP", a.Way, a.Rate, a.Size, beside,
			beside.times(alone, "mllp"), beside.times(alone, "http"))
		t.Logf("  the attacker wanted to send %d, sent %d, got %d acknowledged and %d refused, and was held %v of %v; node %.2f cores and %d MB, search %.2f, attacker %.2f",
			o.Wanted, o.Sent, o.Acked, o.Refused, o.Blocked.Round(time.Millisecond), a.For,
			cores(after.node.cpu-before.node.cpu), after.node.rss>>20, cores(after.search.cpu-before.search.cpu), cores(cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()))
		h.held(t, a.Way, o, took)
	}
	h.stop(syscall.SIGTERM)
	kept := h.kept()
	for _, m := range h.acked {
		if kept[m] == 0 {
			t.Errorf("%s was acknowledged and is not there", m)
		}
	}
}

// held looks in the books whether an attacker was held to its share, and that it was told of no more than what is there.
func (h *house) held(t *testing.T, way string, o outcome, took time.Duration) {
	t.Helper()
	c, err := node.ReadConfig(h.config)
	if err != nil {
		t.Fatal(err)
	}
	var all []collect.Standing
	if err := node.Control(t.Context(), &c, "/senders", nil, &all); err != nil {
		t.Fatal(err)
	}
	sender := map[string]string{"syslog": "syslog/127.0.3.1", "mllp": "mllp/127.0.3.1", "bulk": "load"}[way]
	for _, s := range all {
		if s.Sender != sender {
			continue
		}
		stored := s.Stored - h.before[sender].Stored
		h.before[sender] = s.Counts
		share := c.Intake.Limit.Events * (took.Seconds() + 2)
		if s.Difference() != 0 || stored < o.Acked || float64(stored) > share {
			t.Errorf("%s: the attacker has got %d acknowledged, %d were stored; its share is %.0f: %+v", way, o.Acked, stored, share, s.Counts)
		}
		return
	}
	t.Errorf("%s: the attacker is in no books", way)
}

// patience is what victims saw.
type patience struct {
	sent, acked map[string]int
	waited      map[string][]time.Duration
}

func (p *patience) p99(way string) time.Duration {
	w := p.waited[way]
	slices.Sort(w)
	if len(w) == 0 {
		return 0
	}
	return w[len(w)*99/100]
}

func (p *patience) times(alone *patience, way string) float64 {
	return p.p99(way).Seconds() / alone.p99(way).Seconds()
}

func (p *patience) String() string {
	list := ""
	for _, way := range []string{"mllp", "http"} {
		p99, w := p.p99(way), p.waited[way]
		list += fmt.Sprintf("%s %d of %d acknowledged, p50 %v, p99 %v, last %v; ", way, p.acked[way], p.sent[way],
			w[len(w)/2].Round(time.Millisecond/10), p99.Round(time.Millisecond/10), w[len(w)-1].Round(time.Millisecond/10))
	}
	return strings.TrimSuffix(list, "; ")
}

// victims lets twenty senders send for a while, fifty messages a second each, at times that do not depend on the answers, and
// fails t unless each message is acknowledged.
func (h *house) victims(t *testing.T, run string, long time.Duration, tokens map[int]string) *patience {
	t.Helper()
	const victims, each = 20, 50
	p := &patience{map[string]int{}, map[string]int{}, map[string][]time.Duration{}}
	var mu sync.Mutex // guards p and h.acked
	acked := func(way, mark string, due time.Time) {
		mu.Lock()
		defer mu.Unlock()
		p.acked[way]++
		p.waited[way] = append(p.waited[way], time.Since(due))
		h.acked = append(h.acked, mark)
	}
	var all sync.WaitGroup
	for v := range victims {
		n := int(long.Seconds() * each)
		first := time.Now().Add(time.Duration(v) * time.Second / each / victims)
		due := func(i int) time.Time { return first.Add(time.Duration(i) * time.Second / each) }
		name := func(i int) string { return mark(run, "fair", v*1_000_000+i) }
		way, send := "mllp", h.victimMLLP
		if token := tokens[v]; token != "" {
			way = "http"
			send = func(ctx context.Context, v, n int, due func(int) time.Time, name func(int) string, acked func(int)) error {
				return h.victimHTTP(ctx, token, v, n, due, name, acked)
			}
		}
		p.sent[way] += n
		all.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), long+time.Minute)
			defer cancel()
			if err := send(ctx, v, n, due, name, func(i int) { acked(way, name(i), due(i)) }); err != nil {
				t.Errorf("%s: victim %d over %s: %v", run, v, way, err)
			}
		})
	}
	all.Wait()
	for way, n := range p.sent {
		if p.acked[way] != n {
			t.Errorf("%s, %s: %d of %d are acknowledged", run, way, p.acked[way], n)
		}
	}
	return p
}

func from(v int) *net.Dialer {
	return &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 2, byte(v+1))}}
}

// victimMLLP sends without waiting for answers, and reads them as they come, in order.
func (h *house) victimMLLP(ctx context.Context, v, n int, due func(int) time.Time, name func(int) string, acked func(int)) error {
	conn, err := from(v).DialContext(ctx, "tcp", h.mllp)
	if err != nil {
		return err
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline)
	sent := make(chan error, 1)
	go func() {
		for i := range n {
			<-time.After(time.Until(due(i)))
			if _, err := fmt.Fprintf(conn, "\x0bMSH|^~\\&|EHR|EXAMPLE|ENGINE|EXAMPLE|20260102030405||ADT^A08|%s|P|2.5.1\rPID|1||T%07d^^^EXAMPLE^MR\r\x1c\r", name(i), 9000000+i); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	answers := mllp.NewReader(conn, 1<<20)
	for i := range n {
		frame, err := answers.Next()
		if err != nil || !bytes.Contains(frame.Payload, []byte("\rMSA|AA|")) {
			conn.Close()
			<-sent
			return fmt.Errorf("message %d is not acknowledged: %w", i, err)
		}
		acked(i)
	}
	return <-sent
}

// victimHTTP posts one event at a time.
func (h *house) victimHTTP(ctx context.Context, token string, v, n int, due func(int) time.Time, name func(int) string, acked func(int)) error {
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return from(v).DialContext(ctx, network, address)
		},
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, MaxIdleConnsPerHost: 16, // whose certificate it is is not what is asked here
	}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	errs := make(chan error, n)
	for i := range n {
		<-time.After(time.Until(due(i)))
		go func() {
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+h.http+"/_bulk", strings.NewReader(fmt.Sprintf("{\"create\":{\"_id\":%q}}\n{\"message\":%q}\n", name(i), name(i))))
			if err != nil {
				errs <- err
				return
			}
			req.Header.Set("Authorization", "Bearer "+token)
			req.Header.Set("Content-Type", "application/x-ndjson")
			errs <- insist(ctx, func(ctx context.Context) error {
				again := req.Clone(ctx)
				again.Body, _ = req.GetBody() // of a reader of a string
				res, err := client.Do(again)
				if err != nil {
					return err
				}
				defer res.Body.Close()
				if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK {
					return fmt.Errorf("event %d: status %d, %w", i, res.StatusCode, err)
				}
				acked(i)
				return nil
			})
		}()
	}
	var failed error
	for range n {
		if err := <-errs; err != nil {
			failed = err
		}
	}
	return failed
}
