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

// All lists the stories: thefts T01 to T21, disruptions D01 to D12, falsifications F01 to F12, and B01 to B15, which are
// nothing and must not become cases.
func All() []life.Story {
	all := slices.Concat(snooping(), harvesting(), accounts(), outages(), attacks(), alterations(), insertions(), ordinary(), upheavals())
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
	return slices.Contains([]string{"D01", "D04", "D06", "D09", "D11", "B12", "B15"}, id)
}

// Demo lists the stories of a few days at a hospital of middle size: what a privacy officer sees in the first week, and one thing
// that should not be seen.
func Demo() []string { return []string{"T01", "T02", "T03", "T04", "T08", "T13", "T16", "B02"} }

// scene is a story while it is told.
type scene struct {
	*life.Stage
	n uint64 // the last number given to a record of another system
}

// told makes of a story's course what the stage calls.
func told(tell func(*scene)) func(*life.Stage) {
	return func(s *life.Stage) { tell(&scene{Stage: s, n: s.Rand.Uint64() >> 8}) }
}

// next is a number that no other record of the story has.
func (s *scene) next() uint64 {
	s.n++
	return s.n
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
