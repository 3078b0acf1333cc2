package bedside

import (
	"cmp"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/hospital"
)

// Behind is for how long what was given, or was not seen to be given, is told.
const Behind = 4 * time.Hour

// grace is how late a dose may be before it counts as one that nobody told of: until then it is due now.
const grace = 30 * time.Minute

// unsaid is for how long it is told that no dose came of what was ordered once. Many a system never says so.
const unsaid = 24 * time.Hour

// Inpatient is what is known of one who is in the house.
type Inpatient struct {
	ID       hospital.PatientID
	Unit     hospital.Ref
	Bed      string // empty when it was not said for this unit
	Class    byte   // HL7 table 0004
	Since    time.Time
	Admitted time.Time
	MRN      hospital.Identifier
	Person   Person

	Allergies  []Allergy // those that count; one of several systems' is told once
	Known      Knowledge
	AllergySay time.Time // when the last word on allergies was said; zero for never
	Drugs      []Drug    // those that hold, and those that were given lately
	Results    []Result  // the last of each kind, in the order of Analytes
	Requests   []Request // what has not come back, the oldest first
	Diet       []Note
	Wishes     []Note
	Heard      time.Time // when the last message about the patient was made
	Left       int       // how much is known to be missing here
}

// Knowledge is what is known of a patient's allergies.
type Knowledge uint8

// Unknown is not None.
const (
	Unknown Knowledge = iota // nobody said anything
	None                     // somebody said that there are none, and nobody that there are
	Some
)

// Drug is an Order at a moment.
type Drug struct {
	Order
	Due    []Slot // now and later
	Missed []Slot // that are over, and no dose was told of
	Last   []Dose // given or refused lately, the newest last
	Clear  bool   // whether it can be told when it is due
}

// Slot is a time at which a drug is due.
type Slot struct {
	At    time.Time
	Usual bool      // the hour is the house's: the order says only how often
	Given time.Time // a dose that was told of and is nearer to this time than to others; zero for none
}

// Census tells who is in the house at a moment, but for those who only have an appointment, and what is known of each, ordered by unit and bed. That moment is now, or shortly before: what was said since is not
// left out again. ahead is for how long due drugs are told. The House says who and where, for it knows of discharges, moves, cancellations and merges, in whatever order they came.
func (b *Board) Census(h *hospital.House, at time.Time, ahead time.Duration) []Inpatient {
	whose := map[hospital.PatientID][]*Record{}
	for _, r := range b.records {
		if id := r.whose(h); id != 0 {
			whose[id] = append(whose[id], r)
		}
	}
	var all []Inpatient
	for id, records := range whose {
		if !slices.ContainsFunc(records, (*Record).lies) {
			continue
		}
		p := h.Patient(id)
		if p == nil || p.Test {
			continue
		}
		if w := where(p, at); w.visit != nil {
			slices.SortFunc(records, func(a, b *Record) int {
				return cmp.Or(b.Heard.Compare(a.Heard), cmp.Compare(keyOf(a.IDs, a.Visit), keyOf(b.IDs, b.Visit)))
			})
			all = append(all, b.inpatient(h, p, w, records, at, ahead))
		}
	}
	slices.SortFunc(all, func(a, b Inpatient) int {
		return cmp.Or(cmp.Compare(h.Text(a.Unit), h.Text(b.Unit)), compareBeds(a.Bed, b.Bed), cmp.Compare(a.ID, b.ID))
	})
	return all
}

// lies tells whether the patient may be in the house for more than an appointment: most who have a Record are not, and the House need not be asked about them.
func (r *Record) lies() bool {
	return slices.ContainsFunc(r.Places, func(p Place) bool { return p.Class != "O" || p.Bed != "" })
}

// there is where a patient is.
type there struct {
	visit *hospital.Visit
	stay  hospital.Stay
}

// where finds the visit that goes on at a moment and has a place: a stay in a bed before the emergency department, and that before an appointment.
func where(p *hospital.Patient, at time.Time) (found there) {
	rank := func(class byte) int {
		switch class {
		case 'I', 'B':
			return 3
		case 'E':
			return 2
		case 'P': // is expected
			return 0
		}
		return 1
	}
	for i := range p.Visits {
		v := &p.Visits[i]
		if v.Start.After(at) || !v.End.IsZero() && !v.End.After(at) || rank(v.Class) == 0 {
			continue
		}
		if found.visit != nil && rank(found.visit.Class) > rank(v.Class) {
			continue
		}
		for _, s := range v.Stays {
			if !s.From.After(at) && (s.To.IsZero() || s.To.After(at)) {
				found = there{v, s}
			}
		}
	}
	return found
}

func (b *Board) inpatient(h *hospital.House, whole *hospital.Patient, w there, records []*Record, at time.Time, ahead time.Duration) Inpatient {
	p := Inpatient{ID: whole.ID, Unit: w.stay.Unit, Class: w.visit.Class, Since: w.stay.From, Admitted: w.visit.Start}
	b.identify(&p, h, w, records)
	var orders []Order
	for _, r := range records {
		p.Heard, p.Left = later(p.Heard, r.Heard), p.Left+r.Left
		p.allergic(r)
		for _, o := range r.Orders {
			if ofStay(h, &o, whole, w.visit) {
				orders = append(orders, o)
			}
		}
		for _, q := range r.Requests {
			if !q.Closed && !q.Said.Before(w.visit.Start) {
				p.Requests = append(p.Requests, q)
			}
		}
		p.Diet, p.Wishes = append(p.Diet, standing(r.Diet)...), append(p.Wishes, standing(r.Wishes)...)
	}
	p.settle()
	p.Results = newest(records)
	slices.SortFunc(p.Requests, func(a, b Request) int { return cmp.Or(a.Said.Compare(b.Said), cmp.Compare(a.Number, b.Number)) })
	for _, o := range orders {
		if d, ok := b.drug(o, at, ahead); ok {
			p.Drugs = append(p.Drugs, d)
		}
	}
	slices.SortFunc(p.Drugs, func(a, b Drug) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Number, b.Number)) })
	return p
}

// ofStay tells whether an order is of the stay that goes on: by its visit's number, or, where that is none that is known now, for visits get other numbers, by when it was
// entered.
func ofStay(h *hospital.House, o *Order, p *hospital.Patient, stay *hospital.Visit) bool {
	if o.Visit != "" {
		key := h.VisitKey(o.Visit)
		if slices.ContainsFunc(p.Visits, func(v hospital.Visit) bool { return v.Key == key }) {
			return key == stay.Key
		}
	}
	const ahead = 12 * time.Hour // orders are written before somebody is at the desk
	return !known(o.Said, o.latest()).Before(stay.Start.Add(-ahead))
}

// identify tells who it is by the Record of this visit, and which bed it is, where one was said for this unit.
func (b *Board) identify(p *Inpatient, h *hospital.House, w there, records []*Record) {
	best, place := records[0], Place{}
	for _, r := range records {
		for _, o := range r.Places {
			ours := o.Visit != "" && h.VisitKey(o.Visit) == w.visit.Key || o.Visit == "" && w.visit.Key == 0
			if ours && !o.Said.Before(place.Said) {
				best, place = r, o
			}
		}
	}
	p.Person = best.Person
	for _, r := range records { // newest first
		if p.Person.Family == "" && p.Person.Given == "" {
			p.Person = r.Person
		}
	}
	if h.Ref(place.Unit) == w.stay.Unit {
		p.Bed = place.Bed
	}
	if len(best.IDs) > 0 {
		p.MRN = best.IDs[max(0, slices.IndexFunc(best.IDs, func(id hospital.Identifier) bool { return id.Type == "MR" }))]
	}
}

// allergic adds what one Record says of allergies.
func (p *Inpatient) allergic(r *Record) {
	for _, a := range r.Allergies {
		p.AllergySay = later(p.AllergySay, a.Said)
		switch {
		case a.Gone:
		case a.None:
			p.Known = max(p.Known, None)
		default:
			p.Known = Some
			i := slices.IndexFunc(p.Allergies, func(o Allergy) bool { return o.same(&a) })
			switch {
			case i < 0:
				p.Allergies = append(p.Allergies, a)
			case p.Allergies[i].Said.Before(a.Said):
				p.Allergies[i] = a
			}
		}
	}
}

// settle orders allergies: the severe first.
func (p *Inpatient) settle() {
	rank := func(a Allergy) int {
		switch a.Severity {
		case "SV":
			return 0
		case "MI":
			return 2
		}
		return 1
	}
	slices.SortFunc(p.Allergies, func(a, b Allergy) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(fold(a.Name), fold(b.Name)), cmp.Compare(a.Code, b.Code))
	})
}

func standing(list []Note) (out []Note) {
	for _, n := range list {
		if !n.Gone {
			out = append(out, n)
		}
	}
	return out
}

// newest are the results that were observed last, one of each kind.
func newest(records []*Record) (list []Result) {
	for _, kind := range Analytes() {
		var best *Result
		for _, r := range records {
			for i := range r.Results {
				if v := &r.Results[i]; v.Kind == kind && !v.Gone && (best == nil || v.At.After(best.At)) {
					best = v
				}
			}
		}
		if best != nil {
			list = append(list, *best)
		}
	}
	return list
}

// drug tells when an order's drug is due. ok is false when nothing of it is of any use any more.
func (b *Board) drug(o Order, at time.Time, ahead time.Duration) (d Drug, ok bool) {
	d = Drug{Order: o, Clear: true}
	d.Doses = nil
	var told []Dose
	taken := time.Time{} // the last time
	for _, dose := range o.Doses {
		switch {
		case dose.Gone:
			continue
		case !dose.Refused:
			taken = dose.At
		}
		told = append(told, dose)
		if at.Sub(dose.At) <= Behind {
			d.Last = append(d.Last, dose)
		}
	}
	if o.Said.IsZero() || o.State == Stopped || !o.Timing.End.IsZero() && !o.Timing.End.After(at) {
		d.State = Stopped
		return d, len(d.Last) > 0
	}
	if o.Timing.Once && !taken.IsZero() {
		return d, len(d.Last) > 0
	}
	if len(d.Last) == 0 && len(told) > 0 {
		d.Last = told[len(told)-1:] // the last of all is worth knowing, however long ago
	}
	slots, clear := b.slots(&o.Timing, told, taken, at, ahead)
	d.Clear = clear
	if o.State == Held {
		return d, true
	}
	if o.Timing.Once && len(slots) == 0 {
		return d, false
	}
	d.sort(slots, at, ahead)
	return d, true
}

// slots tells when a drug is due around a moment, and which doses belong there. A dose belongs to the time that it is nearest to; one that was refused settles a
// time that is over, and none that comes.
func (b *Board) slots(t *Timing, told []Dose, taken, at time.Time, ahead time.Duration) (slots []Slot, clear bool) {
	back, reach := 16*time.Hour, 12*time.Hour
	switch {
	case t.Once:
		back = unsaid
	case t.Every != 0 && len(t.Clocks) == 0:
		back, reach = Behind+min(t.Every, 24*time.Hour), t.Every/2
	}
	times, usual, clear := t.slots(at.Add(-back), at.Add(max(ahead, 0)+reach), taken, b.o.Zone, b.o.Rounds)
	for _, due := range times {
		slots = append(slots, Slot{At: due, Usual: usual})
	}
	for _, dose := range told {
		if i := nearest(times, dose.At, reach); i >= 0 && !(dose.Refused && times[i].After(at)) {
			slots[i].Given = dose.At
		}
	}
	return slots, clear
}

// sort tells apart what is due, what nobody told of, and what is done or far away.
func (d *Drug) sort(slots []Slot, at time.Time, ahead time.Duration) {
	for _, s := range slots {
		switch {
		case s.At.After(at.Add(ahead)) || !s.At.After(at) && !s.Given.IsZero():
		case s.At.After(at.Add(-grace)):
			d.Due = append(d.Due, s)
		case d.Timing.Once || s.At.After(at.Add(-Behind)):
			d.Missed = append(d.Missed, s)
		}
	}
}

// nearest is which of the times a dose belongs to; -1 when it is out of reach of all.
func nearest(times []time.Time, dose time.Time, reach time.Duration) int {
	best := -1
	for i, t := range times {
		if gap := t.Sub(dose).Abs(); gap <= reach && (best < 0 || gap < times[best].Sub(dose).Abs()) {
			best = i
		}
	}
	return best
}

// compareBeds orders beds as people count: 2 before 10, 10 before 10N.
func compareBeds(a, b string) int {
	for a != "" && b != "" {
		na, ra := leading(a)
		nb, rb := leading(b)
		if na != "" && nb != "" {
			if c := cmp.Or(cmp.Compare(len(na), len(nb)), cmp.Compare(na, nb)); c != 0 {
				return c
			}
			a, b = ra, rb
			continue
		}
		if a[0] != b[0] {
			return cmp.Compare(a[0], b[0])
		}
		a, b = a[1:], b[1:]
	}
	return cmp.Compare(len(a), len(b))
}

// leading cuts the digits off the front, without zeros before them.
func leading(text string) (digits, rest string) {
	n := 0
	for n < len(text) && '0' <= text[n] && text[n] <= '9' {
		n++
	}
	digits, rest = text[:n], text[n:]
	for len(digits) > 1 && digits[0] == '0' {
		digits = digits[1:]
	}
	return digits, rest
}
