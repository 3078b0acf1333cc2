// Package hush watches those who send logs: machines that say something all day and all night, and stop together.
//
// Before files are encrypted, whatever could tell of it is switched off: agents, event logs, forwarders. One machine that stops was restarted; five that stopped within
// ten minutes and do not come back were silenced, or what they all send through was. Workstations that are switched off at six in the evening are no sign: only machines
// count that spoke in nearly every hour of the last seven days, and each may be quiet half as long again as it ever was in these days.
package hush

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/bits"
	"slices"
	"time"
)

// The rule.
const (
	days       = 7
	steadyDay  = 23 // hours of a day in which a machine must have been heard
	least      = 10 * time.Minute
	longest    = time.Hour // who is quiet for longer now and then tells nothing by it
	beyond     = 1.5
	together   = 10 * time.Minute
	few        = 5
	named      = 10
	mostKept   = 20_000 // machines
	mostLength = 128    // bytes of a name
)

// Hush is that machines fell silent together, or that they are back.
type Hush struct {
	Since    time.Time // when the first of them was heard last
	Count    int
	Machines []string // ten at most, by name
	// Source is through whom all of them come, when nobody else who does speaks either: then it may be that one which stopped.
	Source string
	Ended  bool
}

// Watch knows the machines. It belongs to one goroutine.
type Watch struct {
	machines map[string]*machine
	looked   time.Time
	told     *Hush    // what goes on
	in       []string // all of its machines
	Crowded  int      // messages of machines beyond mostKept
}

type machine struct {
	Source string
	Last   time.Time
	Day    int64           // since 1970, of Hours
	Hours  uint32          // of that day, in which it was heard
	Heard  [days]int8      // hours of the days before, newest first
	Gaps   [days + 1]int32 // longest of each day in seconds, that of Day first
}

// New knows no machine.
func New() *Watch { return &Watch{machines: map[string]*machine{}} }

// Heard takes that a machine said something, through a source.
func (w *Watch) Heard(name, source string, at time.Time) {
	m := w.machines[name]
	if m == nil {
		if name == "" || len(name) > mostLength {
			return
		}
		if len(w.machines) >= mostKept {
			w.Crowded++
			return
		}
		m = &machine{Last: at, Day: day(at)}
		w.machines[name] = m
	}
	m.turn(at)
	if gap := int32(min(at.Sub(m.Last), days*24*time.Hour) / time.Second); gap > m.Gaps[0] {
		m.Gaps[0] = gap
	}
	m.Source, m.Last, m.Hours = source, at, m.Hours|1<<(at.Unix()/3600%24)
}

func day(at time.Time) int64 { return at.Unix() / 86400 }

// turn begins the day of a time, if that is a new one.
func (m *machine) turn(at time.Time) {
	for today := day(at); m.Day < today; m.Day++ {
		if today-m.Day > days {
			*m = machine{Source: m.Source, Last: m.Last, Day: today}
			return
		}
		copy(m.Heard[1:], m.Heard[:])
		copy(m.Gaps[1:], m.Gaps[:])
		m.Heard[0], m.Hours, m.Gaps[0] = int8(bits.OnesCount32(m.Hours)), 0, 0
	}
}

// patience is how long it may be quiet; ok is false for a machine of whose silence nothing follows.
func (m *machine) patience() (p time.Duration, ok bool) {
	for _, hours := range m.Heard {
		if hours < steadyDay {
			return 0, false
		}
	}
	gap := time.Duration(slices.Max(m.Gaps[:])) * time.Second
	return max(least, time.Duration(beyond*float64(gap))), gap <= longest
}

// Tick lets time pass, and says who fell silent together by then, or is back.
func (w *Watch) Tick(at time.Time) []Hush {
	if at.Sub(w.looked) < time.Minute {
		return nil
	}
	w.looked = at
	if w.told != nil {
		return w.over(at)
	}
	var quiet []string
	for name, m := range w.machines {
		m.turn(at)
		if p, ok := m.patience(); ok && at.Sub(m.Last) > p {
			quiet = append(quiet, name)
		}
	}
	if quiet = w.nearest(quiet); quiet == nil {
		return nil
	}
	slices.Sort(quiet)
	h := Hush{Since: w.machines[quiet[0]].Last, Count: len(quiet), Machines: quiet[:min(named, len(quiet))], Source: w.through(quiet)}
	for _, name := range quiet {
		if last := w.machines[name].Last; last.Before(h.Since) {
			h.Since = last
		}
	}
	w.told, w.in = &h, quiet
	return []Hush{h}
}

// nearest are most of the machines that stopped within ten minutes of each other; nil when they are too few.
func (w *Watch) nearest(quiet []string) []string {
	last := func(name string) time.Time { return w.machines[name].Last }
	slices.SortFunc(quiet, func(a, b string) int { return cmp.Or(last(a).Compare(last(b)), cmp.Compare(a, b)) })
	var best []string
	for from, to := 0, 0; from < len(quiet); from++ {
		for to < len(quiet) && last(quiet[to]).Sub(last(quiet[from])) <= together {
			to++
		}
		if to-from > len(best) {
			best = quiet[from:to]
		}
	}
	if len(best) < few {
		return nil
	}
	return slices.Clone(best)
}

// through is the source of all of them, if no steady machine speaks through it.
func (w *Watch) through(quiet []string) string {
	source := w.machines[quiet[0]].Source
	for _, name := range quiet {
		if w.machines[name].Source != source {
			return ""
		}
	}
	for name, m := range w.machines {
		if _, in := slices.BinarySearch(quiet, name); in || m.Source != source {
			continue
		}
		if _, ok := m.patience(); ok {
			return ""
		}
	}
	return source
}

// over says when most of them are back. Who stays away for a day is gone, and no news any more.
func (w *Watch) over(at time.Time) []Hush {
	back := 0
	for _, name := range w.in {
		if m := w.machines[name]; m == nil || m.Last.Sub(w.told.Since) > together && at.Sub(m.Last) < least {
			back++
		}
	}
	if 2*back < len(w.in) && at.Sub(w.told.Since) < 24*time.Hour {
		return nil
	}
	h := *w.told
	h.Ended = true
	for _, name := range w.in {
		if m := w.machines[name]; m != nil && !m.Last.After(w.told.Since.Add(together)) {
			delete(w.machines, name) // it is learned anew
		}
	}
	w.told, w.in = nil, nil
	return []Hush{h}
}

// Deaf says that nobody could hear until now: nobody was quiet.
func (w *Watch) Deaf(now time.Time) {
	for _, m := range w.machines {
		if m.Last.Before(now) {
			m.Last = now
		}
	}
}

// Weed forgets machines of which nothing was heard since a time.
func (w *Watch) Weed(since time.Time) {
	for name, m := range w.machines {
		if m.Last.Before(since) {
			delete(w.machines, name)
		}
	}
}

type state struct {
	Machines map[string]*machine
	Told     *Hush    `json:",omitempty"`
	In       []string `json:",omitempty"`
}

// Encode writes what is known, so that Decode goes on where it was.
func (w *Watch) Encode() []byte {
	text, err := json.Marshal(state{w.machines, w.told, w.in})
	if err != nil {
		panic(fmt.Sprint("wardline: internal error: ", err)) // names and numbers can always be written
	}
	return text
}

// Decode takes up what Encode wrote.
func Decode(text []byte) (*Watch, error) {
	s := state{Machines: map[string]*machine{}}
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("what is known of those who send logs is damaged: start it anew: %w", err)
	}
	if len(s.Machines) > mostKept {
		return nil, fmt.Errorf("what is known of those who send logs is damaged: %d machines: start it anew", len(s.Machines))
	}
	for name, m := range s.Machines {
		if m == nil {
			delete(s.Machines, name)
		}
	}
	return &Watch{machines: s.Machines, told: s.Told, in: s.In}, nil
}
