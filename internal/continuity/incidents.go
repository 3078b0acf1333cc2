package continuity

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/wardline/wardline/internal/continuity/depend"
	"github.com/wardline/wardline/internal/continuity/incident"
	"github.com/wardline/wardline/internal/finding"
)

// Incidents make of signs what people are told: one incident for one cause. They belong to one Engine, and to its goroutine.
type Incidents struct {
	engine *Engine
	graph  func() (house, error)
	book   incident.Book
}

// Telling is what people are told of an incident, and what is new in it.
type Telling struct {
	Incident *incident.Incident // the Book's: not to be kept
	News     []incident.Fact    // empty when only its cause is
}

// NewIncidents joins what an Engine tells, over what usually rests on what.
func NewIncidents(e *Engine) *Incidents {
	return &Incidents{engine: e, graph: func() (house, error) { return e.house(e.usual) }}
}

// usual draws what usually rests on what.
func (e *Engine) usual(feeds map[depend.NodeID]depend.Heard, units []depend.Place) (*depend.Graph, map[depend.NodeID]depend.NodeID, error) {
	g, err := e.cfg.Services.Default(feeds, units)
	return g, nil, err
}

// Take takes signs, and says what people are told now.
func (n *Incidents) Take(signs []Sign, now time.Time) (out []Telling, err error) {
	for i := range signs {
		n.book.Take(n.fact(&signs[i]))
	}
	if len(signs) > 0 {
		err = n.blame()
		n.gather()
	}
	n.book.Look(n.engine.spoke)
	all, news := n.book.Due(now)
	for i := range all {
		out = append(out, Telling{all[i], news[i]})
	}
	return out, err
}

// second is how long what is only missed is watched before people are told: a false call by night costs more than two minutes, and a person who looks at a feed of
// charges looks the next day.
func (c Class) second() time.Duration {
	switch c {
	case Hour:
		return 2 * time.Minute
	case Shift:
		return 15 * time.Minute
	}
	return time.Hour
}

// lasts is after which time a kind counts as over when nobody says so.
func (k Kind) lasts() time.Duration {
	switch k {
	case Clock, Expired, Gap:
		return 24 * time.Hour
	case Expires, Staged:
		return 14 * 24 * time.Hour
	}
	return forget
}

// fact is a sign, with what it is about.
func (n *Incidents) fact(s *Sign) incident.Fact {
	f := incident.Fact{
		Key: string(s.Kind) + " " + s.About, Signal: string(s.Kind), Since: s.Since, At: s.At, Lasts: s.Kind.lasts(),
		Kind: string(s.Kind), Class: string(s.Class), About: s.About, Name: s.Name, Says: s.Text(), Entities: s.Entities, Findings: s.Findings,
	}
	if s.Ended {
		f.Over = s.At
		return f
	}
	if s.Kind == Silent || s.Kind == PartSilent {
		f.Signal, f.Missed, f.Wait = "silence", true, s.Class.second()
	}
	if s.Kind == Staged {
		f.Key = n.campaign(s)
	}
	f.Marks = n.marks(s)
	return f
}

// campaign is the key of the campaign that goes on of which it is a step: its traces, after the oldest of which it is named, are forgotten after a while.
func (n *Incidents) campaign(s *Sign) string {
	for _, i := range n.book.Open() {
		for _, f := range i.Facts {
			if f.Kind == string(Staged) && slices.ContainsFunc(f.Entities, func(e string) bool { return slices.Contains(s.Entities, e) }) {
				return f.Key
			}
		}
	}
	return s.About
}

// marks are what a sign is about: a feed and its sender, who answers a way, what a channel or a server is called after.
func (n *Incidents) marks(s *Sign) []string {
	switch s.Kind {
	case Expires, Expired:
		return certified(s.Name)
	case Staged, MorePatients, LessThanUsual:
		return nil // a campaign is its own cause, and so is what is no system's fault, or is not sure
	case MissingResults, LateResults:
		return n.engine.department(s.About)
	case Clock:
		return []string{"clocks"} // they go by each other
	}
	e := n.engine
	if f := e.about(s.About); f != nil {
		marks := []string{"feed " + f.id, program(f.from), "pair " + app(f.known.From) + wayMark + app(f.known.To)}
		if row := e.cfg.Services.Match(f.known); row != nil {
			marks = append(marks, "service "+row.ID)
		}
		return marks
	}
	if parts := strings.SplitN(s.About, wayMark, 3); len(parts) == 3 {
		return []string{program(parts[2]), "pair " + parts[1] + wayMark + parts[2]}
	}
	marks := e.called(s.About)
	if s.On != "" {
		marks = append(marks, program(s.On))
	}
	return marks
}

// certified is the machine whose certificate a name speaks of, so that its end and the connections that fail by it are one. What it has not broken yet is about nothing else.
func certified(name string) (marks []string) {
	for word := range strings.FieldsFuncSeq(strings.ToLower(name), func(r rune) bool { return unicode.IsSpace(r) || r == ',' || r == '=' || r == '/' }) {
		if strings.Contains(word, ".") {
			marks = append(marks, "certificate "+word)
		}
	}
	return marks
}

// department are the services that a department is of whose orders are not answered.
func (e *Engine) department(about string) []string {
	parts := strings.Split(about, wayMark)
	marks := []string{about}
	for _, id := range e.cfg.Services.Named(parts[len(parts)-1]) {
		marks = append(marks, "service "+id)
	}
	return marks
}

func program(name string) string { return "program " + strings.ToLower(app(name)) }

// app is an application without its facility: LIS of LIS|LAB.
func app(name string) string {
	name, _, _ = strings.Cut(name, "|")
	return name
}

// about is the feed of whose, or of whose part's, signs that is the name.
func (e *Engine) about(id string) *feed {
	if f := e.feeds[id]; f != nil {
		return f
	}
	for _, f := range e.order {
		if part, is := strings.CutPrefix(id, f.id+" "); is && f.parts[part] != nil {
			return f
		}
	}
	return nil
}

// spoke is when the feed or the part that is missed was heard last.
func (e *Engine) spoke(missed *incident.Fact) time.Time {
	f := e.about(missed.About)
	if f == nil {
		return time.Time{}
	}
	if p := f.parts[strings.TrimPrefix(missed.About, f.id+" ")]; p != nil {
		return p.model.Heard()
	}
	return f.model.Heard()
}

// called are the services and the programs after which a channel, a server or a certificate is called.
func (e *Engine) called(about string) []string {
	marks := []string{about}
	_, name, _ := strings.Cut(about, " ")
	for _, id := range e.cfg.Services.Named(name) {
		marks = append(marks, "service "+id)
	}
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for _, f := range e.order {
		for _, end := range []string{f.known.From, f.known.To} {
			if mark := program(end); slices.Contains(words, strings.ToLower(app(end))) && !slices.Contains(marks, mark) {
				marks = append(marks, mark)
			}
		}
	}
	return marks
}

// blame looks which components explain what is missed. A feed that has said nothing since the others fell silent does not speak for a component yet.
func (n *Incidents) blame() error {
	open := n.missed()
	if len(open) < 2 {
		return nil
	}
	h, err := n.graph()
	if err != nil {
		return err
	}
	keys, states, last := map[depend.NodeID][]string{}, map[depend.NodeID]depend.State{}, time.Time{}
	var silent []depend.NodeID
	for _, f := range open {
		if node, known := h.feeds[f.About]; known {
			silent, keys[node] = append(silent, node), append(keys[node], f.Key) // a house may call two feeds one
			if f.Since.After(last) {
				last = f.Since
			}
		} else if node, known := h.server(f); known {
			keys[node], states[node] = append(keys[node], f.Key), depend.Down
		}
	}
	for _, f := range n.engine.order {
		if node := h.feeds[f.id]; keys[node] == nil && !f.model.Heard().After(last) {
			states[node] = depend.Unsure
		}
	}
	for _, s := range h.Cause(silent, states).Suspects {
		if !s.Sure {
			continue // fewer feeds can fall silent by chance
		}
		var explained []string
		for _, node := range slices.Concat(s.Feeds, s.Probes) {
			explained = append(explained, keys[node]...)
		}
		if i := n.book.Blame(string(s.Node), s.Name, explained); i != nil {
			n.attacked(i)
		}
	}
	return nil
}

// missed are the feeds that are silent and the servers that do not answer, as facts that go on.
func (n *Incidents) missed() (out []*incident.Fact) {
	for _, i := range n.book.Open() {
		for k := range i.Facts {
			if f := &i.Facts[k]; f.Over.IsZero() && (f.Kind == string(Silent) || f.Kind == string(ServerDown)) {
				out = append(out, f)
			}
		}
	}
	return out
}

// server is the component of the map whose server a fact is about.
func (h house) server(f *incident.Fact) (depend.NodeID, bool) {
	for _, node := range h.Nodes() {
		if node.Kind == depend.Component && slices.Contains(f.Marks, program(node.Name)) {
			return node.ID, true
		}
	}
	return "", false
}

// attacked makes what many feeds do together a part of the attack that goes on: that is what it was for.
func (n *Incidents) attacked(i *incident.Incident) {
	if attack := n.attack(); attack != nil && attack != i {
		n.book.Merge(attack, i)
	}
}

// attack is the one that goes on; nil when none does.
func (n *Incidents) attack() *incident.Incident {
	for _, i := range n.book.Open() {
		if i.Has(string(Staged)) {
			return i
		}
	}
	return nil
}

// gather makes feeds that fell silent together a part of the attack that goes on, whatever they have in common: what is encrypted is machines, and no map knows them all. While
// it is hot two feeds are enough; later two may fall silent by chance.
func (n *Incidents) gather() {
	attack := n.attack()
	if attack == nil {
		return
	}
	type missed struct {
		i     *incident.Incident
		since time.Time
	}
	var all []missed
	enough := fewFeeds
	for _, i := range n.book.Open() {
		for _, f := range i.Facts {
			if f.Kind == string(Staged) && n.engine.clock.Sub(f.At) < hot {
				enough = 2
			}
			if f.Over.IsZero() && (f.Kind == string(Silent) || f.Kind == string(ServerDown)) {
				all = append(all, missed{i, f.Since})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b missed) int { return a.since.Compare(b.since) })
	for from, to := 0, 0; from < len(all); from++ {
		for to < len(all) && all[to].since.Sub(all[from].since) <= struck {
			to++
		}
		for _, m := range all[from:to] {
			if to-from >= enough && m.i.Ended.IsZero() {
				attack = n.book.Merge(attack, m.i)
			}
		}
	}
}

// struck is within which time feeds fall silent that one deed has struck, and hot for how long after its last step an attack is.
const (
	struck = 15 * time.Minute
	hot    = 48 * time.Hour
)

// fewFeeds is how many things must go wrong with a component so that it is graver than each of them.
const fewFeeds = 3

// The kinds of incidents that are no signs' own.
const (
	Component Kind = "component" // a thing fails on which several feeds rest
	Struck    Kind = "struck"    // an attack has stopped what care needs
)

// RuleOf is what is thought of an incident: that of an attack, of the component that fails, or of the gravest that goes on.
func RuleOf(i *incident.Incident) finding.Rule {
	if i.Has(string(Staged)) {
		if i.Has(string(Silent)) || i.Has(string(ServerDown)) {
			return ruleOf(Struck, Hour)
		}
		return ruleOf(Staged, Hour)
	}
	var worst finding.Rule
	class := Days
	for n := range i.Facts {
		f := &i.Facts[n]
		class = Class(cmp.Or(min(string(class), f.Class), string(class)))
		if r := ruleOf(Kind(f.Kind), Class(f.Class)); worst.ID == "" || finding.Rank(r.Level) > finding.Rank(worst.Level) {
			worst = r
		}
	}
	if i.Cause == "" {
		return worst
	}
	rule := ruleOf(Component, class)
	if len(i.Facts) < fewFeeds {
		rule.Level = worst.Level // it touches no more than one of them does
	}
	return rule
}
