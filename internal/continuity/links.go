package continuity

import (
	"context"
	"database/sql"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/continuity/depend"
	"github.com/wardline/wardline/internal/event"
)

// mostLinks is how many pairs of who sends what to whom are counted.
const mostLinks = 2000

// link is one who was seen to send something to one.
type link struct {
	linkState
	changed bool // since it was written
}

// linkState is a link as it is written.
type linkState struct {
	Feed             string       // its id
	FromHost, ToHost string       // addresses, where they are known
	Known            depend.Heard // with the names of both
	Count            int64
	Days             int // on which anything came
	Day, Last        time.Time
}

func (l *link) key() string { return strings.Join([]string{l.Feed, l.Known.To, l.ToHost}, wayMark) }

// linked counts who sends what to whom.
func (e *Engine) linked(f *feed, h *heard, at time.Time) {
	seen := link{linkState{Feed: f.id, FromHost: h.fromHost, ToHost: h.toHost, Known: f.known}, true}
	seen.Known.To = h.known.To
	key := seen.key()
	l := e.links[key]
	if l == nil {
		if len(e.links) >= mostLinks {
			e.crowded++
			return
		}
		l = &seen
		e.links[key] = l
	}
	l.Count++
	l.Last, l.changed = at, true
	if day := startOf(at.In(e.cfg.Zone)); !day.Equal(l.Day) {
		l.Day = day
		l.Days++
	}
}

func startOf(at time.Time) time.Time {
	year, month, day := at.Date()
	return time.Date(year, month, day, 0, 0, 0, 0, at.Location())
}

// hostOf is the address in the name of a source such as mllp/10.0.0.5.
func hostOf(source string) string {
	_, host, _ := strings.Cut(source, "/")
	if _, err := netip.ParseAddr(host); err != nil {
		return ""
	}
	return host
}

// traffic is who sends what to whom, as package depend takes it. Who bears a name that may not be shown is left out: nobody could say what is meant.
func (e *Engine) traffic() (pairs []depend.Pair) {
	for _, l := range e.links {
		k := &l.Known
		if e.shown(k.From) == k.From && e.shown(k.To) == k.To {
			pairs = append(pairs, depend.Pair{From: k.From, To: k.To, Type: k.Type, Role: k.Role, FromHost: l.FromHost, ToHost: l.ToHost, Count: l.Count, Days: l.Days})
		}
	}
	return pairs
}

// askedAfter is on how many days something must have been seen before anybody is asked about it: a test or a migration is over by then.
const askedAfter = 7

// LinkView is a link that traffic shows, as a person is asked about it or was.
type LinkView struct {
	ID       string
	From, To string // From rests on To: what they are called
	OneOf    bool   // To is one of several of which one is enough
	Why      string
	Count    int64 // messages that show it
	Days     int   // on which they came
	Yes      bool  // what a person said,
	By       string
	At       time.Time // and when; zero: nobody was asked
}

func linkID(from, to depend.NodeID) string {
	return event.NewID("link", string(from), string(to)).String()
}

// shownLink is a link in words. nodes are those that the map may lack.
func shownLink(g *depend.Graph, e *depend.Edge, nodes []depend.Node) LinkView {
	name := func(id depend.NodeID) string {
		if i := slices.IndexFunc(nodes, func(n depend.Node) bool { return n.ID == id && n.Name != "" }); i >= 0 {
			return nodes[i].Name
		}
		return g.Name(id)
	}
	return LinkView{ID: linkID(e.From, e.To), From: name(e.From), To: name(e.To), OneOf: e.AnyOf != ""}
}

// What a person says of a link that traffic shows.
const (
	LinkYes   = "yes"
	LinkNo    = "no"
	LinkAgain = "again" // what was said is taken back, and it is asked again
)

// Link keeps what a person said of a link, which is durable when it returns. It returns false when nobody is asked about it, or nothing was said of it that could be taken back.
func (r *Room) Link(ctx context.Context, id, word, by string) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := r.said.Clone()
	done, err := r.say(next, id, word, by)
	if err == nil && done {
		err = r.cfg.DB.Do(ctx, func(tx *sql.Tx) error { return r.put(ctx, tx, "continuity_said", "links", next) })
	}
	if err != nil {
		return false, fmt.Errorf("keep what was said of a link: %w", err)
	}
	r.said = next
	return done, nil
}

// say notes it in next.
func (r *Room) say(next *depend.Learned, id, word, by string) (bool, error) {
	if word == LinkAgain {
		for _, d := range next.Decisions() {
			if linkID(d.Edge.From, d.Edge.To) == id {
				next.Forget(d.Edge.From, d.Edge.To)
				return true, nil
			}
		}
		return false, nil
	}
	h, err := r.graph()
	if err != nil {
		return false, err
	}
	for _, p := range next.Propose(h.Graph, r.engine.traffic(), askedAfter) {
		if linkID(p.Edge.From, p.Edge.To) == id {
			return true, next.Decide(p, word == LinkYes, by, r.cfg.Now())
		}
	}
	return false, nil
}
