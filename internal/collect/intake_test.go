package collect_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/journal"
)

var loadTaxonomy = sync.OnceValues(func() (*event.Taxonomy, error) { return event.LoadTaxonomy(content.Taxonomy()) })

func taxonomy(t testing.TB) *event.Taxonomy {
	t.Helper()
	tax, err := loadTaxonomy()
	if err != nil {
		t.Fatal(err)
	}
	return tax
}

// said is an event with these fields.
func said(t testing.TB, fields string) *event.Event {
	t.Helper()
	ev := &event.Event{Format: "syslog", Class: taxonomy(t).Class("syslog", "syslog", ""), Fields: []byte(fields)}
	if err := ev.Index.Scan(ev.Fields, jsonl.DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	return ev
}

func newIntake(m *collecttest.Memory, change ...func(*collect.Config)) *collect.Intake {
	c := collect.DefaultConfig()
	for _, f := range change {
		f(&c)
	}
	return collect.NewIntake(m, c, time.Now, slog.New(slog.DiscardHandler))
}

func TestPutCompletesTheEvent(t *testing.T) {
	m := collecttest.NewMemory()
	s := newIntake(m).Sender("syslog/10.1.2.3", true)
	raw := []byte("<13>hello")
	r, err := s.Put(t.Context(), said(t, `{ "a":1}`), raw)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err = s.Put(t.Context(), said(t, `{ }`), raw); err != nil {
		t.Fatal(err)
	}
	got := m.Events(t, taxonomy(t))
	if got[0].Source != "syslog/10.1.2.3" || got[0].Raw != sha256.Sum256(raw) || time.Since(got[0].Observed) > time.Minute {
		t.Errorf("got source %s, observed %v, raw %x", got[0].Source, got[0].Observed, got[0].Raw)
	}
	if got[0].Record != 1 || got[1].Record != 2 || got[0].ID == got[1].ID {
		t.Errorf("two equal lines are two events, got records %d and %d, ids %v and %v", got[0].Record, got[1].Record, got[0].ID, got[1].ID)
	}
	fields := string(got[0].Fields) + string(got[1].Fields)
	if want := `{"wardline":{"flags":["unauthenticated_source"]},"a":1}{"wardline":{"flags":["unauthenticated_source"]}}`; fields != want {
		t.Errorf("got fields %s, want %s", fields, want)
	}
}

// TestTooLongAsAnEvent hands in what the journal would refuse each time that it is sent: it is kept as it came, so that
// what comes after it gets through.
func TestTooLongAsAnEvent(t *testing.T) {
	m := collecttest.NewMemory()
	in := newIntake(m)
	raw := bytes.Repeat([]byte{1}, journal.MaxLine/6+1) // as JSON each byte is six
	fields := `{"a":"` + strings.Repeat("\\u0001", len(raw)) + `"}`
	r, err := in.Sender("files/a", false).Put(t.Context(), said(t, fields), raw)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	kept := m.Damages(t)
	if len(kept) != 1 || !bytes.Equal(kept[0].Bytes, raw) || len(m.Lines(journal.Events)) > 0 {
		t.Errorf("got %d kept as they came and %d events", len(kept), len(m.Lines(journal.Events)))
	}
	if b := collecttest.Balanced(t, in)["files/a"]; b.Quarantined != 1 || b.Stored != 0 {
		t.Errorf("got %+v", b)
	}
}

func TestFlags(t *testing.T) {
	now := time.Now()
	for _, tt := range []struct {
		name string
		time time.Time
		want string
		keep bool
	}{
		{"no time", time.Time{}, `{"a":1}`, true},
		{"now", now, `{"a":1}`, true},
		{"in 23 hours", now.Add(23 * time.Hour), `{"a":1}`, true},
		{"in two days", now.Add(48 * time.Hour), `{"wardline":{"flags":["cut","time_suspect"]},"a":1}`, true},
		{"before 1970", time.Unix(-1, 0), `{"wardline":{"flags":["cut","time_suspect"]},"a":1}`, true},
		{"a year that cannot be written", time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), `{"wardline":{"flags":["cut","time_suspect"]},"a":1}`, false},
	} {
		m := collecttest.NewMemory()
		ev := said(t, `{"a":1}`)
		ev.Time = tt.time
		var flags []collect.Flag
		if strings.Contains(tt.want, "cut") {
			flags = append(flags, collect.Cut)
		}
		if _, err := newIntake(m).Sender("x", false).Put(t.Context(), ev, nil, flags...); err != nil {
			t.Fatal(err)
		}
		got := m.Events(t, taxonomy(t))[0]
		if string(got.Fields) != tt.want || tt.keep && !got.Time.Equal(tt.time) || !tt.keep && !got.Time.IsZero() {
			t.Errorf("%s: got %s at %v, want %s", tt.name, got.Fields, got.Time, tt.want)
		}
		if at := m.Lines(journal.Events)[0].Time; strings.Contains(tt.want, "suspect") && at.Sub(now).Abs() > time.Minute {
			t.Errorf("%s: the time range of the entry reaches to %v", tt.name, at)
		}
	}
}

func TestQuarantineKeepsTheBytes(t *testing.T) {
	m := collecttest.NewMemory()
	in := newIntake(m)
	raw := []byte("\x00\xff\nnot a message")
	r, err := in.Sender("mllp/lab", false).Quarantine(t.Context(), raw, collect.Damage{Offset: 7, Records: 2, Reason: "no header"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := m.Damages(t)
	got[0].Observed = time.Time{}
	if diff := cmp.Diff(got, []collecttest.Damage{{Source: "mllp/lab", Offset: 7, Records: 2, Reason: "no header", Bytes: raw}}); diff != "" {
		t.Error(diff)
	}
	if c := collecttest.Balanced(t, in)["mllp/lab"]; c.Received != 2 || c.Quarantined != 2 {
		t.Errorf("got %+v", c)
	}
}

// Each way in which a record can end is booked, and only once.
func TestBooksBalance(t *testing.T) {
	m := collecttest.NewMemory()
	in := newIntake(m)
	s := in.Sender("x", false)
	put := func() { _, _ = s.Put(t.Context(), said(t, `{}`), []byte("12345")) }
	put()
	s.Refuse(3, "busy")
	s.Drop(2, "socket full")
	m.Refuse(journal.ErrFull)
	put()
	m.Refuse(nil)
	m.Hold()
	put()
	m.Break(journal.ErrFailed)
	m.Release()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Put(gone, said(t, `{}`), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	want := collect.Counts{Received: 9, Stored: 1, Refused: 6, Dropped: 2, Bytes: 15}
	if diff := cmp.Diff(collecttest.Balanced(t, in)["x"], want); diff != "" {
		t.Error(diff)
	}
	reasons := in.Standings()[0].Reasons
	if diff := cmp.Diff(reasons, map[string]int64{
		"busy": 3, "socket full": 2, "the journal's disk is full": 1, "the journal failed": 1, "the source stopped waiting": 1,
	}); diff != "" {
		t.Error(diff)
	}
}

// What is received and not durable is on its way, and stored only when it is durable.
func TestWaiting(t *testing.T) {
	m := collecttest.NewMemory()
	m.Hold()
	in := newIntake(m)
	if _, err := in.Sender("x", false).Put(t.Context(), said(t, `{}`), nil); err != nil {
		t.Fatal(err)
	}
	if got := in.Standings()[0]; got.Waiting != 1 || got.Stored != 0 {
		t.Errorf("got %+v", got.Counts)
	}
	m.Release()
	if got := collecttest.Balanced(t, in)["x"]; got.Stored != 1 {
		t.Errorf("got %+v", got)
	}
}

// A sender whose lines do not become durable blocks at its share; the others go on.
func TestShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := collecttest.NewMemory()
		m.After(time.Hour)
		in := newIntake(m, func(c *collect.Config) { c.Limit.Waiting = 4 << 10 })
		greedy, modest := in.Sender("greedy", false), in.Sender("modest", false)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		sent := 0
		for ; sent < 1000; sent++ {
			if _, err := greedy.Put(ctx, said(t, `{}`), nil); err != nil {
				break
			}
		}
		if sent == 0 || sent > 4<<10/256 {
			t.Errorf("%d events of one sender wait", sent)
		}
		soon, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if _, err := modest.Put(soon, said(t, `{}`), nil); err != nil {
			t.Error(err)
		}
		if _, err := greedy.Offer(t.Context(), said(t, `{}`), nil); !errors.Is(err, collect.ErrShare) {
			t.Errorf("a datagram over the share: %v", err)
		}
		time.Sleep(2 * time.Hour)
		if _, err := greedy.Put(t.Context(), said(t, `{}`), nil); err != nil {
			t.Errorf("when all is durable: %v", err)
		}
		time.Sleep(2 * time.Hour)
		counts := collecttest.Balanced(t, in)["greedy"]
		if counts.Dropped != 1 || counts.Refused != 1 || counts.Stored != int64(sent)+1 {
			t.Errorf("got %+v", counts)
		}
	})
}

// A line that is longer than a share weighs what it weighs: many senders of long lines take no more memory together
// than the pool has.
func TestLongLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := collecttest.NewMemory()
		m.After(time.Minute)
		in := newIntake(m, func(c *collect.Config) { c.Waiting, c.Limit.Waiting = 64<<10, 1<<10 })
		const senders, long = 20, 20 << 10
		text := `{"a":"` + strings.Repeat("x", long) + `"}`
		var done sync.WaitGroup
		for i := range senders {
			done.Go(func() {
				r, err := in.Sender(fmt.Sprint("lab/", i), false).Put(t.Context(), said(t, text), nil)
				if err == nil {
					_, err = r.Wait(t.Context())
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		for range senders {
			synctest.Wait()
			if size := m.OnTheWay() * long; size > 64<<10 {
				t.Errorf("%d bytes of long lines are on their way", size)
			}
			time.Sleep(time.Minute)
		}
		done.Wait()
		r, err := in.Sender("lab/huge", false).Put(t.Context(), said(t, `{"a":"`+strings.Repeat("x", 128<<10)+`"}`), nil)
		if err == nil {
			_, err = r.Wait(t.Context())
		}
		if err != nil {
			t.Errorf("one that is longer than the pool: %v", err)
		}
		collecttest.Balanced(t, in)
	})
}

// Forged addresses may fill their pool; senders that proved themselves have their own.
func TestPools(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := collecttest.NewMemory()
		m.After(time.Hour)
		in := newIntake(m, func(c *collect.Config) { c.Waiting, c.Limit.Waiting = 8<<10, 8<<10 })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for i := range 1000 {
			if _, err := in.Sender(fmt.Sprint("udp/", i), true).Offer(ctx, said(t, `{}`), nil); err != nil {
				break
			}
		}
		if ctx.Err() == nil {
			t.Error("the pool of senders that only an address vouches for has no bound")
		}
		soon, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := in.Sender("proven", false).Put(soon, said(t, `{}`), nil); err != nil {
			t.Error(err)
		}
		time.Sleep(2 * time.Hour)
		collecttest.Balanced(t, in)
	})
}

func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := newIntake(collecttest.NewMemory(), func(c *collect.Config) {
			c.Limits = map[string]collect.Limit{"slow": {Events: 10, Bytes: 1 << 20, Waiting: 1 << 10}, "thin": {Events: 1e6, Bytes: 10, Waiting: 1 << 10}}
		})
		for _, id := range []string{"slow", "thin"} {
			begin := time.Now()
			for range 120 { // 20 at once, 10 a second, by count or by bytes
				if _, err := in.Sender(id, false).Put(t.Context(), said(t, `{}`), []byte("x")); err != nil {
					t.Fatal(err)
				}
			}
			if took := time.Since(begin); took != 10*time.Second {
				t.Errorf("%s: 120 at 10 a second took %v", id, took)
			}
			collecttest.Balanced(t, in)
		}
	})
}

// A sender that is forgotten takes no books with it, and comes back by itself.
func TestForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := collecttest.NewMemory()
		in := newIntake(m, func(c *collect.Config) { c.Senders = 2 })
		regular := in.Sender("regular", false)
		time.Sleep(2 * time.Hour)
		put := func(s *collect.Sender) {
			t.Helper()
			time.Sleep(time.Second)
			if _, err := s.Put(t.Context(), said(t, `{}`), nil); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		put(regular)
		first := in.Sender("forged/0", true)
		put(first)
		for i := range 3000 {
			put(in.Sender(fmt.Sprint("forged/", i+1), true))
		}
		put(first) // was forgotten meanwhile
		standings := in.Standings()
		if len(standings) != 2 || standings[0].Sender != "forged/0" || standings[1].Sender != "regular" {
			t.Errorf("got %+v", standings)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := in.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		stored := int64(0)
		books := m.Books(t)
		for _, b := range books {
			stored += b.Stored
		}
		if stored != 3003 || len(books) > 1100 {
			t.Errorf("%d stored by %d pages", stored, len(books))
		}
	})
}

// The books of those that came and went in great numbers are added up, with their reasons, and balance.
func TestForgetInNumbers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := collecttest.NewMemory()
		in := newIntake(m, func(c *collect.Config) { c.Senders = 1 })
		const senders = 2000
		for i := range senders {
			s := in.Sender(fmt.Sprint("forged/", i), i%2 == 0)
			s.Refuse(1, []string{"busy", "too long"}[i%2])
			s.Drop(2, fmt.Sprint("reason ", i)) // more of them than are told apart
			time.Sleep(time.Second)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_ = in.Run(ctx)
		sum, why := collect.Counts{}, map[string]int64{}
		for _, b := range m.Books(t) {
			explained := int64(0)
			for reason, n := range b.Reasons {
				explained += n
				why[strings.TrimRight(reason, "0123456789")] += n
			}
			if b.Difference != 0 || explained != b.Refused+b.Dropped || len(b.Reasons) > 33 || b.To.Before(b.From) {
				t.Errorf("a page that explains %d: %+v", explained, b)
			}
			sum = sum.Plus(b.Counts)
		}
		if want := (collect.Counts{Received: 3 * senders, Refused: senders, Dropped: 2 * senders}); sum != want {
			t.Errorf("the pages add up to %+v", sum)
		}
		if why["busy"] != senders/2 || why["too long"] != senders/2 || why["reason "]+why["other"] != 2*senders {
			t.Errorf("got %v", why)
		}
	})
}

// A sender with something on the way is not forgotten.
func TestForgetWaiting(t *testing.T) {
	m := collecttest.NewMemory()
	in := newIntake(m, func(c *collect.Config) { c.Senders = 1 })
	m.Hold()
	for _, id := range []string{"a", "b", "c"} {
		if _, err := in.Sender(id, false).Put(t.Context(), said(t, `{}`), nil); err != nil {
			t.Fatal(err)
		}
	}
	m.Release()
	counts := collecttest.Balanced(t, in)
	if len(counts) != 3 || counts["a"].Stored != 1 || counts["b"].Stored != 1 {
		t.Errorf("got %v", counts)
	}
	in.Sender("d", false)
	if got := in.Standings(); len(got) != 1 {
		t.Errorf("%d senders", len(got))
	}
}

func TestRunSealsBooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := collecttest.NewMemory()
		in := newIntake(m)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- in.Run(ctx) }()
		s := in.Sender("x", false)
		put := func() {
			if _, err := s.Put(t.Context(), said(t, `{}`), []byte("12")); err != nil {
				t.Error(err)
			}
		}
		put()
		m.Hold()
		put()
		time.Sleep(time.Minute + time.Second) // the books themselves are held for half a minute, and tried again
		m.Release()
		time.Sleep(time.Minute)
		s.Refuse(1, "busy")
		time.Sleep(time.Minute)
		put()
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		sum := collect.Counts{}
		why := map[string]int64{}
		for _, b := range m.Books(t) {
			if b.Difference != 0 || b.Sender != "x" {
				t.Errorf("got %+v", b)
			}
			sum.Received += b.Received
			sum.Stored += b.Stored
			sum.Waiting += b.Waiting
			for reason, n := range b.Reasons {
				why[reason] += n
			}
		}
		if sum.Received != 4 || sum.Stored != 3 || sum.Waiting != 0 {
			t.Errorf("the pages add up to %+v", sum)
		}
		if diff := cmp.Diff(why, map[string]int64{"busy": 1}); diff != "" {
			t.Error(diff)
		}
	})
}

// A sender that sends every second by day and nothing at night is missed neither at night nor at the weekend, once
// that is known; and it is missed when it stays away.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var silent []string
		m := collecttest.NewMemory()
		in := newIntake(m, func(c *collect.Config) {
			c.Expect = []string{"pump", "office"}
			c.Silent = func(s collect.Standing) { silent = append(silent, s.Sender) }
		})
		go func() { _ = in.Run(t.Context()) }()
		office, monitor := in.Sender("office", false), in.Sender("monitor", false)
		minutes := func(n int, senders ...*collect.Sender) {
			for range n {
				for _, s := range senders {
					if _, err := s.Put(t.Context(), said(t, `{}`), nil); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(time.Minute)
			}
		}
		for range 3 {
			minutes(10*60, office, monitor)
			minutes(14*60, monitor)
		}
		if len(silent) > 0 {
			t.Errorf("missed %v", silent)
		}
		minutes(60, office)
		if got := in.Standings(); got[0].State != collect.Silent || got[1].State != collect.Live || got[2].State != collect.Never {
			t.Errorf("got %v", got)
		}
		minutes(60, office)
		if diff := cmp.Diff(silent, []string{"monitor"}); diff != "" {
			t.Error(diff)
		}
		// The node starts anew, and remembers who is missing and who was heard.
		again := newIntake(collecttest.NewMemory())
		for _, l := range m.Lines(journal.Books) {
			if err := again.Recall(l.JSON); err != nil {
				t.Fatal(err)
			}
		}
		if got := again.Standings(); got[0].State != collect.Silent || got[1].State != collect.Live || got[1].UsualGap < time.Hour {
			t.Errorf("after a restart: %v", got)
		}
	})
}

// Nothing of a foreign name reaches a screen that could act on it.
func TestSenderID(t *testing.T) {
	in := newIntake(collecttest.NewMemory())
	if got := in.Sender("tls/\x1b[31mlab\xff\n", false).ID(); got != "tls/?[31mlab??" {
		t.Errorf("got %q", got)
	}
	if got := in.Sender(strings.Repeat("ü", 500), false).ID(); len(got) != 200 {
		t.Errorf("%d bytes", len(got))
	}
}
