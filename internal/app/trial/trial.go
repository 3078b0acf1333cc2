// Package trial plays an invented hospital in this process, has the privacy room judge what its systems say, and holds
// that against what really happened. Everything is decoded and judged as in a node; only the sockets, the journal and the
// disk are left out, so that a month takes minutes.
package trial

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/internal/app"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/hospital/reader"
	"github.com/wardline/wardline/internal/privacy"
	"github.com/wardline/wardline/internal/privacy/diversion"
	"github.com/wardline/wardline/internal/privacy/judge"
	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/life"
	"github.com/wardline/wardline/internal/sim/score"
	"github.com/wardline/wardline/internal/vault"
)

// Config says what is played and how it is judged.
type Config struct {
	Life   life.Config
	PerDay int // cases a day; by the size of the hospital when 0
	// Day is told after each day that was played.
	Day func(day int, at time.Time)
	// Why is told in the end of each case, of each touch of a story, and of each that some system explains and that was not explained:
	// what it was for, and what was thought of it. nil tells nobody.
	Why func(what, thought string)
}

// Cost is what a trial took.
type Cost struct {
	Records, Bytes, Events int64
	Damaged, Unread        int64
	Playing, Judging       time.Duration // of one goroutine, wall clock
}

// Run plays and judges, and returns the report over the days after those of learning.
func Run(ctx context.Context, c Config) (score.Report, Cost, error) {
	t, err := newTrial(&c)
	if err != nil {
		return score.Report{}, Cost{}, err
	}
	h, err := life.New(c.Life)
	if err != nil {
		return score.Report{}, Cost{}, err
	}
	if err := t.equip(h); err != nil {
		return score.Report{}, Cost{}, err
	}
	began := time.Now()
	err = h.Play(ctx, life.Sinks{Record: t.record, Truth: t.learn, Day: t.day})
	if err == nil {
		err = t.flush()
	}
	if err != nil {
		return score.Report{}, t.cost, err
	}
	// What happened on the last day is judged when its time has come.
	for range 8 * 24 {
		t.now = t.now.Add(time.Hour)
		if err := t.clock(); err != nil {
			return score.Report{}, t.cost, err
		}
	}
	t.cost.Playing = time.Since(began) - t.cost.Judging
	return t.report(), t.cost, nil
}

// trial is one under way.
type trial struct {
	c        *Config
	zone     *time.Location
	formats  []collect.Format
	options  collect.Options
	house    *hospital.House
	reader   *reader.Reader
	engine   *privacy.Engine
	truth    *score.Truth
	cost     Cost
	from     time.Time // of the days that are scored
	until    time.Time
	perDay   int
	hour     time.Time // that is gathered
	gathered map[feed.Feed]*bytes.Buffer
	order    []feed.Feed
	now      time.Time
	event    event.Event
	entry    uint64
	reads    map[feed.Feed]*collect.Format
	touches  map[touchKey]*score.Touch
	thoughts map[touchKey]string
	says     []string // of the cases found
	alerts   []score.Alert
	cases    map[string]time.Time // opened
	found    []score.Case
	take1    func(hospital.Place) error // takes events in place of engine; nil for none
}

type touchKey struct {
	day     int32
	user    hospital.Ref
	patient hospital.PatientID
}

func newTrial(c *Config) (*trial, error) {
	tax, err := app.Taxonomy()
	if err != nil {
		return nil, err
	}
	formats, err := app.Formats("")
	if err != nil {
		return nil, err
	}
	return &trial{
		c: c, formats: formats, reads: map[feed.Feed]*collect.Format{}, gathered: map[feed.Feed]*bytes.Buffer{}, touches: map[touchKey]*score.Touch{}, cases: map[string]time.Time{}, thoughts: map[touchKey]string{},
		truth: score.NewTruth(score.Names{User: strings.ToLower}), options: collect.Options{Limits: collect.DefaultLimits(), Taxonomy: tax, Whole: true},
	}, nil
}

// equip opens the rooms for the hospital that will be played.
func (t *trial) equip(h *life.Hospital) error {
	t.zone = h.World.Zone
	t.options.Zone = t.zone
	v, err := vault.Invented(t.c.Life.Seed)
	if err != nil {
		return err
	}
	j, err := judge.Load(content.Privacy(), nil)
	if err != nil {
		return err
	}
	drugs, err := diversion.Load(content.Privacy(), nil)
	if err != nil {
		return err
	}
	learn := t.c.Life.Learn
	if learn == 0 {
		learn = min(28, t.c.Life.Days*4/5)
	}
	t.from, t.until = h.World.At(h.World.From, 24*learn, 0), h.World.At(h.World.From, 24*(t.c.Life.Days+9), 0)
	t.perDay = t.c.PerDay
	if t.perDay == 0 {
		t.perDay = max(1, (h.World.Beds*10+999)/1000)
	}
	t.house = hospital.New(v, hospital.Options{Zone: t.zone, Authority: h.World.Authority, Family: func(_, title string) hospital.Family { return j.Classes().Family(title) }})
	t.reader = reader.New(t.zone)
	t.engine = privacy.NewEngine(t.house, privacy.Config{
		Zone: t.zone, Beds: max(h.World.Beds, 10), CasesPerDay: t.perDay, Secret: fmt.Append(nil, "trial ", t.c.Life.Seed), Judged: t.judged, Drugs: drugs,
	}, j)
	return nil
}

// record gathers what systems say within an hour. What a file brings is there when the hour is over.
func (t *trial) record(r *feed.Record) error {
	t.cost.Records++
	t.cost.Bytes += int64(len(r.Data))
	if hour := r.At.Truncate(time.Hour); hour.After(t.hour) {
		if err := t.flush(); err != nil {
			return err
		}
		t.hour = hour
	}
	way := feed.Describe(r.Feed)
	if way.Way == feed.File {
		return t.decode(r.Data, r.Feed)
	}
	b := t.gathered[r.Feed]
	if b == nil {
		b = &bytes.Buffer{}
		t.gathered[r.Feed] = b
		t.order = append(t.order, r.Feed)
		slices.SortFunc(t.order, func(a, b feed.Feed) int { return rank(a) - rank(b) })
	}
	if b.Len() == 0 && way.Head != "" {
		b.WriteString(way.Head)
		b.WriteByte('\n')
	}
	switch way.Way {
	case feed.MLLP:
		b.WriteByte(0x0b)
		b.Write(r.Data)
		b.WriteString("\x1c\r")
	case feed.Syslog:
		fmt.Fprintf(b, "%d %s", len(r.Data), r.Data)
	default:
		b.Write(r.Data)
		if !bytes.HasSuffix(r.Data, []byte("\n")) {
			b.WriteByte('\n')
		}
	}
	return nil
}

// rank puts messages before the accesses that rest on them.
func rank(f feed.Feed) int {
	switch feed.Describe(f).Way {
	case feed.MLLP:
		return int(f[0])
	case feed.Rows:
		return 1000
	}
	return 500 + int(f[0])
}

// flush decodes and judges what was gathered.
func (t *trial) flush() error {
	if end := t.hour.Add(time.Hour); end.After(t.now) && !t.hour.IsZero() {
		t.now = end
	}
	for _, f := range t.order {
		b := t.gathered[f]
		if b.Len() == 0 {
			continue
		}
		if err := t.decode(b.Bytes(), f); err != nil {
			return err
		}
		b.Reset()
	}
	if t.now.IsZero() {
		return nil
	}
	return t.clock()
}

func (t *trial) clock() error {
	began := time.Now()
	err := t.engine.Clock(t.now)
	t.cost.Judging += time.Since(began)
	t.take()
	return err
}

// decode reads what came in one piece.
func (t *trial) decode(data []byte, f feed.Feed) error {
	began := time.Now()
	defer func() { t.cost.Judging += time.Since(began) }()
	format := t.reads[f]
	if format == nil {
		if format = t.formatOf(data); format == nil {
			t.cost.Unread++ // of a system whose records say nothing to this room
			return nil
		}
		t.reads[f] = format
	}
	t.entry++
	options := t.options
	options.Modified = t.now // lends its year to times that state none
	d := format.Open(bytes.NewReader(data), options)
	for line := int32(0); ; line++ {
		err := d.Next(&t.event)
		var damage *collect.Damage
		switch {
		case err == io.EOF:
			return nil
		case errors.Is(err, collect.ErrSkip):
			continue
		case errors.As(err, &damage):
			t.cost.Damaged++
			continue
		case err != nil:
			return fmt.Errorf("read the feed %s: %w", f, err)
		}
		t.event.Source, t.event.Observed = string(f), t.now
		if t.event.Observed.Before(t.event.Time) {
			t.event.Observed = t.event.Time
		}
		if err := t.one(hospital.Place{Entry: t.entry, Line: line}); err != nil {
			return err
		}
	}
}

func (t *trial) formatOf(data []byte) *collect.Format {
	head := data[:min(len(data), 64<<10)]
	var best *collect.Format
	surest := 0
	for i := range t.formats {
		if n := t.formats[i].Sniff(head); n > surest {
			best, surest = &t.formats[i], n
		}
	}
	return best
}

// one hands an event on.
func (t *trial) one(at hospital.Place) error {
	t.cost.Events++
	facts, err := t.reader.Read(&t.event)
	if err != nil {
		t.cost.Unread++
	}
	var changed []hospital.PatientID
	for i := range facts {
		facts[i].Place = at
		changed = append(changed, t.house.Take(&facts[i])...)
	}
	if t.take1 != nil {
		return t.take1(at)
	}
	return t.engine.Event(&t.event, at, changed)
}

func (t *trial) learn(row *life.Truth) error {
	if row.Touch != nil && row.Touch.Day < t.from.Format(time.DateOnly) {
		return nil
	}
	t.truth.Add(row)
	return nil
}

func (t *trial) day(day int, at time.Time) error {
	if t.c.Day != nil {
		t.c.Day(day, at)
	}
	return nil
}

// judged notes what is thought of a touch; what is thought of it later takes its place.
func (t *trial) judged(touch *judge.Touch, v *judge.Verdict, k *judge.Known) {
	if touch.Last.Before(t.from) || touch.Patient == 0 {
		return
	}
	key := touchKey{touch.Day, touch.User, touch.Patient}
	s := t.touches[key]
	if s == nil {
		s = &score.Touch{Day: time.Unix(int64(touch.Day)*86400, 0).UTC().Format(time.DateOnly), User: strings.ToLower(t.house.Text(touch.User)), Patient: t.number(touch.Patient), First: k.Pair.Count == 0}
		t.touches[key] = s
	}
	s.Explained, s.Template, s.Flags = v.Explained, "", s.Flags[:0]
	if len(v.Reasons) > 0 {
		s.Template = v.Reasons[0].Template
	}
	for _, f := range v.Flags {
		s.Flags = append(s.Flags, f.ID)
	}
	if t.c.Why != nil {
		t.thoughts[key] = t.thought(touch, v)
	}
	if k.Work.Patients > 0 && k.Work.Chance < 0.01 {
		s.Volume = -math.Log10(max(k.Work.Chance, math.SmallestNonzeroFloat64)) // thousands have no chance that a number could hold
	}
}

// thought says in a line what is thought of a touch.
func (t *trial) thought(touch *judge.Touch, v *judge.Verdict) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", touch.First.In(t.zone).Format("01-02 15:04"), t.house.Text(touch.User))
	if s := t.house.Staff(touch.Staff); s != nil {
		fmt.Fprintf(&b, " (%s in %s)", t.house.Text(s.Job), t.house.Text(s.Dept))
	}
	fmt.Fprintf(&b, " %.1f", v.Score)
	for _, r := range v.Reasons {
		fmt.Fprintf(&b, " %s %.0f %s", r.Template, r.Weight, r.Correction)
	}
	for _, f := range v.Flags {
		fmt.Fprintf(&b, " %s +%.0f", f.ID, f.Weight)
	}
	for _, r := range v.Tried {
		if r.Why != judge.WhyNone {
			fmt.Fprintf(&b, " %s:%s", r.Template, r.Why)
		}
	}
	return b.String()
}

// tell tells Why.
func (t *trial) tell() {
	for i := range t.found {
		what := "case about life"
		if tales := t.truth.About(&t.found[i]); len(tales) > 0 {
			what = "case about " + tales[0].ID
		} else if t.truth.Silent(&t.found[i], score.Window{From: t.from, Until: t.until}) {
			what = "case about life, with a feed that was silent"
		}
		t.c.Why(what, t.found[i].Opened.Format("01-02 15:04 ")+t.says[i])
	}
	t.tellFlags()
	for key, s := range t.touches {
		switch truth := t.truth.Touch(s.Day, s.User, s.Patient); {
		case truth.Story != "":
			t.c.Why(truth.Story, t.thoughts[key])
		case truth.Documented && !s.Explained:
			t.c.Why(truth.Why, t.thoughts[key])
		}
	}
}

// tellFlags tells how often each flag stands on touches of ordinary life, on those of them without a reason, and on those of a theft without one.
func (t *trial) tellFlags() {
	type shares struct{ all, life, theft int }
	flags := map[string]*shares{"": {}}
	for _, s := range t.touches {
		story := t.truth.Touch(s.Day, s.User, s.Patient).Story
		for _, f := range append([]string{""}, s.Flags...) {
			if flags[f] == nil {
				flags[f] = &shares{}
			}
			switch {
			case strings.HasPrefix(story, "T") && !s.Explained:
				flags[f].theft++
			case story == "" && !s.Explained:
				flags[f].life++
				fallthrough
			case story == "":
				flags[f].all++
			}
		}
	}
	for _, f := range slices.Sorted(maps.Keys(flags)) {
		t.c.Why("flag "+f, fmt.Sprintf("all %d, without a reason %d, theft without a reason %d", flags[f].all, flags[f].life, flags[f].theft))
	}
}

// caseSays says in a line what a case rests on.
func caseSays(c *privacy.Case) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %.1f: %s:", c.Lane, c.Kind, c.Score, c.Text.Headline)
	for _, w := range c.Text.Weighs {
		fmt.Fprintf(&b, " %s %+.0f", w.ID, w.Decibans)
	}
	if c.Kind == privacy.DrugCase && len(c.Text.Paragraphs) > 0 {
		b.WriteString(": " + c.Text.Paragraphs[0])
	}
	return b.String()
}

// number is the number of a patient's record.
func (t *trial) number(id hospital.PatientID) string {
	if id == 0 {
		return ""
	}
	_, ids, err := t.house.Reveal(id)
	if err != nil {
		return ""
	}
	for _, i := range ids {
		if i.Type == "MR" || i.Type == "" {
			return i.Value
		}
	}
	return ""
}

// take notes the alarms and cases that are new.
func (t *trial) take() {
	for _, a := range t.engine.Alarms() {
		if !a.Feed {
			t.alerts = append(t.alerts, score.Alert{Flag: a.Flag.ID, At: t.now, Look: score.Look{
				User: strings.ToLower(t.house.Text(a.User)), Patient: t.number(a.Patient), First: a.At, Last: a.At,
			}})
		}
	}
	for _, c := range t.engine.Cases(privacy.Filter{States: []privacy.CaseState{privacy.Pending, privacy.Withdrawn, privacy.Closed}, Limit: 1 << 20}) {
		if _, seen := t.cases[c.ID]; seen {
			continue
		}
		t.cases[c.ID] = t.now
		s := score.Case{ID: c.ID, Lane: string(c.Lane), Opened: t.now}
		if t.c.Why != nil {
			t.says = append(t.says, caseSays(&c))
		}
		for i := range c.Touches {
			l := &c.Touches[i].Touch
			s.Looks = append(s.Looks, score.Look{
				User: strings.ToLower(t.house.Text(l.User)), Patient: t.number(l.Patient), First: l.First, Last: l.Last, Bare: c.Touches[i].Verdict.NoReason != 0,
			})
		}
		t.found = append(t.found, s)
	}
}

func (t *trial) report() score.Report {
	if t.c.Why != nil {
		t.tell()
	}
	f := &score.Found{Cases: t.found, Alerts: t.alerts}
	for _, s := range t.touches {
		f.Touches = append(f.Touches, *s)
	}
	return t.truth.Score(f, score.Window{From: t.from, Until: t.until, PerDay: t.perDay})
}
