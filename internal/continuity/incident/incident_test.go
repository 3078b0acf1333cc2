package incident_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/continuity/incident"
)

var start = time.Date(2030, 6, 3, 23, 37, 0, 0, time.UTC)

func at(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }

// silence is a feed that was heard last at one minute, and is missed since another.
func silence(feed string, last, found int, marks ...string) incident.Fact {
	return incident.Fact{Key: "silent " + feed, Signal: "silence", Missed: true, Marks: append(marks, "feed "+feed), Since: at(last), At: at(found), Wait: 2 * time.Minute, Name: feed}
}

// said is what somebody says of a thing.
func said(kind, about string, minute int, marks ...string) incident.Fact {
	return incident.Fact{Key: kind + " " + about, Kind: kind, Signal: kind, Marks: marks, Since: at(minute), At: at(minute), Name: about}
}

// told is what people are told by a minute: an incident a word, with what is new in it.
func told(b *incident.Book, minute int) string {
	all, news := b.Due(at(minute))
	var out []string
	for n := range all {
		var names []string
		for _, f := range news[n] {
			names = append(names, f.Name)
		}
		out = append(out, strings.Join(names, "+"))
	}
	return strings.Join(out, ", ")
}

func wants(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: told %q, want %q", what, got, want)
	}
}

// What is missed alone waits for a second look, and is told to nobody when it comes back meanwhile.
func TestASecondLook(t *testing.T) {
	var b incident.Book
	b.Take(silence("lab", 0, 10))
	wants(t, "at the first look", told(&b, 10), "")
	wants(t, "at the second", told(&b, 12), "lab")
	wants(t, "afterwards", told(&b, 13), "")

	b.Take(silence("ward", 0, 20))
	back := silence("ward", 0, 20)
	back.Over = at(21)
	b.Take(back)
	wants(t, "it came back", told(&b, 30), "")
}

// What was there again at the second look is looked at once more.
func TestASecondLookSeesIt(t *testing.T) {
	var b incident.Book
	b.Take(silence("lab", 0, 10))
	b.Look(func(f *incident.Fact) time.Time { return at(11) })
	wants(t, "it spoke a minute ago", told(&b, 12), "")
	b.Look(func(f *incident.Fact) time.Time { return at(11) })
	wants(t, "and not since", told(&b, 13), "lab")
}

// Two kinds of signs are no chance, and what somebody says needs no second look.
func TestTwoKindsOfSigns(t *testing.T) {
	var b incident.Book
	b.Take(said("disconnected", "LAB_RESULTS", 0, "service lab"))
	wants(t, "somebody says it", told(&b, 0), "LAB_RESULTS")
	b.Take(silence("lab", -1, 40, "service lab"))
	wants(t, "and the feed is silent", told(&b, 40), "lab")
	if n := len(b.Open()); n != 1 {
		t.Errorf("%d incidents of one cause", n)
	}
}

// What is about the same thing and began at another time is another incident.
func TestAnotherTime(t *testing.T) {
	var b incident.Book
	b.Take(silence("lab", 0, 10, "program LIS"))
	b.Take(silence("blood", 60, 70, "program LIS"))
	b.Take(said("refusals", "LIS", 12*60, "program LIS"))
	if n := len(b.Open()); n != 3 {
		t.Errorf("%d incidents, want 3: each began at another time", n)
	}
}

// Three feeds that rest on one component are one incident on it, as of the first; a feed that spoke when the others were silent is none of them.
func TestOneComponent(t *testing.T) {
	var b incident.Book
	b.Take(silence("lab", 0, 5))
	b.Take(silence("drugs", 1, 7))
	if b.Blame("ENGINE", "the engine", []string{"silent lab"}) != nil {
		t.Error("one feed is blamed on a component")
	}
	b.Take(silence("images", 3, 9))
	b.Take(silence("charges", 30, 90))
	i := b.Blame("ENGINE", "the engine", []string{"silent lab", "silent drugs", "silent images", "silent charges"})
	if i == nil || i.Cause != "ENGINE" || !slices.Equal(i.Names(), []string{"lab", "drugs", "images"}) {
		t.Fatalf("%+v", i)
	}
	wants(t, "at once", told(&b, 9), "lab+drugs+images")
	if open := b.Open(); len(open) != 2 {
		t.Errorf("%d incidents, want the component's and one of charges", len(open))
	}
	b.Blame("ENGINE", "the engine", []string{"silent lab", "silent drugs", "silent images"})
	wants(t, "the same again", told(&b, 10), "")
}

// A component that is found after its feeds were told is news: the older takes the other in.
func TestACauseIsFoundLate(t *testing.T) {
	var b incident.Book
	b.Take(silence("lab", 0, 5))
	b.Take(silence("drugs", 1, 6))
	wants(t, "each by itself", told(&b, 8), "lab, drugs")
	b.Take(silence("images", 2, 30))
	b.Blame("ENGINE", "the engine", []string{"silent lab", "silent drugs", "silent images"})
	wants(t, "as one", told(&b, 30), "drugs+images")
	kept := b.Changed(at(30))
	into := 0
	for _, i := range kept {
		if i.Into != "" {
			into++
		}
	}
	if len(kept) != 3 || into != 2 {
		t.Errorf("%d are kept, %d of them as parts of another", len(kept), into)
	}
}

// An incident ends with the last of its facts, and is the same one when it comes again within half an hour.
func TestTheEnd(t *testing.T) {
	var b incident.Book
	first := b.Take(said("refusals", "LIS", 0))
	over := func(minute int) *incident.Incident {
		f := said("refusals", "LIS", 0)
		f.Over = at(minute)
		return b.Take(f)
	}
	if i := over(10); i != first || !i.Ended.Equal(at(10)) {
		t.Errorf("%+v", i)
	}
	if i := over(11); i != nil {
		t.Errorf("what is over ends once more: %+v", i)
	}
	if i := b.Take(said("refusals", "LIS", 30)); i != first || !i.Ended.IsZero() {
		t.Errorf("20 minutes later it is another: %+v", i)
	}
	over(40)
	if i := b.Take(said("refusals", "LIS", 90)); i == first {
		t.Error("50 minutes later it is still the same")
	}
}

// What was over in one of two that become one does not end what goes on in the other.
func TestWhatGoesOnStaysOpen(t *testing.T) {
	var b incident.Book
	old := b.Take(said("refusals", "LIS", 0))
	young := b.Take(said("refusals", "PACS", 1))
	young.Facts[0].Over, young.Facts[0].Key = at(2), old.Facts[0].Key
	if i := b.Merge(old, young); i != old || !i.Has("refusals") || !i.Ended.IsZero() {
		t.Errorf("%+v", i)
	}
}

// Nobody says when a clock is right again: it counts as over after a day.
func TestWhatNobodyEnds(t *testing.T) {
	var b incident.Book
	f := said("clock", "dc1", 0)
	f.Lasts = 24 * time.Hour
	i := b.Take(f)
	told(&b, 60)
	if !i.Ended.IsZero() {
		t.Error("over after an hour")
	}
	if told(&b, 24*60); !i.Ended.Equal(at(24 * 60)) {
		t.Errorf("not over after a day: %+v", i)
	}
	b.Changed(at(25 * 60))
	if again := b.Take(f); again == i {
		t.Error("what ended an hour ago is not forgotten")
	}
}

// What is kept and taken up again goes on as it was: what was told is not told again, and what was not is.
func TestItIsKept(t *testing.T) {
	var b incident.Book
	b.Take(said("refusals", "LIS", 0))
	told(&b, 0)
	b.Take(silence("ward", 0, 10))
	var other incident.Book
	for _, i := range b.Changed(at(10)) {
		text, err := json.Marshal(i)
		if err != nil {
			t.Fatal(err)
		}
		var is incident.Incident
		if err := json.Unmarshal(text, &is); err != nil {
			t.Fatal(err)
		}
		other.Restore(&is)
	}
	wants(t, "after a restart", told(&other, 12), "ward")
	if len(b.Changed(at(11))) != 0 {
		t.Error("what was kept is kept again")
	}
}

// A book is bounded, and says what it had no room for.
func TestBounds(t *testing.T) {
	var b incident.Book
	for n := range 600 {
		b.Take(said("refusals", fmt.Sprint(n), 0))
	}
	if len(b.Open()) != 500 || b.Crowded != 100 {
		t.Errorf("%d incidents, %d had no room", len(b.Open()), b.Crowded)
	}
	var one incident.Book
	for n := range 300 {
		one.Take(said(fmt.Sprint(n), "LIS", 0, "program LIS"))
	}
	if i := one.Open()[0]; len(one.Open()) != 1 || len(i.Facts) != 200 || i.Lost != 100 {
		t.Errorf("%d facts, %d lost", len(i.Facts), i.Lost)
	}
}
