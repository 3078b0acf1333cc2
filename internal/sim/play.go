package sim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/wardline/wardline/format/mllp"
	"github.com/wardline/wardline/format/rfc6587"
	"github.com/wardline/wardline/internal/sim/send"
)

// Play sends the logs over real connections, all systems at once, spread over that time. Each system goes
// on only when the receiver has said that it has what was sent, as far as its protocol lets it.
func (b Bundle) Play(ctx context.Context, to send.Receiver, over time.Duration) error {
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

func (f File) send(ctx context.Context, to send.Receiver, over time.Duration) error {
	switch f.Way {
	case Syslog:
		return f.syslog(ctx, to.Syslog, over)
	case MLLP:
		return f.mllp(ctx, to.MLLP, over)
	case HTTP:
		return f.http(ctx, to, over)
	default:
		return send.Drop(to.Drop, f.Name, f.Data)
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
	conn, err := send.Dial(ctx, address, nil)
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
	conn, err := send.Dial(ctx, address, nil)
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
		if send.Answered(text) {
			if err := send.Accepted(answers); err != nil {
				return err
			}
		}
	}
	return nil
}

// perRequest is how many lines travel together.
const perRequest = 20

func (f File) http(ctx context.Context, to send.Receiver, over time.Duration) error {
	lines := bytes.SplitAfter(bytes.TrimRight(f.Data, "\n"), []byte("\n"))
	p := newPace(len(lines)/perRequest+1, over)
	defer p.tick.Stop()
	for len(lines) > 0 {
		if !p.next(ctx) {
			return ctx.Err()
		}
		n := min(perRequest, len(lines))
		if err := to.Post(ctx, to.HTTP, "application/x-ndjson", bytes.Join(lines[:n], nil)); err != nil {
			return err
		}
		lines = lines[n:]
	}
	return nil
}
