package privacy

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy/judge"
)

// Survey explains the accesses that stand in files, without a node: first it hears all that the files say of the house,
// then the accesses, and judges them when it has heard all. Its methods may be called at once.
type Survey struct {
	read func(*event.Event) ([]hospital.Fact, error)

	mu      sync.Mutex // guards all below
	house   *hospital.House
	engine  *Engine
	memory  *memory
	sources []string
	number  map[string]int32
	began   time.Time
	facts   int64
	unread  int64
	first   time.Time
	last    time.Time
}

// NewSurvey prepares a survey. read tells what an event says of the house; see package reader.
func NewSurvey(h *hospital.House, c Config, j *judge.Judge, read func(*event.Event) ([]hospital.Fact, error)) *Survey {
	c.Audit = tiny // nobody is there to look at what was drawn
	m := newMemory()
	return &Survey{read: read, house: h, engine: newEngine(h, c, j, m), memory: m, number: map[string]int32{}, began: time.Now().UTC()}
}

// tiny is a share of nothing, where 0 would be the default.
const tiny = 1e-12

// Fact hears what an event says of the house. All facts are heard before the first access.
func (s *Survey) Fact(ev *event.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	facts, err := s.read(ev)
	if err != nil {
		s.unread++ // and nothing else is lost by it
	}
	for i := range facts {
		f := &facts[i]
		f.Place = hospital.Place{Line: -1}
		f.Source = cmp.Or(f.Source, ev.Source)
		if f.Said.IsZero() {
			f.Said = ev.Time
		}
		if f.Said.IsZero() { // files of the site state no time: a later file says what is so now
			f.Said = s.began.Add(time.Duration(s.facts) * time.Microsecond)
		}
		if f.Seen.IsZero() {
			f.Seen = f.Said
		}
		s.facts++
		s.house.Take(f)
	}
	return s.house.Err()
}

// Access hears of an access. Events of other kinds are passed over.
func (s *Survey) Access(ev *event.Event) error {
	if !Wants(ev.Class) {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at, known := s.number[ev.Source]
	if !known {
		at = int32(len(s.sources))
		s.number[ev.Source] = at
		s.sources = append(s.sources, ev.Source)
	}
	if !ev.Time.IsZero() && !isList(ev.Class) && (IsCabinet(ev.Class) || !tellsOfDrugs(ev.Class)) {
		if s.first.IsZero() || ev.Time.Before(s.first) {
			s.first = ev.Time
		}
		if ev.Time.After(s.last) {
			s.last = ev.Time
		}
	}
	return s.engine.Event(ev, hospital.Place{Entry: uint64(ev.Record), Line: at}, nil)
}

// Summary is what a Survey found.
type Summary struct {
	Counts
	Facts       int64     // heard of the house
	Given       bool      // that drugs were
	First, Last time.Time // accesses
	Share                 // of touches in which a record was opened
	Accounts    int       // that did something
	Staffed     int       // of them those that belong to somebody in HR
	Patients    int
	Templates   []Count // by how many touches they explain
	Flags       []Count // by how many touches they stand on
	Departments []DepartmentHealth
	Cases       []Case
	Findings    []finding.Finding // of the cases, the worst first
}

// Count is how often something was found.
type Count struct {
	ID, Title   string
	Touches     int64
	Unexplained int64 // of flags: those of Touches that nothing explains
}

// Summary judges all that was heard. It is called once, at the end.
func (s *Survey) Summary() (Summary, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.engine
	sum := Summary{Facts: s.facts, First: s.first, Last: s.last, Given: e.drugs != nil && len(e.drugs.heard) > 0}
	if s.first.IsZero() {
		sum.Counts = e.counts
		return sum, nil
	}
	const step = time.Hour // by which cases are opened
	end := s.last.Add(e.cfg.Final + e.cfg.Settle + 2*step)
	for now := s.first.Truncate(step); !now.After(end); now = now.Add(step) {
		if err := e.Clock(now); err != nil {
			return Summary{}, fmt.Errorf("judge accesses: %w", err)
		}
	}
	sum.Counts = e.counts
	s.count(&sum)
	sum.Cases = e.Cases(Filter{States: []CaseState{Pending, Closed}, Limit: 10_000})
	used := map[string]bool{}
	for i := range sum.Cases {
		f := s.finding(&sum.Cases[i])
		for n := 0; f.ID == "" || used[f.ID]; n++ {
			f.ID = idOf(&f, n)
		}
		used[f.ID] = true
		sum.Findings = append(sum.Findings, f)
	}
	return sum, nil
}

// idOf is made of who did it, when it began and where that stands: the same in each scan of the same files, wherever they lie, and not of
// whom it was done to, which could be guessed from it. n tells cases apart that begin with one event.
func idOf(f *finding.Finding, n int) string {
	text := fmt.Sprint(f.Rule.ID, "\x00", f.Entities["user"], "\x00", f.First.UnixNano(), "\x00", n)
	if len(f.Events) > 0 {
		text += fmt.Sprint("\x00", filepath.Base(f.Events[0].Source), "\x00", f.Events[0].Record)
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:12])
}

// count adds up what was done and what explains it.
func (s *Survey) count(sum *Summary) {
	e := s.engine
	all := s.memory.sheets
	templates, flags := map[string]*Count{}, map[string]*Count{}
	accounts, people := map[hospital.Ref]struct{}{}, map[hospital.PatientID]struct{}{}
	depts := map[hospital.Ref]*Share{}
	for _, sh := range all {
		accounts[sh.user] = struct{}{}
		if sh.patient == 0 || !sh.counted {
			continue
		}
		people[sh.patient] = struct{}{}
		dept := depts[sh.dept]
		if dept == nil {
			dept = &Share{}
			depts[sh.dept] = dept
		}
		for _, d := range [...]*Share{&sum.Share, dept} {
			d.add(&sh.said)
		}
		if sh.said.explained {
			tally := countIn(templates, sh.said.template, e.judge.TemplateTitle)
			tally.Touches++
		}
		for _, f := range sh.said.flags {
			tally := countIn(flags, f, e.judge.FlagTitle)
			tally.Touches++
			if !sh.said.explained {
				tally.Unexplained++
			}
		}
	}
	sum.Accounts, sum.Patients = len(accounts), len(people)
	for u := range accounts {
		if st := e.house.StaffNamed(u); st != nil && st.Number != "" {
			sum.Staffed++
		}
	}
	sum.Templates, sum.Flags = sorted(templates), sorted(flags)
	for _, d := range slices.Sorted(maps.Keys(depts)) {
		sum.Departments = append(sum.Departments, DepartmentHealth{Department: d, Name: e.house.Text(d), Share: *depts[d]})
	}
	slices.SortStableFunc(sum.Departments, func(a, b DepartmentHealth) int { return cmp.Compare(b.Touches, a.Touches) })
}

func (s *Share) add(c *conclusion) {
	s.Touches++
	if c.first {
		s.Firsts++
	}
	if c.explained {
		s.Explained++
		if c.first {
			s.FirstsExplained++
		}
	}
}

func countIn(in map[string]*Count, id string, title func(string) string) *Count {
	c := in[id]
	if c == nil {
		c = &Count{ID: id, Title: title(id)}
		in[id] = c
	}
	return c
}

func sorted(in map[string]*Count) []Count {
	var list []Count
	for _, id := range slices.Sorted(maps.Keys(in)) {
		list = append(list, *in[id])
	}
	slices.SortStableFunc(list, func(a, b Count) int { return cmp.Compare(b.Touches, a.Touches) })
	return list
}

// finding is a case as a scan tells of it: to the person who brought the files, and so with the names that stand in them.
func (s *Survey) finding(c *Case) finding.Finding {
	e := s.engine
	rule := finding.Rule{
		ID: "privacy-access-review", Title: c.Text.Headline, Level: "medium", Author: "Wardline", Source: "content/privacy", Type: "privacy",
		Summary: strings.Join(c.Text.Paragraphs, " "),
	}
	if c.Lane == Urgent {
		rule.Level = "high"
	}
	f := finding.Finding{Kind: finding.Theft, Rule: rule, Entities: map[string][]string{}}
	for _, u := range c.Users {
		f.Entities["user"] = appendName(f.Entities["user"], e.house.Text(u.User))
	}
	for _, p := range c.Patients {
		if _, ids, err := e.house.Reveal(p.Patient); err == nil && len(ids) > 0 {
			f.Entities["patient"] = appendName(f.Entities["patient"], ids[0].Value)
		}
	}
	for i := range c.Touches {
		s.events(&f, &c.Touches[i], &c.Text)
	}
	slices.SortStableFunc(f.Events, func(a, b finding.Evidence) int { return a.Time.Compare(b.Time) })
	f.Events = f.Events[:min(len(f.Events), 10)]
	return f
}

func appendName(list []string, name string) []string {
	if len(list) >= finding.MaxEntities || slices.Contains(list, name) {
		return list
	}
	list = append(list, name)
	slices.Sort(list)
	return list
}

func (s *Survey) events(f *finding.Finding, l *Look, text *judge.Text) {
	for _, a := range l.Touch.Evidence {
		f.Count++
		if f.First.IsZero() || a.At.Before(f.First) {
			f.First = a.At
		}
		if a.At.After(f.Last) {
			f.Last = a.At
		}
		var weighs []string
		for _, w := range text.Weighs {
			weighs = append(weighs, w.Label)
		}
		fields, err := json.Marshal(map[string]any{"action": a.Native, "from": s.engine.house.Text(a.Where), "weighs": weighs})
		if err != nil {
			panic("wardline: internal error: " + err.Error()) // texts can always be written
		}
		source := ""
		if n := int(a.Place.Line); n >= 0 && n < len(s.sources) {
			source = s.sources[n]
		}
		f.Events = append(f.Events, finding.Evidence{Source: source, Record: int64(a.Place.Entry), Time: a.At, Fields: fields,
			Entities: map[string]string{"user": s.engine.house.Text(l.Touch.User)}})
	}
}
