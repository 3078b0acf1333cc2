package bedside

import (
	"cmp"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/hospital"
)

// Bounds of one Record. They are wider than what patients have, and narrow enough for a house of thousands.
const (
	mostIDs       = 16
	mostPlaces    = 6
	mostAllergies = 64
	mostLists     = 16
	mostOrders    = 128
	mostDoses     = 8 // of an order
	mostResults   = 3 // of a kind: the last may be taken back
	mostRequests  = 64
	mostNotes     = 8
	mostClocks    = 24
	mostText      = 160 // bytes
)

// Record is what was said of one number that a patient goes by. A patient who goes by several has several, which Census puts together.
type Record struct {
	// IDs are the patient's numbers as the last message wrote them. Visit is the visit's, where messages name no patient.
	IDs       []hospital.Identifier `json:"ids,omitempty"`
	Visit     string                `json:"visit,omitempty"`
	Heard     time.Time             `json:"heard"` // when the last message was made
	Person    Person                `json:"person"`
	Places    []Place               `json:"places,omitempty"` // of each visit
	Allergies []Allergy             `json:"allergies,omitempty"`
	Lists     []Listed              `json:"lists,omitempty"`
	Orders    []Order               `json:"orders,omitempty"`
	Results   []Result              `json:"results,omitempty"`
	Requests  []Request             `json:"requests,omitempty"`
	Diet      []Note                `json:"diet,omitempty"`
	Wishes    []Note                `json:"wishes,omitempty"` // code status, advance directives
	Left      int                   `json:"left,omitempty"`   // how much was left out for want of room
}

// Person is who the patient is.
type Person struct {
	Family string    `json:"family,omitempty"`
	Given  string    `json:"given,omitempty"`
	Sex    string    `json:"sex,omitempty"`
	Born   time.Time `json:"born"` // a day; zero when it was not said
	Said   time.Time `json:"said"`
}

// Place is where the patient was said to be last.
type Place struct {
	Unit  string    `json:"unit,omitempty"`
	Bed   string    `json:"bed,omitempty"`
	Visit string    `json:"visit,omitempty"`
	Class string    `json:"class,omitempty"` // HL7 table 0004
	Said  time.Time `json:"said"`
}

// Allergy is one that a system told of, or its word that there is none.
type Allergy struct {
	Code     string    `json:"code,omitempty"`
	Name     string    `json:"name,omitempty"`
	Kind     string    `json:"kind,omitempty"`     // HL7 table 0127: DA drug, FA food, MA other ...
	Severity string    `json:"severity,omitempty"` // table 0128: SV severe, MO moderate, MI mild
	Reaction string    `json:"reaction,omitempty"`
	None     bool      `json:"none,omitempty"` // the system says that none is known
	Gone     bool      `json:"gone,omitempty"` // taken back; kept so that an older message does not bring it again
	Source   string    `json:"source"`
	Said     time.Time `json:"said"`
}

// Listed says when a system gave its whole list of allergies last.
type Listed struct {
	Source string    `json:"source"`
	Said   time.Time `json:"said"`
}

// Order is a drug that was ordered, or one that was given without an order that anybody told of.
type Order struct {
	Number  string    `json:"number"` // the placer's, or what else tells it apart
	Visit   string    `json:"visit,omitempty"`
	Code    string    `json:"code,omitempty"`
	Name    string    `json:"name,omitempty"`
	Dose    string    `json:"dose,omitempty"`
	Route   string    `json:"route,omitempty"`
	Timing  Timing    `json:"timing"`
	State   State     `json:"state"`
	Encoded bool      `json:"encoded,omitempty"` // the pharmacy's word (RXE), which counts for more than the prescriber's (RXO)
	Said    time.Time `json:"said"`              // zero where only doses were told of
	Turned  time.Time `json:"turned"`            // when State was said
	Doses   []Dose    `json:"doses,omitempty"`   // the newest last
}

// State is whether an order holds.
type State uint8

// The states of an order.
const (
	Active State = iota
	Held
	Stopped
)

// Dose is one that was given, or that the patient refused.
type Dose struct {
	At      time.Time `json:"at"`
	Amount  string    `json:"amount,omitempty"`
	Refused bool      `json:"refused,omitempty"`
	Gone    bool      `json:"gone,omitempty"` // taken back
}

// Result is one value of a kind that is worth having on paper.
type Result struct {
	Kind    Analyte   `json:"kind"`
	Title   string    `json:"title"`
	Value   string    `json:"value"`
	Unit    string    `json:"unit,omitempty"`
	Flag    string    `json:"flag,omitempty"`    // as sent, or told by the range that was sent
	Range   string    `json:"range,omitempty"`   // as sent
	Waiting bool      `json:"waiting,omitempty"` // preliminary
	Gone    bool      `json:"gone,omitempty"`    // taken back
	At      time.Time `json:"at"`                // when it was observed
	Said    time.Time `json:"said"`
}

// Request is something that was ordered of a laboratory, of radiology or of others and has not come back.
type Request struct {
	Number string    `json:"number"`
	Title  string    `json:"title,omitempty"`
	Closed bool      `json:"closed,omitempty"` // the result came, or it was cancelled
	Said   time.Time `json:"said"`
}

// Note is a line of text.
type Note struct {
	Key  string    `json:"key,omitempty"`
	Text string    `json:"text"`
	Gone bool      `json:"gone,omitempty"`
	Said time.Time `json:"said"`
}

// room makes place for one more in a list that is full: the one that matters least goes.
func room[T any](list []T, most int, less func(a, b T) int) []T {
	if len(list) < most {
		return list
	}
	least := 0
	for i := range list {
		if less(list[i], list[least]) < 0 {
			least = i
		}
	}
	return slices.Delete(list, least, least+1)
}

// place enters where a visit's patient was said to be.
func (r *Record) place(p Place) {
	for i := range r.Places {
		if o := &r.Places[i]; o.Visit == p.Visit {
			if !p.Said.Before(o.Said) {
				*o = p
			}
			return
		}
	}
	r.Places = append(room(r.Places, mostPlaces, func(a, b Place) int { return a.Said.Compare(b.Said) }), p)
}

// allergy enters what one system says of one allergy.
func (r *Record) allergy(a Allergy) {
	for i := range r.Allergies {
		o := &r.Allergies[i]
		if o.Source == a.Source && o.same(&a) {
			if !a.Said.Before(o.Said) {
				*o = a
			}
			return
		}
	}
	if len(r.Allergies) == mostAllergies {
		r.Left++
		if a.Gone {
			return
		}
	}
	r.Allergies = room(r.Allergies, mostAllergies, func(a, b Allergy) int {
		return cmp.Or(compareTruth(b.Gone, a.Gone), a.Said.Compare(b.Said))
	})
	r.Allergies = append(r.Allergies, a)
}

// same tells whether two tell of one thing: by code, or by name where one has none.
func (a *Allergy) same(o *Allergy) bool {
	if a.Code != "" && o.Code != "" {
		return a.Code == o.Code && a.None == o.None
	}
	return a.None == o.None && fold(a.Name) == fold(o.Name)
}

// listed enters a system's whole list: what it named before and does not name now is not so any more. A list that is older than the one that is known says nothing.
func (r *Record) listed(list []Allergy, source string, said time.Time) {
	i := slices.IndexFunc(r.Lists, func(l Listed) bool { return l.Source == source })
	switch {
	case i < 0:
		r.Lists = append(room(r.Lists, mostLists, func(a, b Listed) int { return a.Said.Compare(b.Said) }), Listed{source, said})
	case said.Before(r.Lists[i].Said):
		return
	default:
		r.Lists[i].Said = said
	}
	for i := range r.Allergies {
		o := &r.Allergies[i]
		if o.Source == source && !o.Gone && !o.Said.After(said) && !slices.ContainsFunc(list, func(a Allergy) bool { return o.same(&a) }) {
			o.Gone, o.Said = true, said
		}
	}
	for _, a := range list {
		r.allergy(a)
	}
}

// order finds the order of a number, or begins it; nil when the number is empty. The one that has been over for longest goes when there are too many.
func (r *Record) order(number string) *Order {
	if number == "" {
		return nil
	}
	for i := range r.Orders {
		if r.Orders[i].Number == number {
			return &r.Orders[i]
		}
	}
	if len(r.Orders) == mostOrders && !slices.ContainsFunc(r.Orders, func(o Order) bool { return o.over() }) {
		r.Left++
	}
	r.Orders = room(r.Orders, mostOrders, func(a, b Order) int {
		return cmp.Or(compareTruth(b.over(), a.over()), a.latest().Compare(b.latest()))
	})
	r.Orders = append(r.Orders, Order{Number: number})
	return &r.Orders[len(r.Orders)-1]
}

// over tells whether nothing of an order is still to be done.
func (o *Order) over() bool {
	return o.State == Stopped || o.Said.IsZero() || o.Timing.Once && len(o.Doses) > 0
}

func (o *Order) latest() time.Time {
	at := later(o.Said, o.Turned)
	for _, d := range o.Doses {
		at = later(at, d.At)
	}
	return at
}

// dose enters that a drug was given; one that was told of before is corrected.
func (o *Order) dose(d Dose) {
	i, told := slices.BinarySearchFunc(o.Doses, d, func(a, b Dose) int { return a.At.Compare(b.At) })
	switch {
	case told && o.Doses[i].Gone: // what was taken back stays so
	case told:
		o.Doses[i] = d
	default:
		o.Doses = slices.Insert(o.Doses, i, d)
		if len(o.Doses) > mostDoses {
			o.Doses = slices.Delete(o.Doses, 0, 1)
		}
	}
}

// result enters a value; of one kind the few that were observed last stay.
func (r *Record) result(v Result) {
	n, oldest := 0, -1
	for i := range r.Results {
		o := &r.Results[i]
		if o.Kind != v.Kind {
			continue
		}
		if o.At.Equal(v.At) && fold(o.Title) == fold(v.Title) {
			if !v.Said.Before(o.Said) {
				*o = v
			}
			return
		}
		if n++; oldest < 0 || o.At.Before(r.Results[oldest].At) {
			oldest = i
		}
	}
	switch {
	case n < mostResults:
		r.Results = append(r.Results, v)
	case r.Results[oldest].At.Before(v.At):
		r.Results[oldest] = v
	}
}

// request enters that something is asked for, or has come back.
func (r *Record) request(q Request) {
	if q.Number == "" {
		return
	}
	for i := range r.Requests {
		o := &r.Requests[i]
		if o.Number == q.Number {
			o.Closed = o.Closed || q.Closed
			o.Title, o.Said = cmp.Or(o.Title, q.Title), earlier(o.Said, q.Said)
			return
		}
	}
	r.Requests = room(r.Requests, mostRequests, func(a, b Request) int {
		return cmp.Or(compareTruth(b.Closed, a.Closed), a.Said.Compare(b.Said))
	})
	r.Requests = append(r.Requests, q)
}

// note enters a line under its key: what was said later holds.
func note(list []Note, n Note) []Note {
	for i := range list {
		if o := &list[i]; o.Key == n.Key {
			if !n.Said.Before(o.Said) {
				*o = n
			}
			return list
		}
	}
	return append(room(list, mostNotes, func(a, b Note) int { return a.Said.Compare(b.Said) }), n)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// compareTruth orders false before true.
func compareTruth(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
