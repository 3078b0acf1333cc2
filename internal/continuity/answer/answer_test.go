package answer_test

import (
	"slices"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/continuity/answer"
)

var monday = time.Date(2030, 6, 3, 8, 0, 0, 0, time.UTC)

// way is a flow on which a message comes each ten seconds.
type way struct {
	t    *testing.T
	flow *answer.Flow
	now  time.Time
	n    uint64
	said []answer.Trouble
}

func newWay(t *testing.T) *way { return &way{t: t, flow: answer.New(), now: monday} }

// sends has messages go over the way for so long: the code of each answer (empty: none comes), and after how long.
func (w *way) sends(long time.Duration, how func(n uint64) (code string, after time.Duration)) {
	for end := w.now.Add(long); w.now.Before(end); w.now = w.now.Add(10 * time.Second) {
		w.n++
		code, after := how(w.n)
		w.note(w.flow.Asked(w.n, w.now))
		if code != "" {
			w.note(w.flow.Answered(w.n, code, w.now.Add(after)))
		}
	}
}

func (w *way) note(t []answer.Trouble) { w.said = append(w.said, t...) }

func (w *way) began(kind answer.Kind) *answer.Trouble {
	if i := slices.IndexFunc(w.said, func(t answer.Trouble) bool { return t.Kind == kind && !t.Ended }); i >= 0 {
		return &w.said[i]
	}
	return nil
}

func (w *way) wants(kinds ...answer.Kind) {
	w.t.Helper()
	var got []answer.Kind
	for _, s := range w.said {
		if !s.Ended {
			got = append(got, s.Kind)
		}
	}
	if !slices.Equal(got, kinds) {
		w.t.Errorf("said %v, wanted %v", got, kinds)
	}
}

func usual(n uint64) (string, time.Duration) {
	code := "AA"
	if n%2000 == 7 {
		code = "AE"
	}
	return code, 40*time.Millisecond + time.Duration(n*n%60)*time.Millisecond
}

func TestADayAsUsualSaysNothing(t *testing.T) {
	w := newWay(t)
	w.sends(24*time.Hour, usual)
	w.wants()
}

func TestRefusalsAfterAChangeOfCodes(t *testing.T) {
	w := newWay(t)
	w.sends(4*time.Hour, usual)
	changed := w.now
	w.sends(time.Hour, func(n uint64) (string, time.Duration) {
		if n%3 == 0 {
			return "AE", 50 * time.Millisecond
		}
		return "AA", 50 * time.Millisecond
	})
	w.sends(time.Hour, usual)
	w.wants(answer.Refused)
	if after := w.began(answer.Refused).Since.Sub(changed); after > 5*time.Minute {
		t.Errorf("told after %v", after)
	}
	if end := w.said[len(w.said)-1]; !end.Ended {
		t.Error("its end was not told")
	}
}

func TestThreeRejections(t *testing.T) {
	w := newWay(t)
	w.sends(time.Hour, usual)
	w.sends(time.Minute, func(n uint64) (string, time.Duration) { return "AR", time.Millisecond })
	w.sends(time.Minute, usual)
	if w.began(answer.Rejected) == nil {
		t.Error("not told")
	}
}

func TestASlowDatabase(t *testing.T) {
	w := newWay(t)
	w.sends(4*time.Hour, usual)
	w.sends(10*time.Minute, func(uint64) (string, time.Duration) { return "AA", 4 * time.Second })
	w.wants() // slow, and not yet harmful
	w.sends(20*time.Minute, func(uint64) (string, time.Duration) { return "AA", 9 * time.Second })
	w.wants(answer.Slow)
	w.sends(12*time.Hour, func(uint64) (string, time.Duration) { return "AA", 9 * time.Second })
	if end := w.said[len(w.said)-1]; end.Ended {
		t.Error("what is wrong for half a day was taken for usual")
	}
	if s := w.began(answer.Slow); s.Took < 8*time.Second || s.Took > 11*time.Second || s.Usual > time.Second {
		t.Errorf("%+v", s)
	}
}

// An interface that always took six seconds is not slow.
func TestWhatWasAlwaysSlow(t *testing.T) {
	w := newWay(t)
	slow := func(n uint64) (string, time.Duration) {
		return "AA", 6*time.Second + time.Duration(n%7)*100*time.Millisecond
	}
	w.sends(3*time.Hour, slow)
	first := len(w.said)
	w.sends(24*time.Hour, slow)
	if len(w.said) > first+1 { // that it ends is right
		t.Errorf("said %v", w.said[first:])
	}
}

func TestNobodyAnswers(t *testing.T) {
	w := newWay(t)
	w.sends(time.Hour, usual)
	hung := w.now
	w.sends(5*time.Minute, func(uint64) (string, time.Duration) { return "", 0 })
	w.wants(answer.Unheard)
	if after := w.began(answer.Unheard).Since.Sub(hung); after > 2*time.Minute {
		t.Errorf("told after %v", after)
	}
}

// A sender that waits says the same message again and sends no other.
func TestTheSameMessageAgain(t *testing.T) {
	w := newWay(t)
	w.sends(time.Hour, usual)
	for range 4 {
		w.note(w.flow.Asked(99_999, w.now))
		w.now = w.now.Add(20 * time.Second)
	}
	w.wants(answer.Unheard)
}

// One message in ten minutes whose answer was not seen may have been lost on its way to us.
func TestOneAnswerThatWasNotSeen(t *testing.T) {
	w := newWay(t)
	w.sends(2*time.Hour, func(n uint64) (string, time.Duration) {
		if n%200 == 0 {
			return "", 0
		}
		return "AA", 40 * time.Millisecond
	})
	w.wants()
}

// Somebody else kept the time, and tells of what was not answered.
func TestWhatOthersSawUnanswered(t *testing.T) {
	w := newWay(t)
	for n := range 30 {
		if n < 20 {
			w.note(w.flow.Took("AA", time.Second, w.now))
		} else {
			w.note(w.flow.Missed(w.now))
		}
		w.now = w.now.Add(15 * time.Second)
	}
	w.wants(answer.Unheard)
}

// Where only one direction is seen no message has an answer, and that is no news.
func TestOneDirectionOnly(t *testing.T) {
	w := newWay(t)
	w.sends(3*time.Hour, func(uint64) (string, time.Duration) { return "", 0 })
	w.wants()
}

// What is wrong before a restart is wrong after it, and is not told again; what waits is waited for.
func TestARestartForgetsNothing(t *testing.T) {
	w := newWay(t)
	w.sends(time.Hour, usual)
	w.sends(20*time.Minute, func(uint64) (string, time.Duration) { return "AA", 9 * time.Second })
	w.wants(answer.Slow)
	again, err := answer.Decode(w.flow.Encode())
	if err != nil {
		t.Fatal(err)
	}
	w.flow = again
	w.sends(5*time.Minute, func(uint64) (string, time.Duration) { return "AA", 9 * time.Second })
	w.wants(answer.Slow)
	w.sends(time.Hour, usual)
	if end := w.said[len(w.said)-1]; !end.Ended {
		t.Errorf("its end was not told: %+v", w.said)
	}
}

func FuzzDecode(f *testing.F) {
	flow := answer.New()
	flow.Asked(1, monday)
	flow.Took("AE", time.Second, monday.Add(time.Second))
	f.Add(flow.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		flow, err := answer.Decode(b)
		if err != nil {
			return
		}
		flow.Tick(monday.AddDate(1, 0, 0))
		if _, err := answer.Decode(flow.Encode()); err != nil {
			t.Fatal(err)
		}
	})
}
