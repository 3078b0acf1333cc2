package depend

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Pair is traffic between two programs, as collectors see it.
type Pair struct {
	From, To         string // application and facility, LIS|LAB, or an AE title
	Type             string // of messages: ORU^R01
	Role             string // of a DICOM service
	FromHost, ToHost string // addresses; empty where they are not known
	Count            int64  // messages or images
	Days             int    // on which there were any
}

// Proposal is a link that traffic shows, for a person to confirm or to reject.
type Proposal struct {
	Edge  Edge
	Nodes []Node // ends that the map does not have yet
	Days  int    // on which it was seen
	Count int64  // messages or images by which
	Why   string // in words
}

// Learned is what people said of proposals. It is theirs who call: one goroutine at a time.
type Learned struct {
	decisions map[[2]NodeID]Decision
}

// Decision is what a person said of a link.
type Decision struct {
	Edge      Edge      `json:"edge"`
	Nodes     []Node    `json:"nodes,omitempty"` // ends that the map did not have
	Confirmed bool      `json:"confirmed"`
	By        string    `json:"by"`
	At        time.Time `json:"at"`
}

func (d *Decision) key() [2]NodeID { return [2]NodeID{d.Edge.From, d.Edge.To} }

// Bounds of what is learned.
const (
	mostPairs     = 100_000
	mostProposals = 2_000
	mostDecisions = 50_000
	mostHosts     = 4 // of one program, and programs at one address: what has more is no server of one's own
)

// ErrDecided says that there are too many decisions to keep another.
var ErrDecided = errors.New("too many decisions on proposed links are kept: write these links into the map's file and forget old decisions")

// NewLearned knows of no decision.
func NewLearned() *Learned { return &Learned{decisions: map[[2]NodeID]Decision{}} }

// Clone is another that knows the same.
func (l *Learned) Clone() *Learned { return &Learned{maps.Clone(l.decisions)} }

// MarshalJSON writes what UnmarshalJSON brings back.
func (l *Learned) MarshalJSON() ([]byte, error) { return json.Marshal(l.Decisions()) }

// UnmarshalJSON brings back what MarshalJSON wrote.
func (l *Learned) UnmarshalJSON(state []byte) error {
	var list []Decision
	if err := json.Unmarshal(state, &list); err != nil {
		return fmt.Errorf("read decisions on proposed links: %w", err)
	}
	if len(list) > mostDecisions {
		return ErrDecided
	}
	l.decisions = make(map[[2]NodeID]Decision, len(list))
	for _, d := range list {
		l.decisions[d.key()] = d
	}
	return nil
}

// Decisions lists what people said, by what rests.
func (l *Learned) Decisions() []Decision {
	list := slices.Collect(maps.Values(l.decisions))
	slices.SortFunc(list, func(a, b Decision) int {
		return cmp.Or(cmp.Compare(a.Edge.From, b.Edge.From), cmp.Compare(a.Edge.To, b.Edge.To))
	})
	return list
}

// Propose lists links that pairs show which were seen on days or more, those that were seen longest and most first. What is on the map, or was
// decided, is not proposed. Things that the map knows by other names are found by these.
func (l *Learned) Propose(g *Graph, pairs []Pair, days int) []Proposal {
	w := learning{
		g: g, feeds: g.known(Feed), others: g.known(Component, Service), found: map[[2]NodeID]*Proposal{},
		hosts: map[string]map[string]evidence{}, homes: map[string]map[string]bool{},
	}
	pairs = slices.Clone(pairs[:min(len(pairs), mostPairs)])
	slices.SortStableFunc(pairs, func(a, b Pair) int { return strings.Compare(a.key(), b.key()) })
	for i := range pairs {
		if p := &pairs[i]; p.Days >= max(1, days) && p.From+p.To != "" {
			w.pair(p)
		}
	}
	w.programs()
	var all []Proposal
	for key, p := range w.found {
		if _, decided := l.decisions[key]; decided || g.linked(key) {
			continue
		}
		all = append(all, *p)
	}
	slices.SortFunc(all, func(a, b Proposal) int {
		return cmp.Or(cmp.Compare(b.Days, a.Days), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Edge.From, b.Edge.From), cmp.Compare(a.Edge.To, b.Edge.To))
	})
	return all[:min(len(all), mostProposals)]
}

// Decide keeps what a person said of a proposed link: it is not proposed again.
func (l *Learned) Decide(p Proposal, confirmed bool, by string, at time.Time) error {
	key := [2]NodeID{p.Edge.From, p.Edge.To}
	if _, known := l.decisions[key]; !known && len(l.decisions) >= mostDecisions {
		return ErrDecided
	}
	l.decisions[key] = Decision{p.Edge, p.Nodes, confirmed, by, at.UTC()}
	return nil
}

// Forget has a link proposed again.
func (l *Learned) Forget(from, to NodeID) { delete(l.decisions, [2]NodeID{from, to}) }

// Drawn is a map with the links to which people agreed. What the map says itself counts before, and of links to things that are no longer on it nothing is left.
// shown is a name that a system gave itself as it may be shown now; nil: as it is.
func (l *Learned) Drawn(g *Graph, shown func(string) string) (*Graph, error) {
	im, coming := &Import{}, map[NodeID]bool{}
	confirmed := slices.DeleteFunc(l.Decisions(), func(d Decision) bool { return !d.Confirmed || g.linked(d.key()) })
	for i := range confirmed {
		for _, n := range confirmed[i].Nodes {
			if shown != nil {
				n.Name = shown(n.Name)
			}
			im.Implied = append(im.Implied, n)
			coming[n.ID] = true
		}
	}
	for i := range confirmed {
		e := confirmed[i].Edge
		to, known := g.Node(e.To)
		if e.Kind = Confirmed; (known && to.Kind != Unit || coming[e.To]) && (g.has(e.From) || coming[e.From]) {
			im.Edges = append(im.Edges, e)
		}
	}
	return Merge(g, im)
}

// With is a map with proposals on it, to be looked at: they count for nothing.
func With(g *Graph, proposals []Proposal) (*Graph, error) {
	im := &Import{}
	for _, p := range proposals {
		p.Edge.Kind = Proposed
		im.Implied = append(im.Implied, p.Nodes...)
		im.Edges = append(im.Edges, p.Edge)
	}
	return Merge(g, im)
}

// linked tells whether a map has a link that is more than a proposal.
func (g *Graph) linked(key [2]NodeID) bool {
	from, known := g.at[key[0]]
	return known && slices.ContainsFunc(g.needs[from], func(e int) bool { return g.edges[e].To == key[1] && g.counts(e) })
}

// key tells pairs apart.
func (p *Pair) key() string {
	return strings.Join([]string{p.From, p.To, p.Type, p.Role, p.FromHost, p.ToHost}, "\x1f")
}

func (p *Pair) heard() *Heard { return &Heard{Type: p.Type, Role: p.Role, From: p.From, To: p.To} }

// evidence is how much shows a link.
type evidence struct {
	days  int
	count int64
}

func (e *evidence) add(p *Pair) { e.days, e.count = max(e.days, p.Days), e.count+p.Count }

// learning is a round of proposals in the making.
type learning struct {
	g             *Graph
	feeds, others names
	found         map[[2]NodeID]*Proposal
	hosts         map[string]map[string]evidence // by program, by address
	homes         map[string]map[string]bool     // by address, the programs that were seen there
}

// node is what the map calls a thing; a new one when it has none of that name.
func (w *learning) node(id NodeID, otherwise Node) Node {
	if n, known := w.g.Node(cmp.Or(id, otherwise.ID)); known {
		return n
	}
	otherwise.Tolerated = Unstated
	return otherwise
}

// pair takes what one pair shows.
func (w *learning) pair(p *Pair) {
	names := p.heard().names()
	feed := w.node(w.feeds.first(names...), Node{ID: clean("feed:", names[0]), Kind: Feed, Name: flow(p.From, p.To, p.Type, p.Role), Known: p.heard().exact()})
	for _, end := range [...]struct{ name, host, does string }{{p.From, p.FromHost, "sends"}, {p.To, p.ToHost, "receives"}} {
		if end.name == "" {
			continue
		}
		w.propose(feed, w.program(end.name), "", p, fmt.Sprintf("It %s what flows there.", end.does))
		if end.host != "" {
			w.home(end.name, end.host, p)
		}
	}
	row := w.g.catalogue.Match(*p.heard())
	if row == nil || row.Foundation {
		return
	}
	service := Node{ID: NodeID(row.ID), Kind: Service}
	for i := range w.g.nodes { // the map may call it otherwise
		if w.g.nodes[i].Kind == Service && w.g.row(i) == row {
			service.ID = w.g.nodes[i].ID
			break
		}
	}
	w.propose(w.node("", service), feed, "", p, "Messages of this type, by these names, usually are of this service.")
}

// home notes at which address a program was seen.
func (w *learning) home(name, host string, p *Pair) {
	if w.hosts[name] == nil {
		w.hosts[name] = map[string]evidence{}
	}
	if w.homes[host] == nil {
		w.homes[host] = map[string]bool{}
	}
	e := w.hosts[name][host]
	e.add(p)
	w.hosts[name][host], w.homes[host][name] = e, true
}

// flow is what a feed is called that nobody gave a name.
func flow(from, to, messages, role string) string {
	what := cmp.Or(message(messages), role)
	switch from, to = program(from), program(to); {
	case from == "":
		return clip("to " + to + ", " + what)
	case to == "":
		return clip("from " + from + ", " + what)
	}
	return clip(from + " to " + to + ", " + what)
}

func (w *learning) program(name string) Node {
	return w.node(w.others.first(name, program(name)), Node{ID: programID(name), Kind: Component, Name: programName(name)})
}

// programName is what a program is called that nobody gave a name: LIS at LAB.
func programName(name string) string { return clip(strings.Replace(name, "|", " at ", 1)) }

// programs proposes on which machines programs run. One that has several needs none of them alone, and an address at which many are seen is that of an engine that
// hands on what they say.
func (w *learning) programs() {
	for _, name := range slices.Sorted(maps.Keys(w.hosts)) {
		hosts := w.hosts[name]
		maps.DeleteFunc(hosts, func(host string, _ evidence) bool { return len(w.homes[host]) > mostHosts })
		if len(hosts) > mostHosts {
			continue
		}
		anyOf, why := "", "All that it says came from this address, or went there."
		if len(hosts) > 1 {
			anyOf, why = "hosts", fmt.Sprintf("It was seen at %d addresses, so one of them is taken to be enough.", len(hosts))
		}
		for _, host := range slices.Sorted(maps.Keys(hosts)) {
			e := hosts[host]
			on := w.node(w.others.first(host), Node{ID: clean("host:", host), Kind: Component, Name: clip(host)})
			w.propose(w.program(name), on, anyOf, &Pair{Days: e.days, Count: e.count}, why)
		}
	}
}

// propose notes a link.
func (w *learning) propose(from, to Node, anyOf string, p *Pair, why string) {
	if from.ID == to.ID || to.Kind == Unit || from.Kind == Unit {
		return
	}
	key := [2]NodeID{from.ID, to.ID}
	found := w.found[key]
	if found == nil {
		found = &Proposal{Edge: Edge{From: from.ID, To: to.ID, AnyOf: anyOf, Tolerated: Unstated, Kind: Proposed}, Why: why}
		for _, n := range [...]Node{from, to} {
			if !w.g.has(n.ID) {
				found.Nodes = append(found.Nodes, n)
			}
		}
		w.found[key] = found
	}
	found.Days, found.Count = max(found.Days, p.Days), found.Count+p.Count
}

// programID is the id of a program that nobody gave one.
func programID(name string) NodeID { return clean("program:", name) }

// clean makes an id of a name: blanks and what cannot be seen become underscores.
func clean(prefix, name string) NodeID {
	name = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(name, "_"))
	return NodeID(clip(prefix + name))
}

// clip makes of a text what a map can hold.
func clip(text string) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "_"))
	if runes := []rune(text); len(runes) > mostText {
		text = string(runes[:mostText])
	}
	return text
}
