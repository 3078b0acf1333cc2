package collecttest

import (
	"bytes"
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/journal"
)

// Memory is a Sealer that keeps lines in memory: what a source hands in can be looked at. It stands in for the
// journal where a test is about the source, and where the journal has to be slow or broken at will.
type Memory struct {
	mu      sync.Mutex
	lines   []journal.Line
	waiting []func()      // settle what was added while Hold was on
	coming  []func()      // settle what was added and becomes durable after delay, in order
	hold    bool          // settle nothing
	delay   time.Duration // from Add until the line is durable
	refuse  error         // that Add answers
	refused int           // how often it did
	broken  error         // that receipts end with
	added   chan struct{} // closed when a line is durable
	room    chan struct{} // a place in it is a line on its way; nil for any number
}

var _ collect.Sealer = (*Memory)(nil)

// NewMemory returns an empty one that makes lines durable at once.
func NewMemory() *Memory { return &Memory{added: make(chan struct{})} }

// Add takes a copy of the line.
func (m *Memory) Add(ctx context.Context, l journal.Line) (*journal.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l.JSON = bytes.Clone(l.JSON)
	r := journal.NewReceipt()
	m.mu.Lock()
	room := m.room
	m.mu.Unlock()
	if room != nil {
		select {
		case room <- struct{}{}:
			go func() { <-r.Done(); <-room }()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.refuse != nil {
		m.refused++
		return nil, m.refuse
	}
	keep := func() { m.keep(l, r) }
	switch {
	case m.hold:
		m.waiting = append(m.waiting, keep)
	case m.delay > 0:
		m.coming = append(m.coming, keep)
		time.AfterFunc(m.delay, m.next)
	default:
		m.keep(l, r)
	}
	return r, nil
}

// next makes the oldest line durable that is to become so.
func (m *Memory) next() {
	m.mu.Lock()
	defer m.mu.Unlock()
	keep := m.coming[0]
	m.coming = m.coming[1:]
	keep()
}

func (m *Memory) keep(l journal.Line, r *journal.Receipt) {
	if m.broken != nil {
		r.Settle(journal.Place{}, m.broken)
		return
	}
	m.lines = append(m.lines, l)
	close(m.added)
	m.added = make(chan struct{})
	r.Settle(journal.Place{Entry: uint64(len(m.lines) - 1)}, nil)
}

// After makes lines durable d after they were added.
func (m *Memory) After(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.delay = d
}

// OnTheWay is how many lines were added and are to become durable after a while.
func (m *Memory) OnTheWay() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.coming)
}

// Capacity lets Add block while n lines are on their way.
func (m *Memory) Capacity(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.room = make(chan struct{}, n)
}

// Hold settles nothing until Release.
func (m *Memory) Hold() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hold = true
}

// Release settles what was held, in order.
func (m *Memory) Release() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, keep := range m.waiting {
		keep()
	}
	m.waiting, m.hold = nil, false
}

// ReleaseOne settles the first of what was held.
func (m *Memory) ReleaseOne() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.waiting[0]()
	m.waiting = m.waiting[1:]
}

// Refuse makes Add answer err, until it is nil again.
func (m *Memory) Refuse(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refuse = err
}

// Refused is how often Add has answered with an error of Refuse.
func (m *Memory) Refused() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.refused
}

// Break makes the receipts of lines that are not durable yet end with err, until it is nil again.
func (m *Memory) Break(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.broken = err
}

// Lines are the durable lines of one kind, in order.
func (m *Memory) Lines(k journal.Kind) []journal.Line {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []journal.Line
	for _, l := range m.lines {
		if l.Kind == k {
			found = append(found, l)
		}
	}
	return found
}

// Await returns the durable lines of one kind once there are n, and fails t when they do not come.
func (m *Memory) Await(t testing.TB, k journal.Kind, n int) []journal.Line {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		m.mu.Lock()
		added := m.added
		m.mu.Unlock()
		lines := m.Lines(k)
		if len(lines) >= n {
			return lines
		}
		select {
		case <-added:
		case <-late:
			t.Fatalf("%d lines of kind %s, waited for %d", len(lines), k, n)
		}
	}
}

// Events reads the durable events back.
func (m *Memory) Events(t testing.TB, tax *event.Taxonomy) []event.Event {
	t.Helper()
	r := event.LineReader{Taxonomy: tax, Limits: jsonl.DefaultLimits()}
	var list []event.Event
	for i, l := range m.Lines(journal.Events) {
		var ev event.Event
		if err := r.Read(l.JSON, &ev); err != nil {
			t.Fatalf("line %d: %v", i, err)
		}
		list = append(list, ev)
	}
	return list
}

// Damage is a journal line of bytes that could not be read.
type Damage struct {
	Source          string
	Observed        time.Time
	Unauthenticated bool
	Offset          int64
	Records         int
	Reason          string
	Bytes           []byte
}

// Damages reads what was put into quarantine back.
func (m *Memory) Damages(t testing.TB) []Damage {
	t.Helper()
	var list []Damage
	for _, l := range m.Lines(journal.Damaged) {
		var d Damage
		if err := json.Unmarshal(l.JSON, &d); err != nil {
			t.Fatal(err)
		}
		list = append(list, d)
	}
	return list
}

// Books reads the sealed books back.
func (m *Memory) Books(t testing.TB) []collect.Books {
	t.Helper()
	var list []collect.Books
	for _, l := range m.Lines(journal.Books) {
		var b collect.Books
		if err := json.Unmarshal(l.JSON, &b); err != nil {
			t.Fatal(err)
		}
		list = append(list, b)
	}
	return list
}

// Balanced fails t when the books of a sender do not balance, or something of it is still on its way. It waits a moment
// for what is just being booked: a receipt is settled before its sender's books are.
func Balanced(t testing.TB, in *collect.Intake) map[string]collect.Counts {
	t.Helper()
	late := time.Now().Add(20 * time.Second)
	for {
		counts, waiting := map[string]collect.Counts{}, int64(0)
		for _, s := range in.Standings() {
			if s.Difference() != 0 {
				t.Fatalf("the books of %s do not balance: %+v", s.Sender, s.Counts)
			}
			waiting += s.Waiting
			counts[s.Sender] = s.Counts
		}
		if waiting == 0 {
			return counts
		}
		if time.Now().After(late) {
			t.Fatalf("%d records are still on their way", waiting)
		}
		time.Sleep(time.Millisecond)
	}
}
