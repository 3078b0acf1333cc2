package continuity

import (
	"fmt"
	"strings"
	"time"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/internal/continuity/crowd"
	"github.com/wardline/wardline/internal/continuity/pair"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
)

// The kinds of what was said and did not come: results, doses, messages between two numbers; and of patients who come and were not expected.
const (
	MissingResults Kind = Kind(pair.Missing)
	LateResults    Kind = Kind(pair.Late)
	Gap            Kind = "sequence-gap"  // messages that their sender numbered are missing
	MorePatients   Kind = "more-patients" // than usual, for days
)

func pairRules() map[Kind]finding.Rule {
	return map[Kind]finding.Rule{
		MissingResults: {
			Title: "Orders are not answered", Level: "medium", CareImpact: "Results or doses are missing where they are needed, though the feed that brings them speaks.",
			Summary: "Of what was ordered within two hours far less has come back than in this hour of other weeks. Ask the department whether a machine, a worklist or an interface stands still, " +
				"and have critical values called by phone.",
			FalsePositives: []string{"Orders that were entered all at once after a downtime.", "Work that was moved to another laboratory."},
		},
		LateResults: {
			Title: "Results come late", Level: "medium", CareImpact: "Decisions wait for results.",
			Summary:        "What comes back took more than one and a half times as long as it usually does, for nine in ten. Ask the department what holds it up, and order as urgent only what is.",
			FalsePositives: []string{"Results that were sent at once after a downtime."},
		},
		Gap: {
			Title: "Numbered messages are missing", Level: "medium", CareImpact: "What the missing messages said is not known to those who should know it.",
			Summary: "The sender numbers its messages, and some numbers did not come within a minute. Ask whoever looks after it to send these again.",
		},
		MorePatients: {
			Title: "More patients come than usual", Level: "low", CareImpact: "Beds and staff may not be enough.",
			Summary: "For days more patients have come to the emergency department than in the weeks before. Nothing of it points at an attack on this house: an epidemic, a feast, or a neighbouring hospital " +
				"that is closed or down bring them too. Ask the neighbours, and plan beds and shifts.",
			FalsePositives: []string{"A department that has begun to register patients in this way."},
		},
	}
}

// order is something that was asked for, or is not any more.
type order struct {
	number     uint64 // hash of the placer's number, or the filler's
	department string
	withdrawn  bool
}

// Bounds of what one message tells.
const (
	mostOrders  = 50
	mostLetters = 64 // of a department
)

// paired hears what a message asks for, what it brings back, and who arrives by it.
func (l *listener) paired(h *heard, ev *event.Event, m *hl7.Message, code string) {
	named := "OBR"
	switch code {
	case "ORM", "OML", "OMG", "OMI", "OMB":
	case "RDE", "OMP":
		named = "ORC"
	case "ORU", "OUL":
		l.answers(h, m, "OBR")
		return
	case "RAS":
		l.answers(h, m, "ORC")
		return
	case "ADT":
		l.arrival(h, ev, m)
		return
	default:
		return
	}
	asks, withdrawn := true, false // where no ORC says otherwise
	for _, s := range m.Segments {
		name := s.Name()
		if name == "ORC" { // HL7 v2.5.1 table 0119; a change of status asks for nothing
			control := firstOf(m, s, 1)
			asks, withdrawn = control == "NW" || control == "", control == "CA" || control == "DC" || control == "OC" || control == "OD"
		}
		if name != named || !asks && !withdrawn || len(h.orders) >= mostOrders {
			continue
		}
		o := order{number: l.sum(firstOf(m, s, 2)), withdrawn: withdrawn}
		if o.number == 0 {
			o.number = l.sum(firstOf(m, s, 3))
		}
		if named == "OBR" {
			o.department = firstOf(m, s, 24)
			o.department = o.department[:min(len(o.department), mostLetters)]
		}
		if o.number != 0 {
			h.orders = append(h.orders, o)
		}
	}
}

// answers hears which orders a message answers, by the placer's number and the filler's.
func (l *listener) answers(h *heard, m *hl7.Message, segment string) {
	for _, s := range m.Segments {
		if s.Name() == segment && len(h.results) < 2*mostOrders {
			h.results = append(h.results, l.sum(firstOf(m, s, 2)), l.sum(firstOf(m, s, 3)))
		}
	}
}

// firstOf is the first component of a field.
func firstOf(m *hl7.Message, s hl7.Segment, field int) string {
	text, ok := m.FieldText(s, field)
	if !ok {
		return ""
	}
	text, _ = m.ComponentText(text, 1)
	return string(text)
}

// arrival is somebody who is registered in the emergency department (ADT^A04, patient class E).
func (l *listener) arrival(h *heard, ev *event.Event, m *hl7.Message) {
	if value(ev, "MSH-9.2") != "A04" {
		return
	}
	if class, _ := m.Get("PV1-2"); class != "E" {
		return
	}
	site := value(ev, "MSH-4.1")
	h.arrived = []string{"come to the emergency department of" + wayMark + site}
	if by, _ := m.Get("PV2-38.1"); by == "A" { // table 0430
		h.arrived = append(h.arrived, "are brought by ambulance to"+wayMark+site)
	}
	visit, _ := m.Get("PV1-19.1")
	if h.visit = l.sum(visit); h.visit == 0 {
		h.visit = h.body
	}
}

// paired has the books take what was heard of a feed.
func (e *Engine) paired(h *heard, f *feed, at time.Time) []Sign {
	for _, o := range h.orders {
		if o.withdrawn {
			e.pairs.Withdrawn(o.number)
			continue
		}
		e.pairs.Asked(strings.Join([]string{string(f.class), strings.TrimSuffix(h.what, " from"), h.from, o.department}, wayMark), o.number, at)
	}
	for _, number := range h.results {
		e.pairs.Answered(number, at)
	}
	var came []crowd.Trouble
	if !f.strange { // else it says what it said before
		for _, who := range h.arrived {
			came = append(came, e.crowd.Came(who, h.visit, at)...)
		}
	}
	return e.moreCame(came, at)
}

// tickPairs says what did not come back, and that more patients come. What is not answered in a planned downtime is not missing.
func (e *Engine) tickPairs(now time.Time) (out []Sign) {
	if e.cfg.Planned != nil {
		if down, _ := e.cfg.Planned(now); down {
			e.pairs.Deaf(now)
		}
	}
	for _, t := range e.pairs.Tick(now) {
		s := Sign{Kind: Kind(t.Kind), About: "orders " + t.Flow, At: now, Since: t.Since, Ended: t.Ended, Count: t.Count, Of: t.Of, Expected: t.Expected, Took: t.Took, Usual: t.Usual}
		if p := strings.SplitN(t.Flow, wayMark, 4); len(p) == 4 {
			if s.Class, s.Name = Class(p[0]), p[1]+" from "+e.shown(p[2]); p[3] != "" {
				s.Name += " for " + e.shown(p[3])
			}
		}
		out = append(out, s)
	}
	for _, w := range e.ways {
		if n, since := w.numbers.tick(now); n > 0 {
			out = append(out, Sign{Kind: Gap, About: w.id, Name: e.wayName(w.id), Class: Hour, At: now, Since: since, Count: n})
		}
	}
	return append(out, e.moreCame(e.crowd.Tick(now), now)...)
}

func (e *Engine) moreCame(troubles []crowd.Trouble, at time.Time) (out []Sign) {
	for _, t := range troubles {
		how, site, _ := strings.Cut(t.Name, wayMark)
		out = append(out, Sign{Kind: MorePatients, About: "patients " + t.Name, Name: "patients who " + how + " " + e.shown(site), Class: Days, At: at, Since: t.Since, Ended: t.Ended, Count: t.Count, Of: t.Days, Expected: t.Expected})
	}
	return out
}

// pairText says in words what a sign of these kinds shows; empty for others.
func (s *Sign) pairText() string {
	switch s.Kind {
	case MissingResults:
		return fmt.Sprintf("%s: of %d within two hours %d have come back; about %.0f should have", s.Name, s.Of, s.Count, s.Expected)
	case LateResults:
		return fmt.Sprintf("%s: nine in ten come back within %s, and did within %s before", s.Name, spell(s.Took), spell(s.Usual))
	case Gap:
		return fmt.Sprintf("%s: %d messages are missing by their numbers", s.Name, s.Count)
	case MorePatients:
		return fmt.Sprintf("%s: %d in %d days; about %.0f are usual", s.Name, s.Count, s.Of, s.Expected)
	}
	return ""
}

// numbers follows how a sender numbers its messages (HL7 v2.5.1 2.15.9.13).
type numbers struct {
	next    int64               // 0 when not known
	missing map[int64]time.Time // since when
	told    time.Time           // that some are, last
}

const (
	patience = time.Minute // a message may overtake another
	furthest = 1000        // a jump by more is another count
)

func (n *numbers) take(number int64, at time.Time) {
	_, missing := n.missing[number]
	switch {
	case missing:
		delete(n.missing, number)
	case number <= 1 || n.next == 0 || number > n.next+furthest || number < n.next-furthest: // it counts anew
		*n = numbers{next: max(0, number) + 1, told: n.told}
		if number <= 0 { // which only asks where the count is
			n.next = 0
		}
	case number >= n.next:
		for ; n.next < number && len(n.missing) < furthest; n.next++ {
			if n.missing == nil {
				n.missing = map[int64]time.Time{}
			}
			n.missing[n.next] = at
		}
		n.next = number + 1
	}
}

// tick gives up what is missing for long, and says how many it was; not again within an hour of the last time.
func (n *numbers) tick(now time.Time) (lost int, since time.Time) {
	for number, at := range n.missing {
		if now.Sub(at) >= patience {
			delete(n.missing, number)
			if lost++; since.IsZero() || at.Before(since) {
				since = at
			}
		}
	}
	if lost == 0 {
		return 0, since
	}
	quiet := n.told.IsZero() || now.Sub(n.told) >= time.Hour
	if n.told = now; !quiet {
		return 0, since
	}
	return lost, since
}
