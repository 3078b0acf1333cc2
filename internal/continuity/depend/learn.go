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
	From      NodeID    `json:"from"`
	To        NodeID    `json:"to"`
	Confirmed bool      `json:"confirmed"`
	By        string    `json:"by"`
	At        time.Time `json:"at"`
}

// Bounds of what is learned.
const (
	mostPairs     = 100_000
	mostProposals = 2_000
	mostDecisions = 50_000
	mostHosts     = 4 // of one program: who has more is no server, or sits behind somebody else's address
)

// ErrDecided says that there are too many decisions to keep another.
var ErrDecided = errors.New("too many decisions on proposed links are kept: write these links into the map's file and forget old decisions")

// NewLearned knows of no decision.
func NewLearned() *Learned { return &Learned{decisions: map[[2]NodeID]Decision{}} }

// State is what Restore brings back.
func (l *Learned) State() ([]byte, error) {
	list := slices.Collect(maps.Values(l.decisions))
	slices.SortFunc(list, func(a, b Decision) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	return json.Marshal(list)
}

// Restore brings back what State returned.
func (l *Learned) Restore(state []byte) error {
	var list []Decision
	if err := json.Unmarshal(state, &list); err != nil {
		return fmt.Errorf("read decisions on proposed links: %w", err)
	}
	if len(list) > mostDecisions {
		return ErrDecided
	}
	l.decisions = make(map[[2]NodeID]Decision, len(list))
	for _, d := range list {
		l.decisions[[2]NodeID{d.From, d.To}] = d
	}
	return nil
}

// Decisions lists what people said, by what rests.
func (l *Learned) Decisions() []Decision {
	list := slices.Collect(maps.Values(l.decisions))
	slices.SortFunc(list, func(a, b Decision) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	return list
}

// Propose lists links that pairs show which were seen on days or more, those that were seen longest and most first. What is on the map, or was
// rejected, is not proposed. Things that the map knows by other names are found by these.
func (l *Learned) Propose(g *Graph, pairs []Pair, days int) []Proposal {
	w := learning{g: g, known: g.known(), found: map[[2]NodeID]*Proposal{}, hosts: map[string]map[string]evidence{}}
	pairs = slices.Clone(pairs[:min(len(pairs), mostPairs)])
	slices.SortStableFunc(pairs, func(a, b Pair) int { return strings.Compare(a.key(), b.key()) })
	for i := range pairs {
		if p := &pairs[i]; p.Days >= max(1, days) && p.From != "" && p.To != "" {
			w.pair(p)
		}
	}
	w.programs()
	var all []Proposal
	for key, p := range w.found {
		if d, decided := l.decisions[key]; decided && !d.Confirmed || g.linked(key) {
			continue
		}
		all = append(all, *p)
	}
	slices.SortFunc(all, func(a, b Proposal) int {
		return cmp.Or(cmp.Compare(b.Days, a.Days), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Edge.From, b.Edge.From), cmp.Compare(a.Edge.To, b.Edge.To))
	})
	return all[:min(len(all), mostProposals)]
}

// Confirm adds a proposed link to a map, as one to which a person agreed.
func (l *Learned) Confirm(g *Graph, p Proposal, by string, at time.Time) (*Graph, error) {
	p.Edge.Kind = Confirmed
	next, err := Merge(g, &Import{Implied: p.Nodes, Edges: []Edge{p.Edge}})
	if err != nil {
		return nil, err
	}
	return next, l.decide(p, by, at, true)
}

// Reject has a link not proposed any more.
func (l *Learned) Reject(p Proposal, by string, at time.Time) error {
	return l.decide(p, by, at, false)
}

// Forget has a link proposed again.
func (l *Learned) Forget(from, to NodeID) { delete(l.decisions, [2]NodeID{from, to}) }

func (l *Learned) decide(p Proposal, by string, at time.Time, confirmed bool) error {
	key := [2]NodeID{p.Edge.From, p.Edge.To}
	if _, known := l.decisions[key]; !known && len(l.decisions) >= mostDecisions {
		return ErrDecided
	}
	l.decisions[key] = Decision{p.Edge.From, p.Edge.To, confirmed, by, at.UTC()}
	return nil
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

// known finds things by the names that the map gives them. Of two things of one name the first by id has it.
func (g *Graph) known() map[string]NodeID {
	names := map[string]NodeID{}
	for i := range g.nodes {
		n := &g.nodes[i]
		for _, name := range append([]string{string(n.ID)}, n.Known...) {
			if name = strings.ToLower(name); names[name] == "" {
				names[name] = n.ID
			}
		}
	}
	return names
}

// key tells pairs apart.
func (p *Pair) key() string {
	return strings.Join([]string{p.From, p.To, p.Type, p.Role, p.FromHost, p.ToHost}, "\x1f")
}

// FeedKey is by what a feed is known between two programs: LIS|LAB>EHR|HOSP:ORU^R01.
func (p *Pair) FeedKey() string { return p.From + ">" + p.To + ":" + cmp.Or(message(p.Type), p.Role) }

// evidence is how much shows a link.
type evidence struct {
	days  int
	count int64
}

func (e *evidence) add(p *Pair) { e.days, e.count = max(e.days, p.Days), e.count+p.Count }

// learning is a round of proposals in the making.
type learning struct {
	g     *Graph
	known map[string]NodeID
	found map[[2]NodeID]*Proposal
	hosts map[string]map[string]evidence // by program, by address
}

// node is what the map calls a thing; a new one when it has none of that name.
func (w *learning) node(name string, otherwise Node) Node {
	if id, known := w.known[strings.ToLower(name)]; known {
		n, _ := w.g.Node(id)
		return n
	}
	if n, known := w.g.Node(otherwise.ID); known {
		return n
	}
	otherwise.Tolerated = Unstated
	return otherwise
}

// pair takes what one pair shows.
func (w *learning) pair(p *Pair) {
	key := p.FeedKey()
	feed := w.node(key, Node{ID: clean("feed:", key), Kind: Feed, Name: flow(p.From, p.To, p.Type, p.Role)})
	for _, end := range [...]struct{ name, host, does string }{{p.From, p.FromHost, "sends"}, {p.To, p.ToHost, "receives"}} {
		w.propose(feed, w.program(end.name), "", p, fmt.Sprintf("It %s what flows there.", end.does))
		if end.host != "" {
			if w.hosts[end.name] == nil {
				w.hosts[end.name] = map[string]evidence{}
			}
			e := w.hosts[end.name][end.host]
			e.add(p)
			w.hosts[end.name][end.host] = e
		}
	}
	row := w.g.catalogue.Match(Heard{Type: p.Type, Role: p.Role, From: p.From, To: p.To})
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
	w.propose(w.node(string(service.ID), service), feed, "", p, "Messages of this type, by these names, usually are of this service.")
}

// flow is what a feed is called that nobody gave a name.
func flow(from, to, messages, role string) string {
	return clip(from + " to " + to + ", " + cmp.Or(message(messages), role))
}

func (w *learning) program(name string) Node {
	return w.node(name, Node{ID: programID(name), Kind: Component, Name: clip(name)})
}

// programs proposes on which machines programs run. One that has several needs none of them alone.
func (w *learning) programs() {
	for _, name := range slices.Sorted(maps.Keys(w.hosts)) {
		hosts := w.hosts[name]
		if len(hosts) > mostHosts {
			continue
		}
		anyOf, why := "", "All that it says came from this address, or went there."
		if len(hosts) > 1 {
			anyOf, why = "hosts", fmt.Sprintf("It was seen at %d addresses, so one of them is taken to be enough.", len(hosts))
		}
		for _, host := range slices.Sorted(maps.Keys(hosts)) {
			e := hosts[host]
			on := w.node(host, Node{ID: clean("host:", host), Kind: Component, Name: clip(host)})
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
