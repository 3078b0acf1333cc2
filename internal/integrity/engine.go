package integrity

import (
	"slices"
	"time"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/integrity/chart"
	"github.com/wardline/wardline/internal/integrity/image"
	"github.com/wardline/wardline/internal/integrity/kept"
	"github.com/wardline/wardline/internal/integrity/route"
	"github.com/wardline/wardline/internal/integrity/row"
)

// EngineConfig says what is compared, and how.
type EngineConfig struct {
	Routes []RouteConfig
	Zone   *time.Location // of the clocks of systems that state no offset; UTC when nil
	// Kept are the systems of records that are held against what is sent.
	Kept []KeptConfig
	// Expected tells whether an entry about a patient, by token, and a time was to be expected when it was said, for records were down at that time; nil: none was.
	Expected func(token string, about, said time.Time) bool
	// Secret keeps what is learned of values from being guessed.
	Secret func(purpose string) []byte
}

// Engine judges what systems say, one event after the other. It reads no clock and keeps nothing on a disk: a Room does. It is used by one
// goroutine at a time.
type Engine struct {
	cfg      EngineConfig
	passages []*passage
	chart    *chart.Chart
	images   shelf[image.Seal]
	rows     shelf[row.Seal]
	kept     shelf[kept.Seal]
	lives    shelf[Life]
	since    time.Time // when the first event was received

	observed time.Time // when the latest event was received
	house    time.Time // what the clock of the house was then
	fresh    bool      // an event came since the clock was asked

	found []SelfTest // since they were written
	asks  []Ask      // the same
}

// NewEngine returns an Engine that has heard nothing.
func NewEngine(cfg EngineConfig) *Engine {
	e := &Engine{cfg: cfg, chart: chart.New(), images: memory[image.Seal]{}, rows: memory[row.Seal]{}, kept: memory[kept.Seal]{}, lives: memory[Life]{}}
	for _, c := range cfg.Routes {
		e.passages = append(e.passages, newPassage(c, cfg.Secret("route "+c.Name)))
	}
	return e
}

// Wants tells whether events of a class can be compared.
func Wants(c *event.Class) bool {
	return c.Product == "hl7" || isImage(c) || isLoss(c) || isRow(c) || isAccess(c)
}

// isAccess tells the events that say who used a system of records.
func isAccess(c *event.Class) bool { return c.Serves("", "ehr", "audit") }

// seat tells the chart who used the record system, and when.
func (e *Engine) seat(h *hospital.House, ev *event.Event) {
	if w := h.StaffNamed(h.Ref(value(ev, "access.user"))); w != nil && !ev.Time.IsZero() && !ev.Time.After(ev.Observed) {
		e.chart.Seat(int64(w.ID), ev.Time)
	}
}

// Event takes an event and returns what may not be true. Its error is that of the disk.
func (e *Engine) Event(h *hospital.House, ev *event.Event, at hospital.Place) ([]Doubt, error) {
	if ev.Observed.After(e.observed) {
		e.observed, e.fresh = ev.Observed, true
	}
	if e.since.IsZero() {
		e.since = ev.Observed
	}
	switch {
	case isImage(ev.Class):
		return e.image(h, ev, at)
	case isLoss(ev.Class):
		return e.loss(h, ev, at)
	case isRow(ev.Class):
		return e.row(h, ev, at)
	case isAccess(ev.Class):
		e.seat(h, ev)
		return nil, nil
	}
	if !Wants(ev.Class) {
		return nil, nil
	}
	m := message(ev)
	if m == nil || isAnswer(m) {
		return nil, nil
	}
	var out []Doubt
	for _, p := range e.passages {
		out = append(out, p.doubts(h, e.cfg.Zone, p.hear(ev, m, at))...)
	}
	if err := e.sent(ev, m, at); err != nil {
		return nil, err
	}
	return append(out, e.written(h, ev, m, at)...), nil
}

// Clock lets time pass. Deadlines run by when messages were received, which no sender can set, and from then on as the clock of the house does, which
// may stand anywhere.
func (e *Engine) Clock(h *hospital.House, now time.Time) []Doubt {
	if e.fresh {
		e.house, e.fresh = now, false
	}
	if !e.observed.IsZero() { // else nothing was heard since the start
		now = e.observed.Add(now.Sub(e.house))
	}
	var out []Doubt
	for _, p := range e.passages {
		out = append(out, p.doubts(h, e.cfg.Zone, p.route.Tick(now))...)
	}
	return append(out, doubtsOf(h, e.chart.Tick(now))...)
}

// written tells the chart what a message says of how charts are written, with what the house knows around it.
func (e *Engine) written(h *hospital.House, ev *event.Event, m *hl7.Message, at hospital.Place) []Doubt {
	code, _ := m.Get("MSH-9.1")
	trigger, _ := m.Get("MSH-9.2")
	s := scribe{m: m, house: h, zone: e.cfg.Zone, since: e.since, source: ev.Source + " " + code, id: idOf(at, ev.ID), said: ev.Observed}
	defer e.chart.Hear(s.source, s.id, s.moment("MSH-7"), ev.Observed)
	var found []chart.Finding
	switch {
	case code == "MDM":
		n := s.note(trigger)
		found = e.chart.Note(n, e.around(&s, &n))
	case code == "ADT" && slices.Contains([]string{"A18", "A30", "A34", "A39", "A40"}, trigger):
		if merge, known := s.merge(); known {
			found = e.chart.Merge(merge)
		}
	case code == "VXU":
		for _, shot := range s.shots() {
			found = append(found, e.chart.Shot(shot)...)
		}
	case code == "RDE" || code == "OMP":
		s.ordered(e.chart)
	case code == "RAS":
		for _, dose := range s.doses(e.chart) {
			found = append(found, e.chart.Note(dose, e.around(&s, &dose))...)
		}
	case code == "ORU":
		for _, r := range s.results() {
			found = append(found, e.chart.Result(r)...)
		}
	}
	return doubtsOf(h, found)
}

// around is what is known of the time that a note claims.
func (e *Engine) around(s *scribe, n *chart.Note) chart.Around {
	a := s.around(n)
	a.Window = e.cfg.Expected != nil && !n.Claimed.IsZero() && e.cfg.Expected(tokenOf(s.house, n.Patient), n.Claimed, n.Said)
	return a
}

// Routes says how the routes do.
func (e *Engine) Routes() []RouteState {
	var out []RouteState
	for _, p := range e.passages {
		out = append(out, RouteState{p.cfg.Name, p.cfg.From, p.cfg.To, p.route.Learning(e.observed), p.route.Until(), p.route.Counts()})
	}
	return out
}

// RouteState is how a route does.
type RouteState struct {
	Name     string       `json:"name"`
	From     []string     `json:"from"`
	To       []string     `json:"to"`
	Learning bool         `json:"learning"`
	Until    time.Time    `json:"until,omitzero"` // when learning ends or ended; zero before the first message
	Counts   route.Counts `json:"counts"`
}

// message parses what an event holds of an HL7 message; nil if it holds none that can be read, which the collector has said.
func message(ev *event.Event) *hl7.Message {
	for text := range ev.Values("message") {
		m, err := hl7.Parse(text, hl7.DefaultLimits())
		if err != nil {
			return nil
		}
		return &m
	}
	return nil
}

// isAnswer tells acknowledgements and answers to queries (HL7 v2.5.1 2.9.2), which go the other way.
func isAnswer(m *hl7.Message) bool {
	_, found := m.Segment("MSA", 1)
	return found
}
