package chart_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/integrity/chart"
)

const (
	sender = "ehr MDM"
	author = 17 // of the note that is looked at, as a number of Seat
	typist = 18
)

// lived is a chart that has heard a note every five minutes for five days, until the clock: each by one who sat at the record system, sent at once,
// with a number that rises. change makes of the house another one; it may leave out a note.
func lived(change func(*chart.Note) bool) *chart.Chart {
	ch := chart.New()
	from := clock().Add(-120 * time.Hour)
	for i := range 120 * 12 {
		at := from.Add(time.Duration(i)*5*time.Minute + 13*time.Second)
		n := chart.Note{
			ID: fmt.Sprint("o", i), Source: sender, Event: "T02", Kind: "PN", Author: "other", Hands: []int64{int64(100 + i%20)}, Patient: "p9",
			Claimed: at.Add(-2 * time.Minute), Entered: at.Add(-2 * time.Minute), Sent: at.Add(-time.Second), Said: at, Serials: []string{fmt.Sprint("D", 5000+10*i)},
			Offset: chart.No,
		}
		if change != nil && !change(&n) {
			continue
		}
		for _, hand := range n.Hands {
			ch.Seat(hand, at.Add(-time.Minute))
		}
		ch.Seat(author, from) // is one who uses it
		ch.Note(n, chart.Around{Duty: chart.Yes, There: chart.Yes})
		ch.Hear(sender, n.ID, n.Sent, n.Said)
		ch.Tick(at)
	}
	return ch
}

// suspect is a note of thirty hours ago by one who was not on duty: enough to be asked about, so that all its signs are told.
func suspect() chart.Note {
	n := note(30 * time.Hour)
	n.Claimed = n.Claimed.Add(17 * time.Second)
	n.Source, n.Hands, n.Sent, n.Offset = sender, []int64{author}, clock(), chart.No
	n.Entered, n.Serials = clock().Add(-time.Minute), []string{"D99990"}
	return n
}

// ask has a chart judge a note that its author wrote at the record system.
func ask(ch *chart.Chart, n chart.Note, a chart.Around) []chart.Finding {
	ch.Seat(author, n.Said.Add(-time.Minute))
	return wait(ch, n, a)
}

// wait has a chart judge a note when all that is to come has come: two hours later, in which the house goes on.
func wait(ch *chart.Chart, n chart.Note, a chart.Around) []chart.Finding {
	found := ch.Note(n, a)
	ch.Hear(n.Source, n.ID, n.Sent, n.Said)
	for m := range 24 {
		at := n.Said.Add(time.Duration(m+1) * 5 * time.Minute)
		ch.Seat(100, at)
		ch.Hear(n.Source, fmt.Sprint("later", m), at, at)
		found = append(found, ch.Tick(at)...)
	}
	return found
}

// late has some of the notes of a house come a day late, changed otherwise.
func late(every int, change func(*chart.Note)) func(*chart.Note) bool {
	i := 0
	return func(n *chart.Note) bool {
		if i++; i%every == 0 {
			n.Claimed = n.Claimed.Add(-26 * time.Hour)
			change(n)
		}
		return true
	}
}

// Each sign of a note's times has a note that has it, and an honest one that looks alike.
func TestSignsOfTimes(t *testing.T) {
	off := chart.Around{Duty: chart.No}
	for _, c := range []struct {
		name   string
		house  func(*chart.Note) bool
		change func(*chart.Note)
		around chart.Around
		want   string
	}{
		{"late, and off duty", nil, nil, off, "back-dated 26: late days off-duty unseen"},
		// B2: the number of an entry.
		{"it says that it was entered then, and its number is of today", nil, func(n *chart.Note) { n.Entered = n.Claimed }, off, "back-dated 44: late days off-duty unseen order gap"},
		{"numbers that do not rise", func(n *chart.Note) bool {
			n.Serials = []string{fmt.Sprint("D", n.Said.Unix()*7919%100_003)}
			return true
		},
			func(n *chart.Note) { n.Entered = n.Claimed }, off, "back-dated 36: late days off-duty unseen gap"},
		{"late notes always say that they were entered then", late(9, func(n *chart.Note) { n.Entered = n.Claimed }), func(n *chart.Note) { n.Entered = n.Claimed },
			chart.Around{Duty: chart.No, There: chart.No}, "back-dated 26: days off-duty unseen away gap"},
		// B3: who was where.
		{"the roster was wrong", nil, func(n *chart.Note) { n.Hands = []int64{100} }, chart.Around{Duty: chart.No, There: chart.No}, "back-dated 25: late days off-duty seen away"},
		{"signed before it was written", nil, func(n *chart.Note) { n.Signed = n.Entered.Add(-5 * time.Hour) }, off, "back-dated 26: late days off-duty unseen"},
		{"signed before it was written, where nobody does", func(n *chart.Note) bool { n.Signed = n.Entered.Add(time.Minute); return true },
			func(n *chart.Note) { n.Signed = n.Entered.Add(-5 * time.Hour) }, off, "back-dated 34: late days off-duty unseen signed-before"},
		{"signed before it was written, as many are", func(n *chart.Note) bool { n.Signed = n.Entered.Add(-5 * time.Hour); return true },
			func(n *chart.Note) { n.Signed = n.Entered.Add(-5 * time.Hour) }, off, "back-dated 26: late days off-duty unseen"},
		// B4: clocks.
		{"a message of yesterday that comes alone", nil, func(n *chart.Note) { n.Sent = clock().Add(-26 * time.Hour) }, off, "back-dated 30: late days off-duty unseen misdated"},
		{"times of another zone", nil, func(n *chart.Note) { n.Offset = chart.Yes }, off, "back-dated 31: late days off-duty unseen offset"},
		{"times of another zone, as all are", func(n *chart.Note) bool { n.Offset = chart.Yes; return true }, func(n *chart.Note) { n.Offset = chart.Yes }, off, "back-dated 26: late days off-duty unseen"},
		{"a round time", nil, func(n *chart.Note) { n.Claimed = n.Claimed.Truncate(5 * time.Minute) }, off, "back-dated 28: late days off-duty unseen round"},
		{"a round time, as all late ones are", late(12, func(n *chart.Note) { n.Claimed = n.Claimed.Truncate(5 * time.Minute) }), func(n *chart.Note) { n.Claimed = n.Claimed.Truncate(5 * time.Minute) },
			chart.Around{Duty: chart.No, There: chart.No}, "back-dated 26: days off-duty unseen away"},
		// B8: what had not been said.
		{"it claims to be entered then", nil, func(n *chart.Note) { n.Entered, n.Serials = n.Claimed, nil }, off, "back-dated 36: late days off-duty unseen gap"},
		{"its sender speaks seldom, and did not then", func(n *chart.Note) bool { return n.Said.Hour()%6 == 0 && n.Said.Minute() < 5 }, nil,
			chart.Around{Duty: chart.No}, "back-dated 23: late days off-duty"},
		{"its sender was silent ever since", func(n *chart.Note) bool { return n.Said.Before(clock().Add(-30 * time.Hour)) }, func(n *chart.Note) { n.Entered, n.Serials = n.Claimed, nil },
			chart.Around{Duty: chart.No, There: chart.No}, "back-dated 26: late days off-duty unseen away silent"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := suspect()
			if c.change != nil {
				c.change(&n)
			}
			expect(t, ask(lived(c.house), n, c.around), c.want)
		})
	}
}

// down is a house that says nothing from thirty-two to twenty-four hours before the clock.
func down(n *chart.Note) bool {
	return n.Said.Before(clock().Add(-32*time.Hour)) || n.Said.After(clock().Add(-24*time.Hour))
}

// B1: what comes late because it waited, or because nothing could be written, is not doubted.
func TestWhatWaitedIsNotDoubted(t *testing.T) {
	n := suspect()
	expect(t, ask(lived(down), n, chart.Around{Duty: chart.No})) // unseen is not known: nobody was
	if found := ask(lived(nil), n, chart.Around{Duty: chart.No}); len(found) != 1 {
		t.Errorf("a house that was not down doubts it %d times", len(found))
	}
	n.Sent = n.Claimed
	expect(t, ask(lived(down), n, chart.Around{Duty: chart.No}))
	n.Entered = n.Claimed // what waited has a number of its time
	expect(t, ask(lived(down), n, chart.Around{Duty: chart.No, There: chart.No}), "back-dated 41: late days off-duty away order silent gap")
}

// B4: a clock that is set back for some messages.
func TestClockThatStandsElsewhere(t *testing.T) {
	ch := lived(nil)
	for i := range 4 {
		at := clock().Add(time.Duration(i-4) * time.Minute)
		ch.Hear(sender, fmt.Sprint("s", i), at.Add(-26*time.Hour), at)
	}
	n := suspect()
	n.Sent = clock().Add(-26 * time.Hour)
	expect(t, ask(ch, n, chart.Around{Duty: chart.No}), "back-dated 34: late days off-duty unseen clock")
}

// B6: nobody sat at the record system who could have written it. It needs no lateness.
func TestNobodyWroteIt(t *testing.T) {
	n := suspect()
	n.Claimed = clock().Add(-3*time.Minute - 7*time.Second)
	n.Signed = n.Claimed.Add(-time.Hour)
	signed := func(n *chart.Note) bool { n.Signed = n.Entered; return true }
	expect(t, wait(lived(signed), n, chart.Around{Duty: chart.No, There: chart.No}), "back-dated 20: untaken signed-before") // that is of now, and a telephone call may be
	found := wait(lived(signed), n, chart.Around{})
	expect(t, found, "back-dated 20: untaken signed-before")
	quiet := lived(signed) // its log has stopped: what it would say is not known
	quiet.Note(n, chart.Around{})
	for h := range 30 {
		expect(t, quiet.Tick(clock().Add(time.Duration(h)*time.Hour)))
	}
	n.Hands = append(n.Hands, typist) // it was dictated
	ch := lived(signed)
	ch.Seat(typist, clock().Add(-10*time.Minute))
	expect(t, wait(ch, n, chart.Around{}))
	n.Hands = []int64{77} // of whom the log never tells
	expect(t, wait(lived(signed), n, chart.Around{}))
	n.Hands = []int64{author}
	some := 0 // where half are written without the log telling of it, the sign says nothing
	expect(t, wait(lived(func(n *chart.Note) bool {
		if some++; some%2 == 0 {
			n.Hands = []int64{author}
		}
		return signed(n)
	}), n, chart.Around{}))
}

// B8 names the last that was said before.
func TestGapNamesTheEntry(t *testing.T) {
	n := suspect()
	n.Entered = n.Claimed
	found := ask(lived(nil), n, chart.Around{Duty: chart.No})
	if len(found) != 1 || found[0].Absent != "o1439" || !found[0].AbsentAt.Equal(clock().Add(-5*time.Minute+13*time.Second)) {
		t.Fatalf("found %+v, want one that names the last note before", found)
	}
	signs := found[0].Signs
	if text := signs[len(signs)-1].Text; !strings.Contains(text, "2026-03-02 07:55 UTC") {
		t.Errorf("the sign says %q, and not until when", text)
	}
}

// A dose is an entry of the chart like a note, and has an order.
func TestDoses(t *testing.T) {
	given := func(ch *chart.Chart, i int, order string, claimed, said time.Time, a chart.Around) []chart.Finding {
		d := chart.Note{ID: fmt.Sprint("g", i, said.Unix()), Source: "ehr RAS", Kind: "dose", Author: "n17", Patient: "p1", Claimed: claimed, Sent: said, Said: said, Dose: true, Early: ch.GivenEarly(order, claimed)}
		found := ch.Note(d, a)
		ch.Hear("ehr RAS", d.ID, said, said)
		return append(found, ch.Tick(said.Add(20*time.Minute))...)
	}
	for _, c := range []struct {
		name     string
		verbally int // one of so many doses is given on word of mouth; 0 for none
		want     []string
	}{
		{"before its order, where nobody does so", 0, []string{"mistimed 18: away before-order"}},
		{"before its order, as every third is", 3, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			ch := chart.New()
			at := clock().Add(-10 * time.Hour)
			for i := range 300 {
				at = at.Add(time.Minute)
				ordered := at.Add(-time.Hour)
				if c.verbally > 0 && i%c.verbally == 0 {
					ordered = at.Add(30 * time.Minute)
				}
				ch.Ordered(fmt.Sprint("O", i), ordered)
				given(ch, i, fmt.Sprint("O", i), at, at, chart.Around{})
			}
			ch.Ordered("O", clock().Add(-time.Hour))
			ch.Ordered("O", clock().Add(-9*time.Hour)) // only the first word counts
			expect(t, given(ch, 0, "O", clock().Add(-3*time.Hour), clock(), chart.Around{There: chart.No}), c.want...)
			expect(t, given(ch, 1, "unknown", clock().Add(-3*time.Hour), clock().Add(time.Hour), chart.Around{There: chart.No}))
		})
	}
}

// measured is a result that was taken, measured and reported in turn.
func measured(at time.Time) chart.Result {
	return chart.Result{ID: fmt.Sprint("r", at.Unix()), Source: "lis ORU", Kind: "LAB-CHEM", Patient: "p1", Author: "t1", Collected: at.Add(-time.Hour), Arrived: at.Add(-40 * time.Minute),
		Observed: at.Add(-time.Hour), Analysed: at.Add(-20 * time.Minute), Reported: at.Add(-time.Minute), Sent: at, Said: at}
}

func TestResults(t *testing.T) {
	for _, c := range []struct {
		name   string
		house  func(*chart.Result)
		change func(*chart.Result)
		want   []string
	}{
		{"in order", nil, func(*chart.Result) {}, nil},
		{"measured before it was taken, after a complaint", nil, func(r *chart.Result) {
			r.Analysed, r.Trigger = r.Collected.Add(-2*time.Hour), clock().Add(-time.Hour)
		}, []string{"mistimed 22: backwards trigger"}},
		{"charted to a day before the machine's, and before a death", nil, func(r *chart.Result) {
			r.Collected, r.Observed, r.Arrived, r.Trigger = clock().Add(-50*time.Hour), clock().Add(-50*time.Hour), time.Time{}, clock().Add(-40*time.Hour)
		}, []string{"mistimed 20: device trigger"}},
		{"charted to a day before the machine's, as many are", func(r *chart.Result) {
			if r.Said.Minute() == 0 {
				r.Collected, r.Observed, r.Arrived = r.Collected.Add(-60*time.Hour), r.Observed.Add(-60*time.Hour), time.Time{}
			}
		}, func(r *chart.Result) {
			r.Collected, r.Observed, r.Arrived, r.Trigger = clock().Add(-50*time.Hour), clock().Add(-50*time.Hour), time.Time{}, clock().Add(-40*time.Hour)
		}, nil},
		{"three minutes apart where it is mostly none, before a death", func(r *chart.Result) { r.Analysed, r.Reported = r.Observed, time.Time{} }, func(r *chart.Result) {
			r.Analysed, r.Reported, r.Trigger = r.Observed.Add(3*time.Minute), time.Time{}, clock().Add(-time.Minute)
		}, nil},
		{"where machines have no clock", func(r *chart.Result) { r.Analysed = r.Collected.Add(-50 * time.Hour) }, func(r *chart.Result) { r.Analysed = r.Collected.Add(-50 * time.Hour) }, nil},
		{"the number of an earlier day", nil, func(r *chart.Result) {
			r.Reported, r.Collected, r.Analysed, r.Observed, r.Arrived, r.Trigger = clock().Add(-9*time.Hour), clock().Add(-10*time.Hour), clock().Add(-10*time.Hour), clock().Add(-10*time.Hour), time.Time{}, clock().Add(-time.Hour)
		}, []string{"mistimed 18: order trigger"}},
		{"tomorrow's", nil, func(r *chart.Result) {
			r.Analysed, r.Observed, r.Reported = clock().Add(24*time.Hour), clock().Add(24*time.Hour), time.Time{}
		}, nil}, // alone it is a clock
		{"tomorrow's, and reported today", nil, func(r *chart.Result) { r.Analysed = clock().Add(24 * time.Hour) }, []string{"mistimed 20: backwards future"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ch := chart.New()
			for i := range 1500 {
				r := measured(clock().Add(time.Duration(i-1500) * 5 * time.Minute))
				r.Serials = []string{fmt.Sprint("F", 100+i)}
				if c.house != nil {
					c.house(&r)
				}
				if found := ch.Result(r); len(found) > 0 {
					t.Fatalf("an ordinary one is doubted: %v", said(found))
				}
				ch.Hear(r.Source, r.ID, r.Sent, r.Said)
			}
			r := measured(clock())
			r.Serials = []string{"F9000"}
			c.change(&r)
			expect(t, ch.Result(r), c.want...)
			expect(t, ch.Result(r)) // once
		})
	}
}

// A stop does not forget who was there, as far as it was written.
func TestSeatsOutliveAStop(t *testing.T) {
	ch := lived(nil)
	text, err := ch.Seats()
	if err != nil {
		t.Fatal(err)
	}
	restored := again(t, ch)
	if err := restored.RestoreSeats(text); err != nil {
		t.Fatal(err)
	}
	expect(t, ask(restored, suspect(), chart.Around{Duty: chart.No}), "back-dated 26: late days off-duty unseen")
	expect(t, ask(again(t, lived(nil)), suspect(), chart.Around{Duty: chart.No}), "back-dated 23: late days off-duty")
	for _, bad := range []string{"{", `{"by":{"1":null}}`} {
		if err := restored.RestoreSeats([]byte(bad)); err == nil {
			t.Errorf("%s was restored", bad)
		}
	}
}

// A template that was wrong is put right in many charts; what is hidden stands in one.
func TestTemplateInManyCharts(t *testing.T) {
	ch := chart.New()
	var found []chart.Finding
	for i := range 60 {
		n := note(0)
		n.ID, n.Event, n.Parent, n.Patient, n.Said = fmt.Sprint("m", i), "T10", fmt.Sprint("D", i), fmt.Sprint("p", i%6), clock().Add(time.Duration(i)*20*time.Second)
		found = append(found, ch.Note(n, chart.Around{Trigger: clock().Add(-time.Hour)})...)
	}
	expect(t, found)
}

// A married name, and a register that knows better.
func TestMergesOfNamesThatChanged(t *testing.T) {
	rita := chart.Person{Family: "roe", Given: "rita", Sound: "r", Born: "1956", Sex: "F", Home: []string{"elm 1"}}
	for _, c := range []struct {
		name   string
		change func(old, now *chart.Person)
		want   []string
	}{
		{"a stranger", func(old, now *chart.Person) { old.Home = nil }, []string{"merged 15: name given"}},
		{"of the same number", func(old, now *chart.Person) { old.National, now.National = "1", "1" }, nil},
		{"who had that name", func(old, now *chart.Person) { now.Former = []string{"doe"} }, nil},
		{"a stranger of the same day", func(old, now *chart.Person) { old.Home = nil; now.Born, old.Born = "same", "same" }, nil},
		{"who lives there", func(old, now *chart.Person) {}, nil},
		{"a daughter", func(old, now *chart.Person) { old.Family, old.Sound, old.Born = "roe", "r", "1980" }, nil},
		{"a daughter whom the register knows", func(old, now *chart.Person) {
			old.Family, old.Sound, old.Born, old.National, now.National = "roe", "r", "1980", "1", "2"
		}, []string{"merged 24: given birth national home"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			old, now := rita, rita
			old.Family, old.Given, old.Sound = "doe", "margarita", "d"
			c.change(&old, &now)
			expect(t, chart.New().Merge(chart.Merge{ID: "m1", Survivor: now, Retired: old, Said: clock(), SameBirth: now.Born == "same"}), c.want...)
		})
	}
}
