// Package load plays a hospital at work, as many of its systems at once as a node must stand: it
// sends at a fixed rate, numbers every record, and keeps the books on what was acknowledged and how soon.
package load

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Target is where the traffic goes. A way without an address is left out.
type Target struct {
	Syslog string      // host:port, TCP
	TLS    *tls.Config // for Syslog; nil sends in the clear
	MLLP   string      // host:port
	FHIR   string      // URL of the FHIR base
	Bulk   string      // URL of the Elasticsearch-like service
	HEC    string      // URL of the collector like Splunk's
	OTLP   string      // URL to export to
	Lines  string      // URL that JSON lines are posted to
	Token  string      // for all that have a URL
	Client *http.Client
}

// Config says how much.
type Config struct {
	Target Target
	Run    string        // marks the records of this run: letters and digits
	Rate   int           // records a second, all ways together
	For    time.Duration // how long
	Acked  func(n int)   // told of each acknowledgement how many records it is for, from many goroutines; nil tells nobody
}

// Way is one kind of sender.
type Way string

// The ways, with their share of the records in percent.
const (
	Syslog Way = "syslog" // 60: the protocol acknowledges nothing, over TLS neither
	MLLP   Way = "mllp"   // 15
	FHIR   Way = "fhir"   // 10
	Bulk   Way = "bulk"   // 4
	HEC    Way = "hec"    // 4
	OTLP   Way = "otlp"   // 4
	Lines  Way = "lines"  // 3
)

// Ways lists all of them.
func Ways() []Way { return []Way{Syslog, MLLP, FHIR, Bulk, HEC, OTLP, Lines} }

// share is how many of a hundred records go that way, and on how many connections. Systems that wait for each answer send
// no faster in a larger hospital: there are more of them.
func (w Way) share(rate int) (percent, connections int) {
	const usual = 5000
	switch w {
	case Syslog:
		return 60, 8
	case MLLP:
		return 15, max(60, 60*rate/usual)
	case FHIR:
		return 10, max(40, 40*rate/usual)
	case Lines:
		return 3, 4
	default:
		return 4, 4
	}
}

// Books is what became of the records of one way.
type Books struct {
	Sent, Acked, Refused int
	Bytes                int             // of what was sent, without the headers of HTTP
	Errors               int             // connections that broke
	Late                 int             // records that the generator could not send in time
	Latency              []time.Duration // of acknowledgements, sorted; a sample of at most 100,000
	acked                []int           // numbers of acknowledged records
}

// Quantile is the latency that so many of a hundred did not exceed.
func (b *Books) Quantile(percent int) time.Duration {
	if len(b.Latency) == 0 {
		return 0
	}
	return b.Latency[min(len(b.Latency)-1, len(b.Latency)*percent/100)]
}

// AckedNumbers are the numbers of the records that were acknowledged.
func (b *Books) AckedNumbers() []int { return b.acked }

// Run sends until the time is over or ctx is done, and returns the books of each way. What a receiver refuses
// is not sent again.
func Run(ctx context.Context, c Config) (map[Way]*Books, error) {
	t := c.Target
	senders := map[Way]func(context.Context, *lane) error{
		Syslog: c.syslog, MLLP: c.mllp, FHIR: c.fhir, Bulk: c.bulk, HEC: c.hec, OTLP: c.otlp, Lines: c.lines,
	}
	addresses := map[Way]string{Syslog: t.Syslog, MLLP: t.MLLP, FHIR: t.FHIR, Bulk: t.Bulk, HEC: t.HEC, OTLP: t.OTLP, Lines: t.Lines}
	var mu sync.Mutex // guards books and errs
	books := map[Way]*Books{}
	var errs []error
	var all sync.WaitGroup
	for way, send := range senders {
		if addresses[way] == "" {
			continue
		}
		books[way] = &Books{}
		percent, connections := way.share(c.Rate)
		for n := range connections {
			l := newLane(way, n, connections, float64(c.Rate)*float64(percent)/100/float64(connections), c.For)
			all.Go(func() {
				err := send(ctx, l)
				mu.Lock()
				defer mu.Unlock()
				books[way].add(&l.books)
				if err != nil && !errors.Is(err, context.Canceled) {
					errs = append(errs, fmt.Errorf("%s: %w", way, err))
				}
			})
		}
	}
	all.Wait()
	for _, b := range books {
		slices.Sort(b.Latency)
	}
	return books, errors.Join(errs...)
}

func (b *Books) add(other *Books) {
	b.Sent += other.Sent
	b.Acked += other.Acked
	b.Refused += other.Refused
	b.Bytes += other.Bytes
	b.Errors += other.Errors
	b.Late += other.Late
	b.acked = append(b.acked, other.acked...)
	b.Latency = append(b.Latency, other.Latency...)
}

// lane is one connection's share of the run: record i of it is due at a fixed time, however long others take.
type lane struct {
	way   Way
	first int // number of its first record
	step  int // between its records
	every time.Duration
	until time.Time
	start time.Time
	sent  int
	books Books
}

func newLane(way Way, n, of int, perSecond float64, long time.Duration) *lane {
	now := time.Now()
	every := time.Duration(float64(time.Second) / perSecond)
	return &lane{way: way, first: n, step: of, every: every, start: now.Add(every * time.Duration(n) / time.Duration(of)), until: now.Add(long)}
}

// next waits until the next record is due and returns its number; false when the run is over.
func (l *lane) next(ctx context.Context) (number int, ok bool) {
	due := l.start.Add(time.Duration(l.sent) * l.every)
	if due.After(l.until) {
		return 0, false
	}
	if wait := time.Until(due); wait > 0 {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return 0, false
		}
	} else if wait < -time.Second {
		l.books.Late++
	}
	if ctx.Err() != nil {
		return 0, false
	}
	number = l.first + l.sent*l.step
	l.sent++
	return number, true
}

// due counts how many records are due by now, at least one and at most most, and takes them.
func (l *lane) batch(ctx context.Context, most int) []int {
	n, ok := l.next(ctx)
	if !ok {
		return nil
	}
	numbers := []int{n}
	for len(numbers) < most && time.Now().After(l.start.Add(time.Duration(l.sent)*l.every)) {
		if n, ok = l.next(ctx); !ok {
			break
		}
		numbers = append(numbers, n)
	}
	return numbers
}

// enough is how many latencies a lane keeps.
const enough = 20_000

func (c *Config) acknowledged(b *Books, began time.Time, numbers ...int) {
	b.Acked += len(numbers)
	b.acked = append(b.acked, numbers...)
	if len(b.Latency) < enough {
		b.Latency = append(b.Latency, time.Since(began))
	}
	if c.Acked != nil {
		c.Acked(len(numbers))
	}
}
