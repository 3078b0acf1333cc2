package bedside

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
)

// Options say how a Board reads and how much it keeps. What is zero has the default that stands beside it.
type Options struct {
	// Zone is where the site's clocks stand: UTC.
	Zone *time.Location
	// Rounds are the house's hours: UsualRounds.
	Rounds Rounds
	// Keep is how long what was said of somebody who lies in no bed is kept: 72 hours.
	Keep time.Duration
	// Most is how many Records there may be: 50,000. The one that was heard of least lately goes.
	Most int
}

// Board holds the Records of those who are in the house or were lately. One goroutine uses it at a time: that of hospital.Follower.
type Board struct {
	o       Options
	records map[string]*Record
	changed map[string]struct{} // since Saved
	dropped int                 // Records that went though their patients may still be there
}

// New returns an empty Board.
func New(o Options) *Board {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Rounds == nil {
		o.Rounds = UsualRounds()
	}
	if o.Keep <= 0 {
		o.Keep = 72 * time.Hour
	}
	if o.Most <= 0 {
		o.Most = 50_000
	}
	return &Board{o: o, records: map[string]*Record{}, changed: map[string]struct{}{}}
}

// Wants tells whether events of a class can say anything about a bedside.
func Wants(c *event.Class) bool { return c.Product == "hl7" }

// longestMessage bounds one message: documents are not read here.
const longestMessage = 4 << 20

// Hear enters what an event says; most say nothing and cost little. The error says that its message cannot be read, and quotes nothing.
func (b *Board) Hear(ev *event.Event) error {
	if !Wants(ev.Class) || !tells(ev) {
		return nil
	}
	for text := range ev.Values("message") {
		parsed, err := hl7.Parse(text, hl7.Limits{Bytes: longestMessage, Segments: 4 * mostSegments})
		if err != nil {
			return fmt.Errorf("read what is known at the bedside: %w", err)
		}
		m := open(parsed, b.o.Zone, ev.Observed)
		if m == nil {
			return nil
		}
		for i := range m.groups {
			g := &m.groups[i]
			if r := b.record(g); r != nil {
				m.take(r, g)
			}
		}
		return nil
	}
	return nil
}

// tells tells by the header alone. Merges and links are the House's: which numbers are one patient's it says at each Census.
func tells(ev *event.Event) bool {
	for trigger := range ev.Values("MSH-9.2") {
		switch string(trigger) {
		case "A18", "A24", "A30", "A34", "A35", "A36", "A37", "A39", "A40", "A41", "A42", "A43", "A44", "A45", "A46", "A47", "A48", "A49", "A50", "A51", "A19":
			return false
		}
	}
	for kind := range ev.Values("MSH-9.1") {
		switch string(kind) {
		case "ADT", "ORM", "OMG", "OML", "OMI", "OMP", "OMD", "OMS", "OMN", "RDE", "RAS", "ORU", "OUL":
			return true
		}
	}
	return false
}

// record is the Record of a message's patient; nil when it names nobody.
func (b *Board) record(g *group) *Record {
	key := keyOf(g.ids, g.visit)
	if key == "" {
		return nil
	}
	r := b.records[key]
	if r == nil {
		if len(b.records) >= b.o.Most {
			b.drop()
		}
		r = &Record{IDs: g.ids}
		if len(g.ids) == 0 {
			r.Visit = g.visit
		}
		b.records[key] = r
	}
	b.changed[key] = struct{}{}
	return r
}

// keyOf is what a Record goes by: the number of the medical record, else the first number, else the visit's.
func keyOf(ids []hospital.Identifier, visit string) string {
	if len(ids) == 0 {
		if visit == "" {
			return ""
		}
		return "visit\x00" + visit
	}
	i := max(0, slices.IndexFunc(ids, func(id hospital.Identifier) bool { return id.Type == "MR" }))
	return strings.ToUpper(ids[i].Authority) + "\x00" + ids[i].Value
}

// drop lets the Records go that were heard of least lately, a hundredth of all.
func (b *Board) drop() {
	type aged struct {
		key   string
		heard time.Time
	}
	all := make([]aged, 0, len(b.records))
	for key, r := range b.records {
		all = append(all, aged{key, r.Heard})
	}
	slices.SortFunc(all, func(a, b aged) int { return cmp.Or(a.heard.Compare(b.heard), cmp.Compare(a.key, b.key)) })
	for _, a := range all[:len(all)/100+1] {
		b.forget(a.key)
		b.dropped++
	}
}

func (b *Board) forget(key string) {
	delete(b.records, key)
	b.changed[key] = struct{}{}
}

// Forget lets go of those who have been in no bed for long. It is called now and then: every hour is enough.
func (b *Board) Forget(h *hospital.House, now time.Time) {
	for key, r := range b.records {
		if now.Sub(r.Heard) <= b.o.Keep {
			continue
		}
		p := h.Patient(r.whose(h))
		if p == nil || where(p, now).visit == nil {
			b.forget(key)
		}
	}
}

// whose is the patient of a Record, as the House knows it now; 0 for nobody.
func (r *Record) whose(h *hospital.House) hospital.PatientID {
	if len(r.IDs) > 0 {
		id, _ := h.Find(r.IDs)
		return id
	}
	id, _ := h.FindVisit(r.Visit)
	return id
}

// Size is how many Records there are, and how many went for want of room though their patients may still be there.
func (b *Board) Size() (records, dropped int) { return len(b.records), b.dropped }
