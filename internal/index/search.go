package index

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/wardline/wardline/format/jsonl"
)

// Hit is an event that was found. The journal holds it as it was sealed, at line Line of entry Entry.
type Hit struct {
	Time   time.Time // when it happened, or when it was received, see Config.Past
	Entry  uint64
	Line   int
	ID     string // event.ID
	Source string
	Format string
	Class  string
	// Fields is one JSON object of strings by the event's own names, dots between nested ones. What had several
	// values is a JSON array in a string.
	Fields json.RawMessage
}

// Cursor is where a next Search continues behind h.
func (h *Hit) Cursor() *Cursor { return &Cursor{h.Time, h.Entry, h.Line} }

// Stats tells what a search took.
type Stats struct {
	Hits int
	More bool // there may be more than Limit, or than fits
	Asks int  // questions that were put to VictoriaLogs
	Took time.Duration
}

// Search calls each for the events that q asks for, in the order of their times, those of one time in the order of
// the journal. It stops when ctx ends or each fails.
func (x *Index) Search(ctx context.Context, q Query, each func(Hit) error) (Stats, error) {
	began := time.Now()
	if q.Limit == 0 {
		q.Limit = defaultLimit
	}
	ctx, c, release, err := x.enter(ctx, q.By)
	if err != nil {
		return Stats{}, err
	}
	defer release()
	q.veil = x.cfg.Veil
	s := search{client: c, query: q, each: each, timeout: x.cfg.QueryTime, bytes: x.sliceBytes}
	err = s.run(ctx)
	return Stats{Hits: s.hits, More: s.hits >= q.Limit || s.cut, Asks: s.asks, Took: time.Since(began)}, forPeople(ctx, err)
}

// enter waits until the caller may have a question answered, and returns who answers it. The context ends when a
// question has taken too long.
func (x *Index) enter(ctx context.Context, by string) (context.Context, *client, func(), error) {
	leave, err := x.callers.enter(ctx, by)
	if err != nil {
		return nil, nil, nil, err
	}
	c, err := x.answering()
	if err != nil {
		leave()
		return nil, nil, nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, x.cfg.QueryTime, ErrSlow)
	return ctx, c, func() { cancel(); leave() }, nil
}

// forPeople words an error for who asked: an end by our own time limit is told from one that the caller
// wanted, and a process that just died will be back.
func forPeople(ctx context.Context, err error) error {
	switch {
	case err != nil && errors.Is(context.Cause(ctx), ErrSlow):
		return ErrSlow
	case errors.Is(err, errReach), errors.Is(err, io.ErrUnexpectedEOF):
		return ErrDown
	}
	return err
}

// search walks through time in slices, from the end that is wanted first. Sorting everything that fits would take
// seconds; the newest hundred mostly lie in the last minute.
type search struct {
	client  *client
	query   Query
	each    func(Hit) error
	timeout time.Duration
	bytes   int // that the rows of a slice may take
	hits    int
	asks    int
	cut     bool // the shortest slice took more than that
	index   jsonl.Index
}

// sliceBytes bounds what is held of one slice: rows are up to 256 KiB, and thousands may be asked for.
const sliceBytes = 64 << 20

const (
	firstSlice = int64(time.Minute)
	future     = 25 * time.Hour // few rows lie farther ahead of the clock
)

func (s *search) run(ctx context.Context) error {
	from, to := s.query.span()
	if at := s.query.After; at != nil { // what lies before the cursor is skipped by whole slices
		if s.query.Oldest && at.Time.After(from) {
			from = at.Time
		}
		if next := at.Time.Add(1); !s.query.Oldest && next.Before(to) {
			to = next
		}
	}
	low, high := from.UnixNano(), to.UnixNano()
	width := firstSlice
	if edge := time.Now().Add(future).UnixNano(); !s.query.Oldest && high > edge {
		width = high - max(edge, low) // one slice for all that is to come, which mostly is nothing
	}
	for first := true; s.hits < s.query.Limit && low < high && !s.cut; {
		width = min(width, high-low)
		a, b := high-width, high
		if s.query.Oldest {
			a, b = low, low+width
		}
		found, whole, err := s.slice(ctx, a, b)
		if err != nil {
			return err
		}
		if !whole {
			width = max(width/8, 1)
			continue
		}
		if err := s.give(found); err != nil {
			return err
		}
		if s.query.Oldest {
			low = b
		} else {
			high = a
		}
		switch {
		case first && width > firstSlice:
			width = firstSlice
		case len(found) == 0:
			width = 4 * min(width, math.MaxInt64/4)
		case len(found) < s.query.Limit/2:
			width = 2 * min(width, math.MaxInt64/2)
		}
		first = false
	}
	return nil
}

// slice returns the hits from a on and before b, or not whole when there are too many to be sorted here. The shortest
// slice is always whole: VictoriaLogs sorts it.
func (s *search) slice(ctx context.Context, a, b int64) (found []Hit, whole bool, err error) {
	wanted := s.query.Limit - s.hits
	most := 2*wanted + 64
	pipes := " | limit " + strconv.Itoa(most)
	last := b-a <= 1
	if last {
		pipes = s.behind() + " | sort by (" + quote(colEntry) + s.order() + "," + quote(colLine) + s.order() +
			") | limit " + strconv.Itoa(wanted)
	}
	if s.query.Places {
		pipes += " | fields _time, " + quote(colEntry) + ", " + quote(colLine)
	}
	args, err := s.query.args(time.Unix(0, a), time.Unix(0, b), pipes)
	if err != nil {
		return nil, false, err
	}
	args.Set("timeout", s.timeout.String())
	s.asks++
	body, err := s.client.ask(ctx, "query", args)
	if err != nil {
		return nil, false, err
	}
	found, full, err := s.read(ctx, body)
	if err != nil {
		return nil, false, err
	}
	if !last && (full || len(found) >= most) {
		return nil, false, nil
	}
	s.cut = full
	slices.SortFunc(found, s.compare)
	if at := s.query.After; at != nil {
		found = slices.DeleteFunc(found, func(h Hit) bool {
			return s.compare(h, Hit{Time: at.Time, Entry: at.Entry, Line: at.Line}) <= 0
		})
	}
	return found, true, nil
}

func (s *search) order() string {
	if s.query.Oldest {
		return ""
	}
	return " desc"
}

// behind is a pipe that lets through what lies behind the cursor among events of its time. Among those of another time
// the slice already does.
func (s *search) behind() string {
	at := s.query.After
	if at == nil {
		return ""
	}
	sign := "<"
	if s.query.Oldest {
		sign = ">"
	}
	entry, line := quote(colEntry), quote(colLine)
	return fmt.Sprintf(" | filter (%s:%s%d or (%s:=%d %s:%s%d) or !_time:%s)",
		entry, sign, at.Entry, entry, at.Entry, line, sign, at.Line, at.Time.UTC().Format("2006-01-02T15:04:05.000000000Z"))
}

// compare orders hits as they are given.
func (s *search) compare(a, b Hit) int {
	c := a.Time.Compare(b.Time)
	if c == 0 {
		c = compareUint(a.Entry, b.Entry)
	}
	if c == 0 {
		c = a.Line - b.Line
	}
	if s.query.Oldest {
		return c
	}
	return -c
}

func compareUint(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// give hands out hits up to the limit.
func (s *search) give(found []Hit) error {
	for _, h := range found[:min(len(found), s.query.Limit-s.hits)] {
		s.hits++
		if err := s.each(h); err != nil {
			return err
		}
	}
	return nil
}

// maxAnswer bounds one line of an answer: rows are much shorter.
const maxAnswer = 4 << 20

// read reads an answer, one row a line, and closes it. full says that there was no room for all of it.
func (s *search) read(ctx context.Context, body io.ReadCloser) (found []Hit, full bool, err error) {
	defer body.Close()
	lines := bufio.NewScanner(body)
	lines.Buffer(make([]byte, 0, 64<<10), maxAnswer)
	for left := s.bytes; lines.Scan(); {
		if left -= len(lines.Bytes()); left < 0 && len(found) > 0 {
			return found, true, nil
		}
		h, err := s.hit(lines.Bytes())
		if err != nil {
			return nil, false, err
		}
		found = append(found, h)
	}
	if ctx.Err() != nil {
		return nil, false, ctx.Err()
	}
	if err := lines.Err(); err != nil {
		return nil, false, fmt.Errorf("read the answer of the search process: %w", err)
	}
	return found, false, nil
}

// errAnswer says that the answer broke off, which is how VictoriaLogs says that it cannot go on.
var errAnswer = errors.New("the search process broke off its answer: try again")

// hit reads one row.
func (s *search) hit(row []byte) (Hit, error) {
	if err := s.index.Scan(row, jsonl.DefaultLimits()); err != nil {
		return Hit{}, errAnswer
	}
	var h Hit
	var err error
	fields := make([]byte, 0, len(row))
	fields = append(fields, '{')
	for i := range s.index.Values {
		v := &s.index.Values[i]
		text := func() string { return string(s.index.Text(row, i, nil)) }
		var bad error
		switch name := string(row[v.NameStart:v.NameEnd]); name {
		case "_time":
			h.Time, bad = time.Parse(time.RFC3339Nano, text())
		case colEntry:
			h.Entry, bad = strconv.ParseUint(text(), 10, 64)
		case colLine:
			h.Line, bad = strconv.Atoi(text())
		case colID:
			h.ID = text()
		case colSource:
			h.Source = kept(text())
		case colFormat:
			h.Format = kept(text())
		case colClass:
			h.Class = kept(text())
		case "_stream", "_stream_id", colStream:
		default:
			if len(fields) > 1 {
				fields = append(fields, ',')
			}
			fields = append(fields, row[v.NameStart-1:v.Start]...)
			fields = append(fields, kept(string(row[v.Start:v.End]))...)
			fields = append(fields, '"')
		}
		err = errors.Join(err, bad)
	}
	if err != nil || h.Time.IsZero() {
		return Hit{}, errAnswer
	}
	h.Fields = append(fields, '}')
	return h, nil
}

// callers lets each caller have few questions answered at a time.
type callers struct {
	limit int
	mu    sync.Mutex
	by    map[string]*caller // guarded by mu
}

type caller struct {
	slots chan struct{}
	users int // that hold a slot or wait for one; guarded by callers.mu
}

// enter waits for a slot. The caller gives it back.
func (s *callers) enter(ctx context.Context, name string) (leave func(), err error) {
	s.mu.Lock()
	if s.by == nil {
		s.by = map[string]*caller{}
	}
	c := s.by[name]
	if c == nil {
		c = &caller{slots: make(chan struct{}, s.limit)}
		s.by[name] = c
	}
	c.users++
	s.mu.Unlock()
	gone := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if c.users--; c.users == 0 {
			delete(s.by, name)
		}
	}
	select {
	case c.slots <- struct{}{}:
		return func() { <-c.slots; gone() }, nil
	case <-ctx.Done():
		gone()
		return nil, ctx.Err()
	}
}
