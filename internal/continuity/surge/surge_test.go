package surge_test

import (
	"testing"
	"time"

	"github.com/wardline/wardline/internal/continuity/surge"
)

var monday = time.Date(2030, 6, 3, 8, 0, 0, 0, time.UTC)

// say has n messages come, so far apart, whose hashes begin at first.
func say(f *surge.Feed, first uint64, n int, at time.Time, every time.Duration) (said []surge.Trouble, end time.Time) {
	for i := range n {
		said = append(said, f.Observe((first+uint64(i))*0x9e3779b97f4a7c15, 60, at)...)
		at = at.Add(every)
	}
	return said, at
}

func TestALoopIsFoundWithinMinutes(t *testing.T) {
	f := surge.New()
	said, at := say(f, 1, 240, monday, 30*time.Second)
	if len(said) > 0 {
		t.Fatalf("new messages: %+v", said)
	}
	loop := at
	said, at = say(f, 1, 200, at, 2*time.Second)
	if len(said) != 1 || said[0].Kind != surge.Replay || said[0].Since.Sub(loop) > 4*time.Minute { // it is new: after a week fewer repetitions are enough
		t.Fatalf("%+v", said)
	}
	said, _ = say(f, 1000, 60, at, 30*time.Second)
	if len(said) != 1 || !said[0].Ended {
		t.Errorf("its end: %+v", said)
	}
}

// A sender that says again each morning who is expected is like that: after a week that is no replay, and a loop is one all the same.
func TestWhoRepeatsEachMorning(t *testing.T) {
	f := surge.New()
	for day := range 12 {
		at := monday.AddDate(0, 0, day)
		if said, _ := say(f, uint64(10_000*day), 240, at, 30*time.Second); len(said) > 0 {
			t.Fatalf("day %d, new messages: %+v", day, said)
		}
		if said, _ := say(f, uint64(10_000*day), 60, at.Add(3*time.Hour), 4*time.Second); len(said) > 0 {
			t.Errorf("day %d, a list that is said again: %+v", day, said)
		}
	}
	at := monday.AddDate(0, 0, 12)
	say(f, 900_000, 240, at, 30*time.Second)
	said, _ := say(f, 900_000, 240, at.Add(3*time.Hour), time.Second)
	if len(said) != 1 || said[0].Kind != surge.Replay {
		t.Errorf("a loop: %+v", said)
	}
}

// A sender that says a message twice now and then, or exports ten of them again, is no loop.
func TestAFewDuplicates(t *testing.T) {
	f := surge.New()
	_, at := say(f, 1, 240, monday, 30*time.Second)
	if said, _ := say(f, 100, 20, at, time.Second); len(said) > 0 {
		t.Errorf("%+v", said)
	}
}

func TestAFloodOfNewMessages(t *testing.T) {
	f := surge.New()
	_, at := say(f, 1, 240, monday, 30*time.Second)
	said, _ := say(f, 5000, 3000, at, 50*time.Millisecond)
	if len(said) != 1 || said[0].Kind != surge.Flood {
		t.Errorf("%+v", said)
	}
}

// What was said the day before yesterday is not known any more, and its number may be given again.
func TestOldMessagesAreForgotten(t *testing.T) {
	f := surge.New()
	say(f, 1, 240, monday, 30*time.Second)
	say(f, 1000, 1, monday.Add(13*time.Hour), time.Second)
	say(f, 1001, 1, monday.Add(27*time.Hour), time.Second)
	if said, _ := say(f, 1, 200, monday.Add(28*time.Hour), time.Second); len(said) > 0 {
		t.Errorf("%+v", said)
	}
}

// Nor after a day and more in which nothing was said.
func TestSilenceForgetsToo(t *testing.T) {
	f := surge.New()
	say(f, 1, 240, monday, 30*time.Second)
	if said, _ := say(f, 1, 200, monday.Add(30*time.Hour), time.Second); len(said) > 0 {
		t.Errorf("%+v", said)
	}
}

func TestARestartForgetsNothing(t *testing.T) {
	f := surge.New()
	_, at := say(f, 1, 240, monday, 30*time.Second)
	again, err := surge.Decode(f.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if said, _ := say(again, 1, 100, at, 2*time.Second); len(said) != 1 {
		t.Errorf("a loop of what was said before the restart: %+v", said)
	}
}

// Nor that a feed is known for a week, and what its days were like: then fewer repetitions are a replay than of one that is new.
func TestARestartForgetsNoDay(t *testing.T) {
	f := surge.New()
	var err error
	for day := range 9 {
		say(f, uint64(10_000*day), 240, monday.AddDate(0, 0, day), 30*time.Second)
		if f, err = surge.Decode(f.Encode()); err != nil {
			t.Fatal(err)
		}
	}
	if said, _ := say(f, 80_000, 40, monday.AddDate(0, 0, 8).Add(3*time.Hour), 4*time.Second); len(said) != 1 || said[0].Kind != surge.Replay {
		t.Errorf("forty repetitions: %+v", said)
	}
}

func FuzzDecode(f *testing.F) {
	feed := surge.New()
	say(feed, 1, 40, monday, time.Second)
	f.Add(feed.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		feed, err := surge.Decode(b)
		if err != nil {
			return
		}
		feed.Tick(10, monday.AddDate(1, 0, 0))
		if _, err := surge.Decode(feed.Encode()); err != nil {
			t.Fatal(err)
		}
	})
}
