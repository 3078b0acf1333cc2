// Package story tells what goes wrong in an invented hospital, and what only looks as if it did: a nurse who opens her
// former partner's record, a thief who fetches images through the night, a value that is changed on its way, and the
// float nurse whom no roster knows.
//
// A story finds its people by their relations, has them do things through the same systems that everybody else uses, and
// leaves in every system what the real thing would leave there. It leaves no hint, and does not avoid what makes it hard to find.
package story

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/life"
	"github.com/wardline/wardline/internal/sim/trace"
	"github.com/wardline/wardline/internal/sim/world"
)

// All lists the stories: thefts T01 to T21, disruptions D01 to D12, falsifications F01 to F12, and B01 to B16, which are
// nothing and must not become cases.
func All() []life.Story {
	all := slices.Concat(snooping(), harvesting(), accounts(), drugs(), outages(), attacks(), alterations(), insertions(), ordinary(), upheavals())
	order := func(s life.Story) int { return strings.Index("TDFB", s.ID[:1]) }
	slices.SortFunc(all, func(a, b life.Story) int { return cmp.Or(cmp.Compare(order(a), order(b)), cmp.Compare(a.ID, b.ID)) })
	return all
}

// Named lists the stories of those ids, in the order of All; "all" names all of them, and a letter (T, D, F, B) its family. unknown
// is the first name that is none.
func Named(names ...string) (stories []life.Story, unknown string) {
	all := All()
	for _, n := range names {
		if n != "all" && !slices.ContainsFunc(all, func(s life.Story) bool { return s.ID == n || s.ID[:1] == n }) {
			return nil, n
		}
	}
	for _, s := range all {
		if slices.ContainsFunc(names, func(n string) bool { return n == "all" || n == s.ID || n == s.ID[:1] }) {
			stories = append(stories, s)
		}
	}
	return stories, ""
}

// Disturbs tells whether a story stops, delays or repeats what other systems say: what happens beside it may then not be seen, and
// other stories are better played without it.
func Disturbs(id string) bool {
	return slices.Contains([]string{"D01", "D02", "D04", "D05", "D06", "D09", "D11", "B12", "B15"}, id)
}

// Demo lists the stories of a few days at a hospital of middle size: what a privacy officer sees in the first week, and one thing
// that should not be seen.
func Demo() []string { return []string{"T01", "T02", "T03", "T04", "T08", "T13", "T16", "B02"} }

// scene is a story while it is told.
type scene struct {
	*life.Stage
	n         uint64 // the last number given to a record of another system
	acting    map[*world.Staff]bool
	suffering map[world.Person]bool
}

// told makes of a story's course what the stage calls.
func told(tell func(*scene)) func(*life.Stage) {
	return func(s *life.Stage) {
		tell(&scene{Stage: s, n: s.Rand.Uint64() >> 8, acting: map[*world.Staff]bool{}, suffering: map[world.Person]bool{}})
	}
}

// next is a number that no other record of the story has.
func (s *scene) next() uint64 {
	s.n++
	return s.n
}

// number is the same for systems that count their records: some million, and growing.
func (s *scene) number() uint64 { return 1_000_000 + s.next()%40_000_000 }

// Note names whom the story is about, each once.
func (s *scene) Note(actors []*world.Staff, victims []world.Person) {
	var who []*world.Staff
	var whom []world.Person
	for _, a := range actors {
		if !s.acting[a] {
			s.acting[a] = true
			who = append(who, a)
		}
	}
	for _, v := range victims {
		if !s.suffering[v] {
			s.suffering[v] = true
			whom = append(whom, v)
		}
	}
	s.Stage.Note(who, whom)
}

// around is a time on a day of the story, within a minute after that: nothing happens on the full minute.
func (s *scene) around(day, hour, minute int) time.Time {
	return s.At(day, hour, minute).Add(s.between(0, 59*time.Second))
}

// Duty is a moment of the first shift of somebody from a day on: a share of it from 0 to 1. It lies within the story's days.
func (s *scene) Duty(who *world.Staff, day int, share float64) time.Time {
	last := s.Days() - 1
	end := s.At(last+1, 0, 0).Add(-20 * time.Minute)
	for d := day; d <= last; d++ {
		if shift, ok := s.Shift(who, d); ok && shift.From.Before(end) {
			long := earliest(shift.To, end).Sub(shift.From)
			return shift.From.Add(time.Duration(share*float64(long)) + s.between(0, 59*time.Second))
		}
	}
	return s.around(min(day, last), 8+int(share*8), int(share*480)%60)
}

// spread is a moment for the i-th of n things that somebody does on the working days among the next few.
func (s *scene) spread(who *world.Staff, days, i, n int) time.Time {
	var on []int
	for d := range s.days(days) {
		if _, ok := s.Shift(who, d); ok {
			on = append(on, d)
		}
	}
	if len(on) == 0 {
		on = []int{0}
	}
	each := (n + len(on) - 1) / len(on)
	return s.Duty(who, on[i/each], 0.03+0.94*float64(i%each)/float64(each))
}

// say lets a system say a record; how it ends depends on how the feed travels.
func (s *scene) say(f feed.Feed, at time.Time, record []byte) uint64 {
	switch feed.Describe(f).Way {
	case feed.Lines, feed.Rows:
		record = append(record, '\n')
	}
	return s.Emit(f, at, record)
}

// days is how many days a story takes that would like to take n.
func (s *scene) days(n int) int { return max(1, min(n, s.Days())) }

// patient is a person as systems beside the record know one.
func (s *scene) patient(p world.Person) trace.Patient {
	return trace.Patient{MRN: s.World().MRN(p), Authority: s.World().Authority}
}

// account is somebody as other systems know the person.
func account(who *world.Staff) trace.Who {
	return trace.Who{Login: who.Login, Name: who.Human.Given + " " + who.Human.Family}
}

// between is a duration of some length between two.
func (s *scene) between(least, most time.Duration) time.Duration {
	return least + time.Duration(s.Rand.Int64N(int64(most-least)+1))
}

// chance is true with a probability.
func (s *scene) chance(p float64) bool { return s.Rand.Float64() < p }

// minutes is a duration of n minutes.
func minutes(n float64) time.Duration { return time.Duration(n * float64(time.Minute)) }

// words puts words together for a search or a message.
func words(all ...string) string { return strings.Join(all, " ") }
