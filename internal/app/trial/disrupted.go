package trial

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/internal/app"
	"github.com/wardline/wardline/internal/continuity"
	"github.com/wardline/wardline/internal/continuity/depend"
	"github.com/wardline/wardline/internal/continuity/incident"
	"github.com/wardline/wardline/internal/detect/correlate"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/life"
	"github.com/wardline/wardline/internal/watch"
)

// Disruption is what came of one story of disruption.
type Disruption struct {
	ID, Title string
	Case      bool // it should have been told
	Start     time.Time
	Target    time.Duration
	Found     bool
	After     time.Duration // from its beginning
	By        string        // the first sign of it
	Incidents int           // that people were told of it
	Told      time.Duration // after which they were told the first
}

// Continuity is what the continuity room found of a played hospital.
type Continuity struct {
	Stories []Disruption
	Events  int64
	Feeds   int
	False   []continuity.Sign // about ordinary life, in the days that count
	Calls   []Call            // of incidents about ordinary life, in these days
}

// Call is an incident that people were told of.
type Call struct {
	At    time.Time
	Level string
	Class continuity.Class // of the worst of it
	Says  string           // its first sign
}

// Disrupted plays a hospital and has the continuity room watch what its systems say, each event when it was said.
func Disrupted(ctx context.Context, c Config) (Continuity, error) {
	t, err := newTrial(&c)
	if err != nil {
		return Continuity{}, err
	}
	h, err := life.New(c.Life)
	if err != nil {
		return Continuity{}, err
	}
	if err := t.equip(h); err != nil {
		return Continuity{}, err
	}
	services, err := depend.LoadCatalogue(content.Continuity(), nil)
	if err != nil {
		return Continuity{}, err
	}
	d := &disrupted{trial: t, engine: continuity.NewEngine(continuity.EngineConfig{Services: services, Zone: t.zone, Secret: fmt.Append(nil, c.Life.Seed)})}
	if err := d.watch(); err != nil {
		return Continuity{}, err
	}
	d.incidents, d.told = continuity.NewIncidents(d.engine), map[string]*incident.Incident{}
	t.take1 = d.one
	if err := h.Play(ctx, life.Sinks{Record: d.record, Truth: t.learn, Day: t.day}); err != nil {
		return Continuity{}, err
	}
	return d.report(), nil
}

type disrupted struct {
	*trial
	engine    *continuity.Engine
	incidents *continuity.Incidents
	told      map[string]*incident.Incident // of which people were told
	set       *watch.Set
	judge     *watch.Judge
	state     *correlate.State
	events    int64
	signs     []continuity.Sign
	ticked    time.Time
	failed    error
}

// record hears the feeds that say how the house runs, and not who opened which record.
func (d *disrupted) record(r *feed.Record) error {
	way := feed.Describe(r.Feed)
	var data []byte
	switch way.Way {
	case feed.MLLP:
		data = slices.Concat([]byte{0x0b}, r.Data, []byte("\x1c\r"))
	case feed.Syslog:
		data = append(slices.Clone(r.Data), '\n')
	case feed.Lines:
		data = append(slices.Clone(r.Data), '\n')
	default:
		return nil
	}
	for d.ticked.IsZero() || r.At.Sub(d.ticked) >= 10*time.Second {
		d.ticked = d.ticked.Add(10 * time.Second)
		if r.At.Sub(d.ticked) > time.Hour {
			d.ticked = r.At
		}
		if err := d.found(d.engine.Tick(d.ticked), d.ticked); err != nil {
			return err
		}
	}
	d.now = r.At
	return d.decode(data, r.Feed)
}

func (d *disrupted) one(hospital.Place) error {
	d.events++
	if err := d.found(d.engine.Event(&d.event), d.now); err != nil {
		return err
	}
	matches := d.judge.Matches(&d.event)
	for i := range matches {
		m := &matches[i]
		if !m.Silent {
			book := finding.NewBook(1)
			book.Add(m.Kind, m.Rule, &d.event)
			d.judged(book)
		}
		if o, ok := d.judge.Observe(m, &d.event); ok {
			d.state.Add(o, d.fire)
		}
	}
	return nil
}

// watch has the rules that ship judge the events too, for their findings are stages of attacks.
func (d *disrupted) watch() error {
	set, _, _, err := app.LoadSet(app.SetConfig{Places: []string{app.Builtin}}, d.options.Taxonomy)
	if err != nil {
		return err
	}
	d.set, d.judge, d.state = set, set.Judge(), set.Await()
	return nil
}

func (d *disrupted) fire(f correlate.Firing) {
	kind, rule, entity := d.set.Joined(&f)
	book := finding.NewBook(1)
	book.AddJoined(kind, rule, entity, f.Members)
	d.judged(book)
}

func (d *disrupted) judged(book *finding.Book) {
	for _, f := range book.Findings() {
		signs := d.engine.Finding(&f, d.now)
		if d.c.Why != nil {
			d.c.Why("finding", fmt.Sprint(d.now.In(d.zone).Format("Mon 02 15:04 "), f.Rule.Title, " ", f.Rule.Level, " ", f.Entities))
		}
		if err := d.found(signs, d.now); err != nil {
			d.failed = err
		}
		if f.Rule.Level == "critical" { // it calls a person by itself
			d.signs = append(d.signs, continuity.Sign{Kind: critical, About: f.ID, Name: f.Rule.Title, At: d.now, Since: d.now, Entities: f.Entities["host"]})
		}
	}
}

// found takes signs, and whom people are told of.
func (d *disrupted) found(signs []continuity.Sign, at time.Time) error {
	d.signs = append(d.signs, signs...)
	told, err := d.incidents.Take(signs, at)
	for _, t := range told {
		d.told[t.Incident.ID] = t.Incident
	}
	return errors.Join(err, d.failed)
}

// critical stands for a finding of another room that calls a person by itself.
const critical continuity.Kind = "critical finding"

func (d *disrupted) report() Continuity {
	out := Continuity{Events: d.events}
	told, mine := make([]bool, len(d.signs)), map[string]bool{}
	for i := range d.truth.Tales {
		tale := &d.truth.Tales[i]
		if !strings.HasPrefix(tale.ID, "D") && !strings.HasPrefix(tale.ID, "B") {
			continue
		}
		s := Disruption{ID: tale.ID, Title: tale.Title, Case: tale.Case, Start: tale.Start.In(d.zone)}
		s.Target, _ = time.ParseDuration(tale.Target)
		for j := range d.signs {
			sign := &d.signs[j]
			if sign.At.Before(tale.Start) || sign.At.After(tale.End.Add(24*time.Hour)) || !about(tale.ID, sign) {
				continue
			}
			if told[j] = true; !sign.Ended && !s.Found {
				s.Found, s.After, s.By = true, sign.At.Sub(tale.Start), sign.Text()
			}
		}
		for _, i := range d.told {
			if i.Into != "" || !d.tells(i, tale) {
				continue
			}
			mine[i.ID] = true
			if d.c.Why != nil {
				for _, f := range i.Facts {
					d.c.Why("incident", fmt.Sprint(tale.ID, " ", i.ID[:4], " ", i.Opened.In(d.zone).Format("Mon 02 15:04"), " told ", i.Told.In(d.zone).Format("15:04"), ": ", f.At.In(d.zone).Format("Mon 02 15:04 "), f.Says))
				}
			}
			if after := i.Told.Sub(tale.Start); s.Incidents == 0 || after < s.Told {
				s.Told = after
			}
			s.Incidents++
		}
		out.Stories = append(out.Stories, s)
	}
	for _, i := range d.told {
		if mine[i.ID] || i.Into != "" || i.Told.Before(d.from) {
			continue
		}
		c := Call{At: i.Told, Level: continuity.RuleOf(i).Level, Class: continuity.Days, Says: i.Facts[0].Says}
		for n := range i.Facts {
			c.Class = min(c.Class, continuity.Class(i.Facts[n].Class))
		}
		out.Calls = append(out.Calls, c)
	}
	slices.SortFunc(out.Calls, func(a, b Call) int { return a.At.Compare(b.At) })
	for j := range d.signs {
		if !told[j] && !d.signs[j].Ended && d.signs[j].Kind != critical && !d.signs[j].At.Before(d.from) {
			out.False = append(out.False, d.signs[j])
		}
	}
	slices.SortFunc(out.Stories, func(a, b Disruption) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// tells tells whether an incident is about what a story does.
func (d *disrupted) tells(i *incident.Incident, tale *life.Tale) bool {
	attack := tale.ID == "D09" || tale.ID == "D10"
	for n := range i.Facts {
		f := &i.Facts[n]
		if f.At.Before(tale.Start) || f.At.After(tale.End.Add(24*time.Hour)) || attack && f.Kind != string(continuity.Staged) {
			continue // what an attack strikes is a part of it
		}
		if about(tale.ID, &continuity.Sign{Kind: continuity.Kind(f.Kind), About: f.About, Entities: f.Entities}) {
			return true
		}
	}
	return false
}

// about tells whether a sign is of what a story does: by what it is about, as the story's systems are called.
func about(story string, s *continuity.Sign) bool {
	named := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return strings.Contains(s.About, n) })
	}
	unanswered := s.Kind == continuity.MissingResults || s.Kind == continuity.LateResults
	late := s.Kind == continuity.LateMessages && named(string(feed.Lab), "LIS")
	hypervisor := slices.ContainsFunc(s.Entities, func(e string) bool { return strings.Contains(e, "esx-03") })
	switch story {
	case "D01":
		return named("LAB_RESULTS", string(feed.Lab)) || unanswered && named("LAB")
	case "D06":
		return s.Kind == continuity.Expired || s.Kind == continuity.Expires && named("engine-01") || s.Kind == continuity.Silent && named("LIS")
	case "D02":
		return named("ADT_OUT_PHARM")
	case "D03":
		return s.Kind == "refusals" && named(":2575", "LIS")
	case "D04":
		return named("ADT_OUT_EHR") || s.Kind == "slow-answers"
	case "D05":
		return s.Kind == continuity.PartSilent && named("CHEM-2") || unanswered && named("LAB-CHEM") || late
	case "D08":
		return named("PACS")
	case "D09":
		return (s.Kind == continuity.Staged || s.Kind == critical) && !hypervisor || s.Kind == continuity.Silent && named(string(feed.Lab), string(feed.ADT), string(feed.Orders), string(feed.Imaging), string(feed.Pharmacy))
	case "D07":
		return s.Kind == continuity.Clock
	case "D10":
		return (s.Kind == continuity.Staged || s.Kind == critical) && hypervisor
	case "D11":
		return s.Kind == "replay" || s.Kind == "flood"
	case "D12":
		return s.Kind == continuity.MorePatients
	}
	return false
}
