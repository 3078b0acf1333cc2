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
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wardline/wardline/format/mllp"
)

// assault is one sender that sends as much as it can of what it wants to, as a process of its own.
type assault struct {
	Way     string // syslog, mllp or bulk
	Address string
	Token   string
	Rate    int // messages a second that it wants to send
	Size    int // of a message, in bytes
	For     time.Duration
}

// outcome is what it saw of the node.
type outcome struct {
	Wanted, Sent, Acked, Refused int64
	Blocked                      time.Duration // on average of a connection: the node did not read, or did not answer
}

const assailants = 32 // connections

func attack(order string) error {
	var a assault
	if err := json.Unmarshal([]byte(order), &a); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), a.For)
	defer cancel()
	ways := map[string]func(context.Context, *assault, *tally) error{"syslog": attackSyslog, "mllp": attackMLLP, "bulk": attackBulk}
	var sum tally
	var all sync.WaitGroup
	for range assailants {
		all.Go(func() {
			for ctx.Err() == nil {
				if ways[a.Way](ctx, &a, &sum) != nil {
					<-time.After(10 * time.Millisecond) // it was turned away, and comes again
				}
			}
		})
	}
	all.Wait()
	return json.NewEncoder(os.Stdout).Encode(outcome{
		int64(float64(a.Rate) * a.For.Seconds()), sum.sent.Load(), sum.acked.Load(), sum.refused.Load(), time.Duration(sum.blocked.Load()) / assailants,
	})
}

type tally struct{ sent, acked, refused, blocked atomic.Int64 }

// round sends what is due of one connection's messages again and again: perRound of them, then a pause that makes it the rate.
func (a *assault) round(ctx context.Context, sum *tally, send func(messages int) error) error {
	perRound := max(1, a.Rate/assailants/50)
	every := time.Duration(float64(perRound*assailants) / float64(a.Rate) * float64(time.Second))
	for next := time.Now(); ; next = next.Add(every) {
		if late := time.Since(next); late > every {
			next = time.Now() // what it could not send in time it gives up
		}
		select {
		case <-time.After(time.Until(next)):
		case <-ctx.Done():
			return nil
		}
		began := time.Now()
		err := send(perRound)
		sum.blocked.Add(int64(time.Since(began)))
		if err != nil {
			return err
		}
	}
}

func (a *assault) dial(ctx context.Context) (net.Conn, error) {
	conn, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 3, 1)}}).DialContext(ctx, "tcp", a.Address)
	if err == nil {
		context.AfterFunc(ctx, func() { conn.Close() })
	}
	return conn, err
}

func (a *assault) padding() string { return strings.Repeat("x", max(1, a.Size-100)) }

func attackSyslog(ctx context.Context, a *assault, sum *tally) error {
	conn, err := a.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	m := "<86>1 2026-01-02T03:04:05Z host app - - - flood " + a.padding()
	one := fmt.Sprintf("%d %s", len(m), m)
	return a.round(ctx, sum, func(messages int) error {
		_, err := conn.Write([]byte(strings.Repeat(one, messages)))
		if err == nil {
			sum.sent.Add(int64(messages))
		}
		return err
	})
}

func attackMLLP(ctx context.Context, a *assault, sum *tally) error {
	conn, err := a.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	go func() { // ends with the connection
		answers := mllp.NewReader(conn, 1<<20)
		for {
			frame, err := answers.Next()
			switch {
			case err != nil:
				return
			case bytes.Contains(frame.Payload, []byte("\rMSA|AA|")):
				sum.acked.Add(1)
			default:
				sum.refused.Add(1)
			}
		}
	}()
	n := 0
	return a.round(ctx, sum, func(messages int) error {
		var b bytes.Buffer
		for range messages {
			n++
			fmt.Fprintf(&b, "\x0bMSH|^~\\&|EHR|EXAMPLE|ENGINE|EXAMPLE|20260102030405||ADT^A08|F%d|P|2.5.1\rPV1|1|I|%s\r\x1c\r", n, a.padding())
		}
		_, err := conn.Write(b.Bytes())
		if err == nil {
			sum.sent.Add(int64(messages))
		}
		return err
	})
}

func attackBulk(ctx context.Context, a *assault, sum *tally) error {
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return a.dial(ctx) },
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} // whose certificate it is is not what is asked here
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	one := fmt.Sprintf("{\"create\":{}}\n{\"message\":%q}\n", a.padding())
	return a.round(ctx, sum, func(messages int) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+a.Address+"/_bulk", strings.NewReader(strings.Repeat(one, messages)))
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+a.Token)
		req.Header.Set("Content-Type", "application/x-ndjson")
		sum.sent.Add(int64(messages))
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		_, _ = io.Copy(io.Discard, res.Body) // so that the connection serves again
		if res.StatusCode == http.StatusOK {
			sum.acked.Add(int64(messages))
		} else {
			sum.refused.Add(int64(messages))
		}
		return nil
	})
}
