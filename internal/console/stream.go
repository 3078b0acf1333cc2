package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// stream is an answer that goes on: server-sent events, as the HTML standard has them (9.2).
type stream struct {
	w http.ResponseWriter
	c *http.ResponseController
}

// mostStreams is how many pages may listen at a time, over all readers.
const mostStreams = 256

// errStreams says that too many pages listen. They work without.
var errStreams = errors.New("too many pages are open: this one does not hear of news by itself")

// open begins a stream, which done ends.
func (c *Console) open(r *request) (s *stream, done func(), err error) {
	select {
	case c.streams <- struct{}{}:
	default:
		return nil, nil, errStreams
	}
	r.w.Header().Set("Content-Type", "text/event-stream")
	return &stream{w: r.w, c: http.NewResponseController(r.w)}, func() { <-c.streams }, nil
}

// send writes one event, whose data holds no line end, and reports whether the reader is still there.
func (s *stream) send(name, data string) bool {
	if err := s.c.SetWriteDeadline(time.Now().Add(2 * streamBeat)); err != nil && err != http.ErrNotSupported {
		return false
	}
	if _, err := fmt.Fprintf(s.w, "event: %s\ndata: %s\n\n", name, data); err != nil {
		return false
	}
	return s.c.Flush() == nil
}

// streamLife is how long a stream lasts. The browser opens it anew, and is asked again who it is.
const streamLife = 5 * time.Minute

// news tells a page how many findings wait that were not there when it was made.
func (c *Console) news(r *request) (answer, error) {
	counts, err := c.Desk.Counts(r.Context())
	if err != nil {
		return answer{}, err
	}
	before := waiting(counts)
	changes, stop := c.Desk.Changes()
	defer stop()
	return c.tell(r, changes, func() (int, error) {
		now, err := c.Desk.Counts(r.Context())
		if err != nil {
			return 0, err
		}
		before = min(before, waiting(now)) // somebody settled one: that does not hide a new one
		return waiting(now) - before, nil
	})
}

// tell has a page say how much is new, each time that something changed.
func (c *Console) tell(r *request, changes <-chan struct{}, count func() (int, error)) (answer, error) {
	s, done, err := c.open(r)
	if err != nil {
		return answer{}, err
	}
	defer done()
	beat, end := time.NewTicker(streamBeat), time.NewTimer(streamLife)
	defer beat.Stop()
	defer end.Stop()
	for ok := s.send("beat", "0"); ok; {
		select {
		case <-r.Context().Done():
			return answer{written: true}, nil
		case <-end.C:
			return answer{written: true}, nil
		case <-beat.C:
			ok = s.send("beat", "0")
		case <-changes:
			n, err := count()
			if err != nil {
				return answer{written: true}, nil
			}
			if n > 0 {
				ok = s.send("new", fmt.Sprint(n))
			}
		}
	}
	return answer{written: true}, nil
}

// progress tells a page how far a job is.
func (c *Console) progress(r *request, j *job) (answer, error) {
	s, done, err := c.open(r)
	if err != nil {
		return answer{}, err
	}
	defer done()
	end := time.NewTimer(streamLife)
	defer end.Stop()
	for {
		_, _, _, moved := j.state()
		meter, says := progressOf(j)
		data, err := json.Marshal(map[string]any{"says": says, "share": meter.Share})
		if err != nil || !s.send("progress", string(data)) {
			return answer{written: true}, nil
		}
		select {
		case <-r.Context().Done():
			return answer{written: true}, nil
		case <-end.C:
			return answer{written: true}, nil
		case <-j.ended:
			s.send("done", "1")
			return answer{written: true}, nil
		case <-moved:
		}
	}
}
