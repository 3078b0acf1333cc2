package trial

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/integrity"
	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/life"
)

// Falsification is what came of one story of falsification, or of one that only looks like it.
type Falsification struct {
	ID, Title string
	Case      bool // it should have been found
	Target    time.Duration
	Found     bool
	After     time.Duration // from its beginning
	Delay     time.Duration // from the latest thing that it left before
	By        string        // kind of the first doubt about it
}

// Integrity is what the integrity room found of a played hospital.
type Integrity struct {
	Stories  []Falsification
	Messages int64          // of HL7
	False    map[string]int // doubts about ordinary life, by kind
	Slips    map[string]int // of these, those about what is honest and looks falsified, by what it is
	Played   map[string]int // messages of the days that count that look falsified and are honest, by what they are
	Routes   []integrity.RouteState
}

// Falsified plays a hospital and has the integrity room judge what its systems say, each message when it was said.
func Falsified(ctx context.Context, c Config) (Integrity, error) {
	t, err := newTrial(&c)
	if err != nil {
		return Integrity{}, err
	}
	h, err := life.New(c.Life)
	if err != nil {
		return Integrity{}, err
	}
	if err := t.equip(h); err != nil {
		return Integrity{}, err
	}
	f := &falsified{trial: t, traces: map[string][]time.Time{}, slips: map[uint64]string{}, played: map[string]int{}, engine: integrity.NewEngine(integrity.EngineConfig{
		Zone:   t.zone,
		Secret: func(purpose string) []byte { return fmt.Append(nil, c.Life.Seed, purpose) },
		Routes: []integrity.RouteConfig{{Name: "laboratory", From: []string{string(feed.TapLab)}, To: []string{string(feed.TapRecord)}, Learn: 7 * 24 * time.Hour}},
	})}
	t.take1 = f.one
	if err := h.Play(ctx, life.Sinks{Record: f.record, Truth: t.learn, Day: t.day}); err != nil {
		return Integrity{}, err
	}
	if err := f.used(); err != nil {
		return Integrity{}, err
	}
	f.note(f.engine.Clock(t.house, t.now.Add(26*time.Hour)))
	return f.report(), nil
}

type falsified struct {
	*trial
	engine   *integrity.Engine
	messages int64
	doubts   []integrity.Doubt
	told     []time.Time            // when each was
	traces   map[string][]time.Time // when each story left something, by its id
	slips    map[uint64]string      // what is honest and looks falsified, by its entry
	played   map[string]int
	logged   time.Time // hour whose rows of the access log are gathered
	rows     []byte
}

// record reads what is said in messages, and what tells of people.
func (f *falsified) record(r *feed.Record) error {
	if r.Story != "" {
		f.traces[r.Story] = append(f.traces[r.Story], r.At)
	}
	if hour := r.At.Truncate(time.Hour); hour.After(f.logged) {
		if err := f.used(); err != nil {
			return err
		}
		f.logged = hour
	}
	way := feed.Describe(r.Feed)
	data := r.Data
	switch way.Way {
	case feed.MLLP:
		data = slices.Concat([]byte{0x0b}, r.Data, []byte("\x1c\r"))
		f.messages++
	case feed.File:
	case feed.Rows:
		if r.Feed == feed.Access { // comes in files, one an hour
			f.rows = append(f.rows, r.Data...)
			return nil
		}
		if !slices.Contains([]feed.Feed{feed.Lists, feed.LabTable, feed.DrugTable, feed.Counts}, r.Feed) {
			return nil
		}
		data = []byte(way.Head + "\n" + string(r.Data) + "\n")
	default:
		return nil
	}
	f.now = r.At
	if r.Slip != "" {
		f.slips[f.entry+1] = r.Slip
		if !r.At.Before(f.from) {
			f.played[r.Slip]++
		}
	}
	if err := f.decode(data, r.Feed); err != nil {
		return err
	}
	f.note(f.engine.Clock(f.house, f.now))
	return nil
}

// used has the engine hear who used the record system within an hour, when it is over.
func (f *falsified) used() error {
	if len(f.rows) == 0 {
		return nil
	}
	f.now = f.logged.Add(time.Hour)
	data := append([]byte(feed.AccessHead+"\n"), f.rows...)
	f.rows = f.rows[:0]
	return f.decode(data, feed.Access)
}

func (f *falsified) one(at hospital.Place) error {
	doubts, err := f.engine.Event(f.house, &f.event, at)
	f.note(doubts)
	return err
}

func (f *falsified) note(doubts []integrity.Doubt) {
	for i := range doubts {
		f.doubts, f.told = append(f.doubts, doubts[i]), append(f.told, f.now)
	}
}

func (f *falsified) report() Integrity {
	out := Integrity{Messages: f.messages, False: map[string]int{}, Slips: map[string]int{}, Played: f.played, Routes: f.engine.Routes()}
	told := make([]bool, len(f.doubts))
	for _, kind := range []string{"F", "B"} { // what is about a falsification is not held against a twin of it
		for i := range f.truth.Tales {
			if tale := &f.truth.Tales[i]; strings.HasPrefix(tale.ID, kind) {
				out.Stories = append(out.Stories, f.story(tale, told))
			}
		}
	}
	for j := range f.doubts {
		if !told[j] && !f.doubts[j].At.Before(f.from) {
			out.False[f.doubts[j].Kind]++
			slip := f.slip(&f.doubts[j])
			if slip != "" {
				out.Slips[slip]++
			}
			if f.c.Why != nil {
				f.c.Why("doubt about life", fmt.Sprintf("%s %s %s (%s) %v", f.doubts[j].At.In(f.zone).Format("01-02 15:04"), f.doubts[j].Kind, f.doubts[j].About, slip, f.doubts[j].Signs))
			}
		}
	}
	slices.SortFunc(out.Stories, func(a, b Falsification) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// slip is what that is honestly, on which a doubt rests; empty for what does not look falsified.
func (f *falsified) slip(d *integrity.Doubt) string {
	for _, p := range d.Places {
		if s := f.slips[p.Entry]; s != "" {
			return s
		}
	}
	return ""
}

// story says how a tale came out, and notes in told which doubts are about it.
func (f *falsified) story(tale *life.Tale, told []bool) Falsification {
	s := Falsification{ID: tale.ID, Title: tale.Title, Case: tale.Case}
	s.Target, _ = time.ParseDuration(tale.Target)
	for j := range f.doubts {
		d := &f.doubts[j]
		if told[j] && !tale.Case || d.At.Before(tale.Start) || d.At.After(tale.End.Add(48*time.Hour)) || !f.about(tale, d) {
			continue
		}
		told[j] = true
		if f.c.Why != nil && tale.Case && len(d.Signs) > 0 && !s.Found { // of many alike the first
			f.c.Why("doubt about "+tale.ID, fmt.Sprintf("%s %d %v", d.Kind, d.Weight(), d.Signs))
		}
		if after := f.told[j].Sub(tale.Start); !s.Found || after < s.After {
			s.Found, s.After, s.Delay, s.By = true, after, f.delay(tale.ID, f.told[j]), d.Kind
		}
	}
	return s
}

// delay is how long before a moment a story last left something.
func (f *falsified) delay(id string, at time.Time) time.Duration {
	least := time.Duration(math.MaxInt64)
	for _, trace := range f.traces[id] {
		if d := at.Sub(trace); d >= 0 && d < least {
			least = d
		}
	}
	return least
}

// about tells whether a doubt is about one of a tale's people.
func (f *falsified) about(tale *life.Tale, d *integrity.Doubt) bool {
	if d.Author != "" && slices.ContainsFunc(tale.Actors, func(login string) bool { return f.same(login, d.Author) }) {
		return true
	}
	if things := map[string]string{"row-fewer": "F08", "row-master": "F10"}; things[d.Kind] != "" { // these name nobody
		return things[d.Kind] == tale.ID && f.delay(tale.ID, d.At) < time.Minute
	}
	return d.Patient != "" && slices.ContainsFunc(tale.Victims, func(number string) bool { return f.tokenOf(number) == d.Patient })
}

// same tells whether two names are of one who works here.
func (f *falsified) same(a, b string) bool {
	x, y := f.house.StaffNamed(f.house.Ref(a)), f.house.StaffNamed(f.house.Ref(b))
	return x != nil && y != nil && x.ID == y.ID
}

func (f *falsified) tokenOf(number string) string {
	id, _ := f.house.Find([]hospital.Identifier{{Value: number}})
	if id == 0 {
		return ""
	}
	return f.house.Token(id)
}
