package files

import (
	"crypto/sha256"
	"errors"
	"io"
	"strconv"

	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
)

// serials says how the logs in a file stand, whose senders number their records for good.
type serials struct {
	now   map[string]Serial // the last record of each log
	known map[string]bool   // logs that go on from the position: what has lower numbers was taken
}

// mostLogs bounds the logs of one file.
const mostLogs = 4096

// serials reads the file once and looks for the records that were taken last. A log that was cleared numbers
// its records anew: who passed over the low numbers would miss what came after the clearing. So numbers count only when
// the last record that was taken is there still, or when all that is there came after it. In doubt records are
// handed in again, under the same ids.
func (r *reading) serials(format *collect.Format) (serials, error) {
	in, err := r.c.from(0)
	if err != nil {
		return serials{}, &readError{err}
	}
	s := serials{now: map[string]Serial{}, known: map[string]bool{}}
	lowest := map[string]uint64{}
	found := map[string]bool{}
	d := format.Open(in, r.options)
	var ev event.Event
	for {
		err := d.Next(&ev)
		var spoilt *collect.Damage
		switch {
		case errors.Is(err, collect.ErrSkip), errors.As(err, &spoilt):
			continue
		case err == io.EOF:
			for log, last := range r.p.Serials {
				_, there := s.now[log]
				s.known[log] = found[log] || there && lowest[log] > last.Number
			}
			return s, nil
		case err != nil:
			return serials{}, &readError{err}
		}
		log, number, ok := serialOf(&ev, format.Serial)
		_, seen := s.now[log]
		if !ok || !seen && len(s.now) == mostLogs {
			continue
		}
		sum := sha256.Sum256(ev.Fields)
		if number >= s.now[log].Number {
			s.now[log] = Serial{number, sum[:]}
		}
		if !seen || number < lowest[log] {
			lowest[log] = number
		}
		if last := r.p.Serials[log]; last.Number == number && string(last.Sum) == string(sum[:]) {
			found[log] = true
		}
	}
}

// serialOf is the log that an event stands in and its number there.
func serialOf(ev *event.Event, field string) (log string, number uint64, ok bool) {
	first := func(path string) string {
		for v := range ev.Values(path) {
			return string(v)
		}
		return ""
	}
	number, err := strconv.ParseUint(first(field), 10, 64)
	return first("Computer") + "\x00" + first("Channel"), number, err == nil
}
