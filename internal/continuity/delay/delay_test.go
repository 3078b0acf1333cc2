package delay_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/continuity/delay"
)

// sender writes a message every twenty seconds, that takes a second, by a clock that is off.
type sender struct {
	*testing.T
	feed *delay.Feed
	now  time.Time
	off  time.Duration
	told []string
}

func newSender(t *testing.T) *sender {
	return &sender{T: t, feed: delay.New(), now: time.Date(2030, 6, 3, 0, 0, 0, 0, time.UTC), off: 90 * time.Second}
}

// send has its messages take so long in addition.
func (s *sender) send(long time.Duration, late func(at time.Time) time.Duration) {
	for end := s.now.Add(long); s.now.Before(end); s.now = s.now.Add(20 * time.Second) {
		took := time.Second + time.Duration(s.now.Unix()%7)*time.Second + late(s.now)
		for _, l := range s.feed.Observe(s.now.Add(-took-s.off), false, s.now) {
			if l.Ended {
				s.told = append(s.told, "over")
				continue
			}
			s.told = append(s.told, fmt.Sprintf("%s late since %s", l.By.Round(10*time.Second), l.Since.Format("15:04")))
		}
	}
}

func (s *sender) wants(what string, says ...string) {
	s.Helper()
	if got := strings.Join(s.told, "; "); got != strings.Join(says, "; ") {
		s.Errorf("%s: told %q, want %q", what, got, says)
	}
	s.told = nil
}

func inTime(time.Time) time.Duration { return 0 }

func by(d time.Duration) func(time.Time) time.Duration {
	return func(time.Time) time.Duration { return d }
}

const week = 7 * 24 * time.Hour

// A queue that grows is told once it is two minutes long for five, and when it is gone.
func TestAQueueGrows(t *testing.T) {
	s := newSender(t)
	s.send(week+time.Hour, inTime)
	s.wants("a week as usual")
	began := s.now
	s.send(30*time.Minute, func(at time.Time) time.Duration { return at.Sub(began) / 4 }) // 15 seconds a minute
	s.wants("it grows", "3m0s late since 01:08")
	s.send(time.Hour, by(8*time.Minute))
	s.wants("it is told once")
	s.send(10*time.Minute, inTime)
	s.wants("it is gone", "over")
}

// Each night's batch is old when it arrives: that is its way. So are messages that wait for a minute now and then, and one alone among others that are in time.
func TestWhatIsUsual(t *testing.T) {
	s := newSender(t)
	batch := func(at time.Time) time.Duration {
		if at.Hour() == 2 && at.Minute() < 10 {
			return time.Hour + time.Duration(at.Minute())*time.Minute
		}
		return 0
	}
	s.send(2*week, batch)
	s.wants("batches")
	s.send(30*time.Minute, by(90*time.Second))
	s.wants("less than two minutes")
	n := 0
	s.send(time.Hour, func(time.Time) time.Duration {
		if n++; n%3 != 0 {
			return time.Hour
		}
		return 0
	})
	s.wants("one of three is in time")
}

// A sender without an offset goes back by an hour in autumn, and forth in spring.
func TestClocksThatChange(t *testing.T) {
	for _, hour := range []time.Duration{time.Hour, -time.Hour} {
		s := newSender(t)
		s.send(week+time.Hour, inTime)
		s.off += hour
		s.send(2*week, inTime)
		s.wants("afterwards")
		s.send(time.Hour, by(5*time.Minute))
		if len(s.told) != 1 {
			t.Errorf("a queue afterwards: %q", s.told)
		}
	}
}

// What is told survives a restart, and what is damaged is refused.
func TestItIsRemembered(t *testing.T) {
	s := newSender(t)
	s.send(week+time.Hour, inTime)
	s.send(10*time.Minute, by(10*time.Minute))
	s.wants("a queue", "10m0s late since 01:00")
	var err error
	if s.feed, err = delay.Decode(s.feed.Encode()); err != nil {
		t.Fatal(err)
	}
	s.send(10*time.Minute, by(10*time.Minute))
	s.wants("after a restart")
	s.send(10*time.Minute, inTime)
	s.wants("it is gone", "over")
	for _, damaged := range []string{"", "[]", `{"At":61}`, `{"Known":5}`, `{"Known":-1}`} {
		if _, err := delay.Decode([]byte(damaged)); err == nil {
			t.Errorf("%q is taken", damaged)
		}
	}
}

func BenchmarkObserve(b *testing.B) {
	f := delay.New()
	at := time.Date(2030, 6, 3, 0, 0, 0, 0, time.UTC)
	for i := 0; b.Loop(); i++ {
		at = at.Add(700 * time.Millisecond)
		f.Observe(at.Add(-time.Second), true, at)
	}
}
