package probe_test

import (
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/continuity/probe"
)

var start = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// target is a declared one, completed.
func target(t *testing.T, text string) probe.Target {
	t.Helper()
	c, err := probe.Parse([]byte("targets:\n- {" + text + "}\n"))
	if err != nil {
		t.Fatal(err)
	}
	return c.Targets[0]
}

// result is one attempt, in a letter: u up in 10 ms, s up in 3 s, d down at once, t down after 5 s, r refused by rule, o not asked for reasons of our own.
func result(letter rune, at time.Time) probe.Result {
	r := probe.Result{At: at, State: probe.Up, Took: 10 * time.Millisecond}
	switch letter {
	case 's':
		r.Took = 3 * time.Second
	case 'd':
		r.State, r.Took = probe.Down, 0
	case 't':
		r.State, r.Took = probe.Down, 5*time.Second
	case 'r':
		r.State = probe.Refused
	case 'o':
		r.State = probe.Unasked
	}
	return r
}

// letter is a state, as tables show it.
func letter(s probe.State) string {
	if s == probe.Unasked {
		return "-"
	}
	return strings.ToUpper(string(s[0]))
}

func TestJudge(t *testing.T) {
	usual := strings.Repeat("u", 12)
	steady := strings.Repeat("U", 12)
	for _, c := range []struct {
		name  string
		every time.Duration
		asked string // letters of result
		want  string // what the target is held for after each: U, S, D, R, or - for not known
	}{
		{"is up with the first answer", 30 * time.Second, "uu", "UU"},
		{"two failures are none", 30 * time.Second, "uuddu", "UUUUU"},
		{"three failures over 90 s are an alarm", 30 * time.Second, "uuddd", "UUUUD"},
		{"and so they are when each takes its time", 30 * time.Second, "uuttt", "UUUUD"},
		{"three within 90 s are none yet", 10 * time.Second, "udddddddd", "UUUUUUUUU"},
		{"but the ninth is", 10 * time.Second, "uddddddddd", "UUUUUUUUUD"},
		{"it need not have been up before", 30 * time.Second, "ddd", "--D"},
		{"one that is asked seldom was not down all the time", time.Hour, "uddd", "UUUD"},
		{"one answer does not clear it", 30 * time.Second, "udddud", "UUUDDD"},
		{"two do", 30 * time.Second, "uddduu", "UUUDDU"},
		{"answers with failures between them do not", 30 * time.Second, "uddduduu", "UUUDDDDU"},
		{"an answer that comes late is one, if not a good one", 30 * time.Second, usual + "ddsdd", steady + "UUSSS"},
		{"slow three times over 90 s is slow", 30 * time.Second, usual + "sss", steady + "UUS"},
		{"slow once is not", 30 * time.Second, usual + "ssu", steady + "UUU"},
		{"slow is cleared by two", 30 * time.Second, usual + "sssusuu", steady + "UUSSSSU"},
		{"nobody knows what is slow at the beginning", 30 * time.Second, "usss", "UUUU"},
		{"what was down may come back slow", 30 * time.Second, usual + "dddssu", steady + "UUDDSS"},
		{"slow becomes down", 30 * time.Second, usual + "sssddd", steady + "UUSSSD"},
		{"slow and failing by turns is slow", 30 * time.Second, usual + "dsdsd", steady + "UUUSS"},
		{"the rule refuses at once", 30 * time.Second, "ur", "UR"},
		{"and not for ever", 30 * time.Second, "uru", "URU"},
		{"what keeps us from asking says nothing", 30 * time.Second, "uddoood", "UUUUUUU"},
		{"not even that it works again", 30 * time.Second, "udddoou", "UUUDDDD"},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := probe.NewJudge(target(t, "name: PACS, kind: tcp, address: 'pacs.example:104'"))
			var got string
			for i, l := range c.asked {
				_, s := j.Hear(result(l, start.Add(time.Duration(i)*c.every)))
				got += letter(s.State)
			}
			if got != c.want {
				t.Errorf("%s was judged\n%s, and should be\n%s", c.asked, got, c.want)
			}
		})
	}
}

// One that fails is asked again when the 90 s are over, and one that does not is left to its turn.
func TestJudgeAsksAgain(t *testing.T) {
	j := probe.NewJudge(target(t, "name: PACS, kind: tcp, address: 'pacs.example:104'"))
	for _, step := range []struct {
		letter rune
		at     time.Duration
		want   time.Duration
	}{
		{'u', 0, 0},
		{'d', 28 * time.Second, 30 * time.Second},
		{'d', 58 * time.Second, 30 * time.Second}, // 32 s are left of the 90
		{'d', 86 * time.Second, 4 * time.Second},  // the third came early
		{'d', 90 * time.Second, 30 * time.Second},
		{'u', 120 * time.Second, 30 * time.Second}, // and once more to clear it
		{'u', 150 * time.Second, 0},
	} {
		at := start.Add(step.at)
		_, s := j.Hear(result(step.letter, at))
		if got := j.Again(at); got != step.want {
			t.Errorf("after %v: again in %v, not in %v", step.at, got, step.want)
		}
		if down := s.State == probe.Down; down != (step.at >= 90*time.Second && step.at < 150*time.Second) {
			t.Errorf("after %v it is %s", step.at, s.State)
		}
	}
	if _, s := j.Hear(result('d', start.Add(time.Hour))); s.State != probe.Up || !s.Since.Equal(start.Add(150*time.Second)) {
		t.Errorf("%+v", s)
	}
}

// A bad state began when all was well last.
func TestJudgeSince(t *testing.T) {
	j := probe.NewJudge(target(t, "name: PACS, kind: tcp, address: 'pacs.example:104'"))
	var s probe.Standing
	for i, l := range "uuddd" {
		_, s = j.Hear(result(l, start.Add(time.Duration(i)*30*time.Second)))
	}
	if s.State != probe.Down || !s.Since.Equal(start.Add(30*time.Second)) || s.Failures != 3 {
		t.Errorf("%+v", s)
	}
}

// One that is asked seldom, and fails three times within a minute, has not failed for 90 s, whenever it answered last.
func TestJudgeSeldom(t *testing.T) {
	j := probe.NewJudge(target(t, "name: PACS, kind: tcp, address: 'pacs.example:104', every: 1h"))
	j.Hear(result('u', start))
	for _, step := range []struct {
		at   time.Duration
		want probe.State
	}{{time.Hour, probe.Up}, {time.Hour + 20*time.Second, probe.Up}, {time.Hour + 40*time.Second, probe.Up}, {time.Hour + 60*time.Second, probe.Down}} {
		if _, s := j.Hear(result('d', start.Add(step.at))); s.State != step.want {
			t.Errorf("after %v it is %s", step.at, s.State)
		}
	}
}

// What is slow is asked again when the 90 s are over, too.
func TestJudgeAsksTheSlowAgain(t *testing.T) {
	j := probe.NewJudge(target(t, "name: PACS, kind: tcp, address: 'pacs.example:104'"))
	for i := range 12 {
		j.Hear(result('u', start.Add(time.Duration(i-11)*30*time.Second)))
	}
	for _, step := range []struct {
		at, want time.Duration
		state    probe.State
	}{
		{28 * time.Second, 30 * time.Second, probe.Up},
		{58 * time.Second, 29 * time.Second, probe.Up}, // it takes three seconds each time
		{86 * time.Second, time.Second, probe.Up},
		{88 * time.Second, 30 * time.Second, probe.Slow},
	} {
		at := start.Add(step.at)
		_, s := j.Hear(result('s', at))
		if got := j.Again(at.Add(3 * time.Second)); got != step.want || s.State != step.state {
			t.Errorf("after %v: %s, again in %v, not in %v", step.at, s.State, got, step.want)
		}
	}
	// And then it fails.
	for _, step := range []struct{ at, want time.Duration }{{116 * time.Second, 30 * time.Second}, {146 * time.Second, 30 * time.Second}, {174 * time.Second, 4 * time.Second}} {
		at := start.Add(step.at)
		if j.Hear(result('d', at)); j.Again(at) != step.want {
			t.Errorf("after %v: again in %v, not in %v", step.at, j.Again(at), step.want)
		}
	}
}

// An answer that is quick by itself is not slow, however quick it usually is.
func TestJudgeFloor(t *testing.T) {
	j := probe.NewJudge(target(t, "name: PACS, kind: tcp, address: 'pacs.example:104', slow: 200ms"))
	for i := range 20 {
		j.Hear(probe.Result{At: start.Add(time.Duration(i) * 30 * time.Second), State: probe.Up, Took: 2 * time.Millisecond})
	}
	for took, want := range map[time.Duration]probe.State{200 * time.Millisecond: probe.Up, 201 * time.Millisecond: probe.Slow} {
		if r, _ := j.Hear(probe.Result{At: start.Add(time.Hour / 2), State: probe.Up, Took: took}); r.State != want {
			t.Errorf("after %v: %s", took, r.State)
		}
	}
}

func TestJudgeSlow(t *testing.T) {
	j := probe.NewJudge(target(t, "name: PACS, kind: tcp, address: 'pacs.example:104', slow: 200ms"))
	at := start
	hear := func(took time.Duration) (probe.Result, probe.Standing) {
		at = at.Add(30 * time.Second)
		return j.Hear(probe.Result{At: at, State: probe.Up, Took: took})
	}
	for range 20 {
		hear(60 * time.Millisecond)
	}
	for took, want := range map[time.Duration]probe.State{
		300 * time.Millisecond: probe.Up,   // five times as long, and no more
		301 * time.Millisecond: probe.Slow, // more
	} {
		if r, _ := hear(took); r.State != want {
			t.Errorf("after %v: %s", took, r.State)
		}
	}
	r, s := hear(2300 * time.Millisecond)
	if r.Why != "answered after 2.3 s, where 60 ms is usual" || r.Cause != probe.Late || s.Usual != 60*time.Millisecond {
		t.Errorf("%s %q %v", r.Cause, r.Why, s.Usual)
	}

	// What lasts teaches nothing for a day, and is how it is then.
	for until := at.Add(24 * time.Hour); at.Before(until); {
		if r, s := hear(2 * time.Second); r.State != probe.Slow && s.Usual != 0 {
			t.Fatalf("%s after %v of being slow", r.State, at.Sub(start))
		}
	}
	for range 20 {
		r, s = hear(2 * time.Second)
	}
	if r.State != probe.Up || s.State != probe.Up || s.Usual != 2*time.Second {
		t.Errorf("after a day: %s, %+v", r.State, s)
	}
}

// Of what was an hour ago nothing is usual any more.
func TestJudgeForgets(t *testing.T) {
	j := probe.NewJudge(target(t, "name: PACS, kind: tcp, address: 'pacs.example:104', every: 10s"))
	for i := range 720 {
		took := 400 * time.Millisecond
		if i >= 370 {
			took = 100 * time.Millisecond
		}
		_, s := j.Hear(probe.Result{At: start.Add(time.Duration(i) * 10 * time.Second), State: probe.Up, Took: took})
		if want := 100 * time.Millisecond; i == 719 && s.Usual != want {
			t.Errorf("%v is usual", s.Usual)
		}
	}
	j = probe.NewJudge(target(t, "name: PACS, kind: tcp, address: 'pacs.example:104', every: 5s"))
	for i := range 10_000 { // clocks may stand still, and what is remembered may not grow for ever
		j.Hear(probe.Result{At: start, State: probe.Up, Took: time.Duration(10_000 - i)})
	}
	if _, s := j.Hear(probe.Result{At: start, State: probe.Up, Took: 1}); s.Usual != 360 {
		t.Errorf("%d is usual", s.Usual)
	}
}

// One that closed connections after us and does so no more is silent. One that never did is not.
func TestJudgeClosing(t *testing.T) {
	for _, c := range []struct{ name, closed, want string }{ // y: it closed its side, n: it did not
		{"as always", "yyyyy", "UUUUU"},
		{"never does", "nnnnnnnn", "UUUUUUUU"},
		{"does no more", "yyynnn", "UUUDDD"},
		{"did too seldom", "yynnn", "UUUUU"},
		{"once late", "yyyny", "UUUDU"},
	} {
		j := probe.NewJudge(target(t, "name: engine, kind: mllp, address: 'engine.example:2575'"))
		var got, why string
		for i, l := range c.closed {
			r, _ := j.Hear(result('u', start.Add(time.Duration(i)*30*time.Second)).Closing(l == 'y'))
			got += letter(r.State)
			if r.State == probe.Down {
				why = r.Why
			}
		}
		if got != c.want {
			t.Errorf("%s: %s, not %s", c.name, got, c.want)
		}
		if wrong := strings.Contains(c.want, "D") != strings.Contains(why, "frozen"); wrong {
			t.Errorf("%s: %q", c.name, why)
		}
	}
}

func TestJudgeCertificate(t *testing.T) {
	j := probe.NewJudge(target(t, "name: portal, kind: tls, address: 'portal.example:443'"))
	end := start.Add(60 * 24 * time.Hour)
	for _, c := range []struct {
		left   time.Duration
		letter rune
		within int
		ended  bool
		why    string
	}{
		{46 * 24 * time.Hour, 'u', 0, false, ""},
		{45 * 24 * time.Hour, 'u', 45, false, "certificate ends in 45 d"},
		{14*24*time.Hour + 1, 'u', 45, false, "certificate ends in 14 d"},
		{14 * 24 * time.Hour, 'u', 14, false, "certificate ends in 14 d"},
		{50 * time.Hour, 'u', 3, false, "certificate ends in 2 d"},
		{47 * time.Hour, 'd', 3, false, "connection refused; certificate ends in 47 h"}, // as it was shown last
		{time.Minute, 'u', 3, false, "certificate ends in 1 min"},
		{0, 'u', 0, true, "certificate ended 0 min ago"},
		{-72 * time.Hour, 'u', 0, true, "certificate ended 3 d ago"},
	} {
		r := result(c.letter, end.Add(-c.left))
		if r.State == probe.Up {
			r.Expires = end
		} else {
			r.Why = "connection refused"
		}
		got, s := j.Hear(r)
		if s.EndsWithin != c.within || s.Ended != c.ended || got.Why != c.why || !s.Expires.Equal(end) {
			t.Errorf("%v before its end: %d, %v, %q", c.left, s.EndsWithin, s.Ended, got.Why)
		}
	}
	if _, s := j.Hear(probe.Result{At: end, State: probe.Up, Expires: end.Add(365 * 24 * time.Hour)}); s.Ended || s.EndsWithin != 0 {
		t.Errorf("a new certificate: %+v", s)
	}
}

func TestJudgeClock(t *testing.T) {
	j := probe.NewJudge(target(t, "name: clock, kind: ntp, address: ntp.example"))
	for _, c := range []struct {
		ahead time.Duration
		state probe.State
		want  probe.Clock
		why   string
	}{
		{0, probe.Up, probe.ClockFine, ""},
		{time.Second, probe.Up, probe.ClockFine, ""},
		{1500 * time.Millisecond, probe.Up, probe.ClockOff, "its clock is 1.5 s ahead of ours"},
		{-5 * time.Minute, probe.Up, probe.ClockOff, "its clock is 5 min behind ours"},
		{0, probe.Down, probe.ClockOff, ""}, // it was not compared
		{-7 * time.Minute, probe.Up, probe.ClockBreaks, "its clock is 7 min behind ours: Kerberos refuses logins"},
		{0, probe.Up, probe.ClockFine, ""},
	} {
		r, s := j.Hear(probe.Result{At: start, State: c.state, Offset: c.ahead})
		if s.Clock != c.want || r.Why != c.why {
			t.Errorf("%v ahead: %q, %q", c.ahead, s.Clock, r.Why)
		}
	}
}
