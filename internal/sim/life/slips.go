package life

import (
	"bytes"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/world"
)

// Slips are what makes honest charts look falsified: notes that come hours or days late, times that are typed by hand and mistyped, notes of a downtime
// that are entered afterwards, templates that are put right in many charts, records of one person under two names, an interface engine that rewrites
// what passes. Each draws from a stream of its own and none is made without Config.Slips: accesses, rosters and reasons stay what they are without.

// Slip names a kind of them, for the truth.
type Slip string

// The kinds.
const (
	LateNote   Slip = "late"        // in the same shift, or on the next day on duty
	LaterNote  Slip = "days late"   // after days
	DownNote   Slip = "downtime"    // written on paper while the record system was down
	Mistyped   Slip = "mistyped"    // with a time that is half a day or a day wrong
	ManyFixed  Slip = "template"    // entries of several charts, put right by one person
	ChartFixed Slip = "chart fixed" // of one chart
	AskedFor   Slip = "asked for"   // of one chart, after a complaint that was right
	Renamed    Slip = "renamed"     // a merge of a person who changed the name
	Passed     Slip = "engine"      // it passed the interface engine
)

// lateness is how often notes of a kind come late: in the same shift, on the next day on duty, after days.
type lateness struct{ shift, next, days float64 }

// The shares are guesses, and rather high: letters take days in every hospital, and ward notes are written when there is time.
func latenessOf(kind string) lateness {
	if kind == "DS" || kind == "OP" {
		return lateness{0.10, 0.12, 0.10}
	}
	return lateness{0.06, 0.015, 0.006}
}

// mistypes is how often somebody types a wrong day, or a time of the other half of it.
const mistypes = 0.0008

// writeNote writes a note, in time or late.
func (b *batch) writeNote(v *Visit, d *documented, at moment) {
	if !b.h.c.Slips || v.tale != 0 {
		b.write(v, d, at)
		return
	}
	r := b.h.World.Rand(hashText(d.number), 0x736c6970)
	said, entry, slip := *d, at, Slip("")
	if back := b.h.back(at); back > 0 {
		entry, slip = back+moment(r.Int64N(int64(4*hour))), DownNote
	} else if r.Float64() < mistypes {
		said.written, slip = typed(r, at-[]moment{12 * hour, 24 * hour}[r.IntN(2)]), Mistyped
	} else {
		entry, slip = b.lateEntry(r, d, at)
	}
	if slip == "" {
		b.write(v, d, at)
		return
	}
	if slip != Mistyped {
		said.written = typed(r, at)
		if r.Float64() < 0.6 {
			said.text = map[Slip]string{LateNote: "Late entry: ", LaterNote: "Late entry: ", DownNote: "Entered after downtime: "}[slip] + d.text
		}
		b.looks = append(b.looks, look{
			at: entry - 6*minute, span: 3 * minute, id: world.Mix(hashText(d.number), 0x6c6f6f6b), staff: d.by, visit: v, person: v.Person, what: Writing, why: "late note", clicks: 5, documented: true,
		})
	}
	n := len(b.says)
	b.write(v, &said, entry)
	for i := n; i < len(b.says); i++ {
		b.says[i].slip = slip
	}
}

// lateEntry is when a note is entered that was to be written at a time: mostly then.
func (b *batch) lateEntry(r *rand.Rand, d *documented, at moment) (entry moment, slip Slip) {
	often := latenessOf(d.kind)
	x := r.Float64()
	from, until := 1, 2
	switch {
	case x < often.shift:
		return at + hour + moment(r.Int64N(int64(8*hour))), LateNote
	case x < often.shift+often.next:
		slip = LateNote
	case x < often.shift+often.next+often.days:
		from = 2 + int(6*r.Float64()*r.Float64())
		until, slip = from+6, LaterNote
	default:
		return at, ""
	}
	for day := from; day <= until+7; day++ { // when the author is back
		sh, ok := b.h.World.Shift(d.by, b.h.World.DayOf(at.time())+world.Day(day))
		if ok && momentOf(sh.From) > at+4*hour {
			return momentOf(sh.From) + moment(r.Float64()*float64(sh.To.Sub(sh.From).Milliseconds())), slip
		}
	}
	return at, ""
}

// typed is a time as somebody types it: most to five minutes.
func typed(r *rand.Rand, at moment) moment {
	if r.Float64() < 0.8 {
		return at - at%(5*minute)
	}
	return at - at%minute
}

// back is when the record system was there again, for a moment at which it was down as planned; 0 for others.
func (h *Hospital) back(at moment) moment {
	for i := range h.delays {
		if d := &h.delays[i]; d.feed == feed.Documents && d.planned && at >= d.from && at < d.to {
			return d.to + 20*minute
		}
	}
	return 0
}

// originated is when a document says that it came into being (TXA-6): the program of some houses stamps it, that of others copies the time of the visit.
func (h *Hospital) originated(d *documented, at moment) moment {
	if h.c.Slips && world.Mix(h.World.Seed, 0x747861)%2 == 0 {
		return at
	}
	return d.written
}

// serial is a number that rises with time, as a database gives it; none without slips.
func (h *Hospital) serial(at moment, id uint64) string {
	if !h.c.Slips {
		return ""
	}
	return strconv.FormatInt(int64(at/second-1_500_000_000)*100+int64(id%100), 10)
}

// putRight adds what is put right today: charts of those who lie here, or have died, and templates in many charts.
func (h *Hospital) putRight(day *batch) {
	if !h.c.Slips || h.World.Size == world.Clinic {
		return
	}
	b := &batch{h: h, r: h.World.Rand(0x736c6970, uint64(h.date))}
	lying, dead := h.chartsToFix()
	for range b.some(float64(h.World.Beds) / 200) {
		from := lying
		if len(dead) > 0 && b.chance(0.2) { // the letters of those who died are looked through once more
			from = dead
		}
		b.fix(from, 1, 4+b.r.IntN(9), ChartFixed)
	}
	for range b.some(float64(h.World.Beds) / 600) {
		b.fix(lying, 5+b.r.IntN(6), 3+b.r.IntN(5), ManyFixed)
	}
	for range b.some(float64(h.World.Beds) / 250) {
		b.rename()
	}
	for range b.some(float64(h.World.Beds) / 400) { // somebody complains, of a bill or the food
		if v := b.oneOf(lying); v != nil {
			b.list(h.dayStart+8*hour, v, feed.ListRow{Kind: "assignment", Reference: key("K", world.Mix(v.id, uint64(h.date))), Who: "complaints", WhoKind: "department", From: h.date.String(), By: "complaints", Status: "open"})
			if b.chance(0.15) {
				b.fix([]*Visit{v}, 1, 3+b.r.IntN(6), AskedFor)
			}
		}
	}
	day.says, day.looks, day.lists = append(day.says, b.says...), append(day.looks, b.looks...), append(day.lists, b.lists...)
}

func (h *Hospital) chartsToFix() (lying, dead []*Visit) {
	for _, v := range h.lately {
		if v.tale == 0 && v.Class == 'I' && v.From.Before(h.dayStart.time()) && v.To.After(h.dayStart.time()) {
			lying = append(lying, v)
		}
	}
	for _, v := range h.past {
		if v.tale == 0 && v.Died && int(h.date)-int(h.World.DayOf(v.To)) <= 5 {
			dead = append(dead, v)
		}
	}
	return lying, dead
}

func (b *batch) oneOf(all []*Visit) *Visit {
	if len(all) == 0 {
		return nil
	}
	return all[b.r.IntN(len(all))]
}

// own is a copy of a visit about which something is said that is not the visit's own doing, so that its numbers stay as they are.
func (b *batch) own(v *Visit, what uint64) *Visit {
	c := *v
	c.id, c.seq, c.pid = world.Mix(v.id, uint64(b.h.date), what), 0, nil
	return &c
}

// fix has somebody of the ward put entries right: so many in each of some charts.
func (b *batch) fix(from []*Visit, charts, entries int, slip Slip) {
	first := b.oneOf(from)
	if first == nil {
		return
	}
	unit := first.Stays[len(first.Stays)-1].Unit
	at := b.h.dayStart + 9*hour + moment(b.r.Int64N(int64(6*hour)))
	who := b.h.pick(b, unit, at)
	if who == nil {
		return
	}
	for range charts {
		v := b.own(first, uint64(at))
		b.looks = append(b.looks, look{at: at - 2*minute, span: 2 * minute, id: world.Mix(v.id, 0x6669), staff: who, visit: first, person: first.Person, what: Writing, why: "template", clicks: 4, documented: true})
		for i := range entries {
			n := len(b.says)
			b.write(v, &documented{number: key("D", world.Mix(v.id, uint64(i), 1)), parent: key("D", world.Mix(v.id, uint64(i))), event: "T10", kind: "PN", written: at, by: who, text: "Text of a note, put right."}, at)
			for j := n; j < len(b.says); j++ {
				b.says[j].slip = slip
			}
			at += 30*second + moment(b.r.Int64N(int64(70*second)))
		}
		first = b.oneOf(from)
	}
}

// pick is somebody on duty on a unit, by the batch's own chance.
func (h *Hospital) pick(b *batch, u *world.Unit, at moment) *world.Staff {
	var all []*world.Staff
	h.rosters[1].Each(u, func(sh *world.Shift) {
		if !at.time().Before(sh.From) && at.time().Before(sh.To) && (nurse(sh.Staff) || physician(sh.Staff)) {
			all = append(all, sh.Staff)
		}
	})
	if len(all) == 0 {
		return nil
	}
	return all[b.r.IntN(len(all))]
}

// rename is a record under a former name, which medical records find and merge.
func (b *batch) rename() {
	v := b.oneOf(b.h.past)
	him := b.h.World.OfJob("HIM")
	if v == nil || v.tale != 0 || len(him) == 0 {
		return
	}
	who := him[b.r.IntN(len(him))]
	other := b.h.World.Human(b.h.World.Draw(b.r))
	old := b.own(v, 0x72656e)
	old.MRN, old.Number, old.mother, old.Family = "F"+strconv.FormatUint(old.id%100_000_000, 10), "", nil, nil
	old.human.Family = other.Family
	if b.chance(0.3) {
		old.human.Given = other.Given // she goes by her second name now
	}
	if b.chance(0.4) {
		old.human.National = "" // it was not asked for then
	}
	if b.chance(0.5) {
		old.human.Street, old.human.Phone = other.Street, other.Phone
	}
	at := b.h.dayStart + 8*hour + moment(b.r.Int64N(int64(7*hour)))
	n := len(b.says)
	b.adt(old, "A28", at-hour, nil, 'O')
	own := b.own(v, 0x6d6572)
	b.adt(own, "A31", at-30*minute, nil, 'O')
	own.former = &old.human
	b.merge(own, "A40", own.MRN, old.MRN, at, who)
	for i := n; i < len(b.says); i++ {
		b.says[i].slip = Renamed
	}
}

// called is who the retired record of a merge was of (MRG-7), where the record system says it.
func (h *Hospital) called(v *Visit) []string {
	u := &v.human
	if v.former != nil {
		u = v.former
	}
	if !h.c.Slips {
		return nil
	}
	return []string{u.Family, u.Given}
}

// taps are what is heard in front of the interface engine and behind it of one in four results of the laboratory.
func (h *Hospital) taps(said []say) []say {
	if !h.c.Slips {
		return said
	}
	n := len(said)
	for i := range said[:n] {
		s := said[i]
		if s.feed != feed.Lab || s.tale != 0 || world.Mix(s.id, 0x746170)%4 > 0 {
			continue
		}
		s.data = spoil(s.id, s.data) // by its sender, for all who hear it
		front, behind := s, s
		front.feed, front.id, front.slip = feed.TapLab, world.Mix(s.id, 1), Passed
		behind.feed, behind.id, behind.slip = feed.TapRecord, world.Mix(s.id, 2), Passed
		behind.at += 40 + moment(s.id%400)
		if behind.at >= h.dayEnd {
			continue
		}
		behind.data = h.Rewrite(s.data, behind.at.time())
		said = append(said, front, behind)
	}
	return said
}

// Rewrite is a message as the interface engine passes it on: it names itself as the sender, stamps it anew, takes out what the receiver does not read, and adds a
// segment of its own. What is measured it leaves alone. Without slips there is no engine.
func (h *Hospital) Rewrite(message []byte, at time.Time) []byte {
	if !h.c.Slips {
		return message
	}
	var out [][]byte
	for _, segment := range bytes.Split(bytes.TrimSuffix(message, []byte("\r")), []byte("\r")) {
		fields := bytes.Split(segment, []byte("|"))
		switch string(fields[0]) {
		case "MSH":
			if len(fields) > 7 {
				fields[2], fields[4] = []byte("ENGINE"), []byte("EHR")
				fields[6] = at.In(h.World.Zone).AppendFormat(nil, "20060102150405-0700")
			}
		case "PD1", "NK1":
			continue
		case "PV1":
			if len(fields) > 10 {
				fields[10] = bytes.ToLower(fields[10])
			}
		}
		out = append(out, bytes.Join(fields, []byte("|")))
	}
	out = append(out, []byte("ZEN|1|LAB_RESULTS_OUT"), nil)
	return bytes.Join(out, []byte("\r"))
}
