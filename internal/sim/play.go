package sim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/format/mllp"
	"github.com/wardline/wardline/format/rfc6587"
)

// Receiver is where the hospital's systems send to.
type Receiver struct {
	Syslog string       // host:port, TCP
	MLLP   string       // host:port
	HTTP   string       // URL that takes JSON lines
	Token  string       // for HTTP
	Client *http.Client // that trusts the receiver
	Drop   string       // folder that is followed
}

// Play sends the logs over real connections, all systems at once, spread over that time. Each system goes
// on only when the receiver has said that it has what was sent, as far as its protocol lets it.
func (b Bundle) Play(ctx context.Context, to Receiver, over time.Duration) error {
	errs := make([]error, len(b.Files))
	var systems sync.WaitGroup
	for i, f := range b.Files {
		systems.Go(func() {
			if err := f.send(ctx, to, over); err != nil {
				errs[i] = fmt.Errorf("send %s: %w", f.Name, err)
			}
		})
	}
	systems.Wait()
	return errors.Join(errs...)
}

func (f File) send(ctx context.Context, to Receiver, over time.Duration) error {
	switch f.Way {
	case Syslog:
		return f.syslog(ctx, to.Syslog, over)
	case MLLP:
		return f.mllp(ctx, to.MLLP, over)
	case HTTP:
		return f.http(ctx, to, over)
	default:
		return f.drop(to.Drop)
	}
}

// pace spreads n steps over a time.
type pace struct {
	tick *time.Ticker
}

func newPace(n int, over time.Duration) pace {
	return pace{time.NewTicker(max(over/time.Duration(max(n, 1)), time.Microsecond))}
}

// next waits for the next step, and is false when ctx is done.
func (p pace) next(ctx context.Context) bool {
	select {
	case <-p.tick.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// biggest bounds a record of ours.
const biggest = 1 << 20

func (f File) syslog(ctx context.Context, address string, over time.Duration) error {
	var messages [][]byte
	for r := rfc6587.NewReader(bytes.NewReader(f.Data), biggest); ; {
		frame, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		messages = append(messages, bytes.Clone(frame.Message))
	}
	conn, err := dial(ctx, address)
	if err != nil {
		return err
	}
	defer conn.Close()
	p := newPace(len(messages), over)
	defer p.tick.Stop()
	for _, m := range messages {
		if !p.next(ctx) {
			return ctx.Err()
		}
		if _, err := fmt.Fprintf(conn, "%d %s", len(m), m); err != nil { // RFC 6587 section 3.4.1
			return err
		}
	}
	return nil
}

func (f File) mllp(ctx context.Context, address string, over time.Duration) error {
	messages := bytes.SplitAfter(f.Data, []byte("MSH|"))
	conn, err := dial(ctx, address)
	if err != nil {
		return err
	}
	defer conn.Close()
	answers := mllp.NewReader(conn, biggest)
	p := newPace(len(messages), over)
	defer p.tick.Stop()
	for _, m := range messages[1:] {
		if !p.next(ctx) {
			return ctx.Err()
		}
		text := append([]byte("MSH|"), bytes.TrimSuffix(m, []byte("MSH|"))...)
		text = append(bytes.TrimRight(text, "\r\n"), '\r')
		if _, err := fmt.Fprintf(conn, "\x0b%s\x1c\r", text); err != nil {
			return err
		}
		if answered(text) {
			if err := accepted(answers); err != nil {
				return err
			}
		}
	}
	return nil
}

// answered tells whether the receiver of a message says that it has it. Acknowledgements of others, which an
// engine's log holds too, are not answered in turn.
func answered(message []byte) bool {
	m, err := hl7.Parse(message, hl7.Limits{Bytes: biggest, Segments: 100})
	kind, _ := m.Get("MSH-9.1")
	return err == nil && kind != "ACK"
}

// accepted reads an acknowledgement and returns nil when it says that the message was taken (HL7 v2.5.1 section
// 2.9.3: AA, or CA in enhanced mode).
func accepted(answers *mllp.Reader) error {
	frame, err := answers.Next()
	if err != nil {
		return err
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

// perRequest is how many lines travel together.
const perRequest = 20

func (f File) http(ctx context.Context, to Receiver, over time.Duration) error {
	lines := bytes.SplitAfter(bytes.TrimRight(f.Data, "\n"), []byte("\n"))
	p := newPace(len(lines)/perRequest+1, over)
	defer p.tick.Stop()
	for len(lines) > 0 {
		if !p.next(ctx) {
			return ctx.Err()
		}
		n := min(perRequest, len(lines))
		if err := post(ctx, to, bytes.Join(lines[:n], nil)); err != nil {
			return err
		}
		lines = lines[n:]
	}
	return nil
}

func post(ctx context.Context, to Receiver, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.HTTP, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	req.Header.Set("Authorization", "Bearer "+to.Token)
	res, err := to.Client.Do(req)
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

// drop puts the file into the folder whole: systems that export write beside it first.
func (f File) drop(dir string) error {
	name := filepath.Join(dir, filepath.Base(f.Name))
	if err := os.WriteFile(name+".part", f.Data, 0o600); err != nil {
		return err
	}
	return os.Rename(name+".part", name)
}

func dial(ctx context.Context, address string) (net.Conn, error) {
	return (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, "tcp", address)
}
