package silence_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/continuity/silence"
)

// laboratory is a feed that brings a result about each minute by day, and one in four by night.
func laboratory(f *silence.Feed, zone *time.Location, from, to time.Time, alarm func(at time.Time)) {
	r := rand.New(rand.NewPCG(1, uint64(from.Unix())))
	for at := from; at.Before(to); {
		if _, _, began := f.Check(at); began {
			alarm(at)
		}
		f.Observe(at)
		usual := 4 * time.Minute
		if h := at.In(zone).Hour(); h >= 6 && h < 20 {
			usual = time.Minute
		}
		at = at.Add(usual/4 + time.Duration(r.Int64N(int64(usual*3/2))))
	}
}

func vienna(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// settled is a feed that was heard for five weeks until a Tuesday at ten.
func settled(t *testing.T, cfg silence.Config) (f *silence.Feed, now time.Time) {
	t.Helper()
	cfg.Zone, cfg.Floor = vienna(t), 5*time.Minute
	now = time.Date(2030, 6, 4, 10, 0, 0, 0, cfg.Zone)
	f = silence.New(cfg)
	laboratory(f, cfg.Zone, now.AddDate(0, 0, -35), now, func(at time.Time) { t.Errorf("silent at %v", at) })
	return f, now
}

// firstAlarm checks each minute from one time to another.
func firstAlarm(f *silence.Feed, from, to time.Time) (time.Time, silence.Silence) {
	for at := from; at.Before(to); at = at.Add(time.Minute) {
		if s, _, began := f.Check(at); began {
			return at, s
		}
	}
	return time.Time{}, silence.Silence{}
}

func TestAStoppedFeedIsSilent(t *testing.T) {
	f, now := settled(t, silence.Config{})
	at, s := firstAlarm(f, now, now.Add(time.Hour))
	if at.IsZero() {
		t.Fatal("nothing was said for an hour")
	}
	if after := at.Sub(now); after > 20*time.Minute || now.Sub(s.Since) > 2*time.Minute || s.Expected < 3 || s.Expected > 20 {
		t.Errorf("after %v: %+v", after, s)
	}
	if p, ok := f.Patience(now); !ok || p < 5*time.Minute || p > 20*time.Minute {
		t.Errorf("it is waited for %v", p)
	}
	night := time.Date(2030, 6, 5, 1, 0, 0, 0, now.Location())
	if p, _ := f.Patience(night); p < 10*time.Minute {
		t.Errorf("by night it is waited for %v", p)
	}
}

func TestSilenceEndsWithTheThirdMessage(t *testing.T) {
	f, now := settled(t, silence.Config{})
	at, _ := firstAlarm(f, now, now.Add(time.Hour))
	for n, ends := range []bool{false, false, true} {
		at = at.Add(time.Second)
		if f.Observe(at) != ends {
			t.Errorf("message %d: ended %v", n+1, !ends)
		}
	}
	if _, silent, _ := f.Check(at); silent {
		t.Error("still silent")
	}
}

// An outage of a day teaches nothing: neither is the curve of that weekday lower afterwards, nor is the gap one that happens.
func TestAnOutageIsNotLearned(t *testing.T) {
	f, now := settled(t, silence.Config{})
	usual, _ := f.Usual(now.AddDate(0, 0, 7))
	patience, _ := f.Patience(now.AddDate(0, 0, 7))
	if at, _ := firstAlarm(f, now, now.Add(time.Hour)); at.IsZero() {
		t.Fatal("not found")
	}
	back := now.Add(30 * time.Hour)
	laboratory(f, now.Location(), back, now.AddDate(0, 0, 6), func(at time.Time) { t.Errorf("silent again at %v", at) })
	after, _ := f.Usual(now.AddDate(0, 0, 7))
	if after < 0.9*usual {
		t.Errorf("a Tuesday's half hour brought %.1f and is thought to bring %.1f", usual, after)
	}
	if later, _ := f.Usual(now.AddDate(0, 0, 7).Add(5 * time.Hour)); later < 0.8*usual {
		t.Errorf("a Tuesday's half hour in the afternoon brought %.1f and is thought to bring %.1f", usual, later)
	}
	if p, _ := f.Patience(now.AddDate(0, 0, 7)); p > patience+time.Minute {
		t.Errorf("it was waited for %v and now is for %v", patience, p)
	}
}

func TestWhatAPersonCallsOrdinaryIsLearned(t *testing.T) {
	f, now := settled(t, silence.Config{})
	at, _ := firstAlarm(f, now, now.Add(time.Hour))
	f.Ordinary()
	if again, _ := firstAlarm(f, at, at.Add(3*time.Minute)); !again.IsZero() {
		t.Error("it was said again at once")
	}
	f.Observe(at.Add(3 * time.Minute))
	laboratory(f, now.Location(), at.Add(4*time.Minute), now.AddDate(0, 0, 1), func(at time.Time) { t.Errorf("silent at %v", at) })
	stop := now.AddDate(0, 0, 1)
	if next, _ := firstAlarm(f, stop, stop.Add(3*time.Hour)); next.Sub(stop) <= at.Sub(now) {
		t.Errorf("found after %v, as before", next.Sub(stop))
	}
}

// On the nights on which clocks change an hour is missing or comes twice: two such nights, and the year between, without an alarm.
func TestClocksThatChange(t *testing.T) {
	zone := vienna(t)
	from := time.Date(2030, 2, 1, 0, 0, 0, 0, zone)
	f := silence.New(silence.Config{Zone: zone, Floor: 5 * time.Minute})
	laboratory(f, zone, from, time.Date(2030, 11, 15, 0, 0, 0, 0, zone), func(at time.Time) { t.Errorf("silent at %v", at) })
	night := time.Date(2030, 10, 27, 2, 30, 0, 0, zone)
	usual, _ := f.Usual(night)
	if usual < 5 || usual > 9 {
		t.Errorf("half an hour of that night is thought to bring %.1f", usual)
	}
}

func TestPlannedDowntime(t *testing.T) {
	var from, to time.Time
	planned := func(at time.Time) (bool, time.Time) {
		switch {
		case at.Before(from):
			return false, from
		case at.Before(to):
			return true, to
		}
		return false, time.Time{}
	}
	f, now := settled(t, silence.Config{Planned: planned})
	from, to = now.Add(12*time.Minute), now.Add(4*time.Hour+7*time.Minute)
	laboratory(f, now.Location(), now, from, func(at time.Time) { t.Errorf("silent at %v", at) })
	if at, _ := firstAlarm(f, from, to.Add(5*time.Minute)); !at.IsZero() {
		t.Errorf("silent at %v", at)
	}
	at, s := firstAlarm(f, to.Add(5*time.Minute), to.Add(time.Hour))
	if at.IsZero() {
		t.Fatal("that it did not come back was not said")
	}
	if s.Since.Before(to) {
		t.Errorf("silent since %v, which was planned", s.Since)
	}
}

// What was missing when a planned downtime began is forgiven: the feed has its whole patience when it is over.
func TestAPlannedDowntimeForgivesWhatWasMissing(t *testing.T) {
	var from, to time.Time
	f, now := settled(t, silence.Config{Planned: func(at time.Time) (bool, time.Time) {
		switch {
		case at.Before(from):
			return false, from
		case at.Before(to):
			return true, to
		}
		return false, time.Time{}
	}})
	patience, _ := f.Patience(now)
	from, to = now.Add(patience-time.Minute), now.Add(14*time.Hour)
	if at, _ := firstAlarm(f, now, to); !at.IsZero() {
		t.Fatalf("silent at %v", at)
	}
	whole, _ := f.Patience(to)
	if at, _ := firstAlarm(f, to, to.Add(2*time.Hour)); at.Sub(to) < whole-time.Minute {
		t.Errorf("told %v after its end, and its patience is %v", at.Sub(to), whole)
	}
}

// A feed that is silent for weeks is waited for by the model that it had.
func TestAModelIsFrozenWhileItsFeedIsSilent(t *testing.T) {
	f, now := settled(t, silence.Config{})
	usual, _ := f.Usual(now)
	firstAlarm(f, now, now.AddDate(0, 0, 1))
	if _, silent, _ := f.Check(now.AddDate(0, 0, 40)); !silent {
		t.Fatal("it is not silent")
	}
	if after, _ := f.Usual(now); after != usual {
		t.Errorf("half an hour brought %.3f, and after forty days of silence is thought to bring %.3f", usual, after)
	}
}

// Two hours in which a feed says a hundred times what it does otherwise are no week of its own.
func TestAFloodTeachesNothing(t *testing.T) {
	f, now := settled(t, silence.Config{})
	usual, _ := f.Usual(now.AddDate(0, 0, 7).Add(time.Hour))
	for at := now; at.Before(now.Add(2 * time.Hour)); at = at.Add(time.Second) {
		f.Observe(at)
		f.Strange()
	}
	laboratory(f, now.Location(), now.Add(2*time.Hour), now.AddDate(0, 0, 6), func(at time.Time) { t.Errorf("silent at %v", at) })
	if after, _ := f.Usual(now.AddDate(0, 0, 7).Add(time.Hour)); after > 1.2*usual {
		t.Errorf("half an hour brought %.1f, and after the flood is thought to bring %.1f", usual, after)
	}
}

// Of twelve messages a day one that does not come is no silence, however regular they are: so few do not tell what is usual.
func TestOneOfTwelve(t *testing.T) {
	zone := vienna(t)
	from := time.Date(2030, 6, 3, 0, 0, 0, 0, zone)
	f := silence.New(silence.Config{Zone: zone, Floor: time.Hour})
	for n := range 40 * 12 {
		if n != 37*12+5 {
			f.Observe(from.Add(time.Duration(n) * 2 * time.Hour))
		}
		if at, _ := firstAlarm(f, from.Add(time.Duration(n)*2*time.Hour), from.Add(time.Duration(n+1)*2*time.Hour)); !at.IsZero() {
			t.Errorf("silent at %v", at)
		}
	}
}

// On a holiday that is known a clinic is as quiet as on a Sunday, and the weekday it fell on loses nothing by it.
func TestAHolidayIsASunday(t *testing.T) {
	zone := vienna(t)
	holiday := time.Date(2030, 6, 20, 0, 0, 0, 0, zone)
	clinic := func(f *silence.Feed, from, to time.Time) (alarms int) {
		for at := from; at.Before(to); at = at.Add(time.Minute) {
			if _, _, began := f.Check(at); began {
				alarms++
			}
			local := at.In(zone)
			if d := local.Weekday(); local.Hour() >= 8 && local.Hour() < 16 && d != time.Saturday && d != time.Sunday && !(local.YearDay() == holiday.YearDay()) {
				f.Observe(at)
			}
		}
		return alarms
	}
	for _, known := range []bool{true, false} {
		f := silence.New(silence.Config{Zone: zone, Floor: 5 * time.Minute, Holiday: func(day time.Time) bool { return known && day.Equal(holiday) }})
		if n := clinic(f, holiday.AddDate(0, 0, -42), holiday.AddDate(0, 0, 8)); (n == 0) != known {
			t.Errorf("holiday known %v: %d alarms", known, n)
		}
		next, _ := f.Usual(time.Date(2030, 6, 27, 10, 0, 0, 0, zone))
		if known && next < 29 {
			t.Errorf("the next Thursday's half hour is thought to bring %.1f", next)
		}
		if first, _ := f.Usual(time.Date(2030, 6, 27, 8, 0, 0, 0, zone)); first > 1 {
			t.Errorf("the half hour in which it opens is thought to bring %.1f: nobody knows how late the first comes", first)
		}
	}
}

func TestWhatWeCouldNotHearIsNoSilence(t *testing.T) {
	f, now := settled(t, silence.Config{})
	up := now.Add(5 * time.Hour)
	f.Deaf(up)
	if _, silent, _ := f.Check(up); silent {
		t.Error("silent, though nobody listened")
	}
	if at, _ := firstAlarm(f, up, up.Add(time.Hour)); at.IsZero() {
		t.Error("it was not told that the feed does not speak now")
	}
}

// A unit that sends two messages in each night's batch has none in a night in which nobody was there, and that is no silence.
func TestAFewMessagesADay(t *testing.T) {
	zone := vienna(t)
	from := time.Date(2030, 6, 3, 0, 0, 0, 0, zone)
	f := silence.New(silence.Config{Zone: zone, Floor: time.Hour})
	for d := range 60 {
		for at := from.AddDate(0, 0, d); at.Before(from.AddDate(0, 0, d+1)); at = at.Add(30 * time.Minute) {
			if _, _, began := f.Check(at); began {
				t.Errorf("silent at %v", at)
			}
			if at.Hour() == 1 && at.Minute() == 0 && d != 52 {
				for n := range 8 {
					f.Observe(at.Add(time.Duration(n) * time.Second))
				}
			}
		}
	}
}

func TestNothingIsSaidWhileLearning(t *testing.T) {
	zone := vienna(t)
	from := time.Date(2030, 6, 3, 0, 0, 0, 0, zone)
	f := silence.New(silence.Config{Zone: zone, Floor: 5 * time.Minute})
	laboratory(f, zone, from, from.AddDate(0, 0, 10), func(at time.Time) { t.Errorf("silent at %v", at) })
	if at, _ := firstAlarm(f, from.AddDate(0, 0, 10), from.AddDate(0, 0, 12)); !at.IsZero() {
		t.Errorf("silent at %v, after ten days", at)
	}
	if n := f.Learning(); n < 1 || n > 4 {
		t.Errorf("%d days to learn", n)
	}
}

// TestARestartForgetsNothing writes the model at any moment and goes on with what was read.
func TestARestartForgetsNothing(t *testing.T) {
	cfg := silence.Config{Zone: vienna(t), Floor: 5 * time.Minute}
	f, now := settled(t, silence.Config{})
	state := f.Encode()
	if len(state) > 6<<10 {
		t.Errorf("the model is %d bytes large", len(state))
	}
	g, err := silence.Decode(cfg, state)
	if err != nil {
		t.Fatal(err)
	}
	at, s := firstAlarm(f, now, now.Add(time.Hour))
	gAt, gs := firstAlarm(g, now, now.Add(time.Hour))
	if !at.Equal(gAt) || !s.Since.Equal(gs.Since) {
		t.Errorf("%v %+v, after a restart %v %+v", at, s, gAt, gs)
	}
	h, err := silence.Decode(cfg, f.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if _, silent, began := h.Check(at.Add(time.Minute)); !silent || began {
		t.Errorf("silent %v, said again %v", silent, began)
	}
}

func FuzzDecode(f *testing.F) {
	feed := silence.New(silence.Config{})
	f.Add(feed.Encode())
	from := time.Date(2030, 6, 3, 0, 0, 0, 0, time.UTC)
	laboratory(feed, time.UTC, from, from.AddDate(0, 0, 16), func(time.Time) {})
	f.Add(feed.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		feed, err := silence.Decode(silence.Config{}, b)
		if err != nil {
			return
		}
		again, err := silence.Decode(silence.Config{}, feed.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if again.Heard() != feed.Heard() || again.Learning() != feed.Learning() {
			t.Error("it came back different")
		}
	})
}
