package downtime

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Kind is what must be entered back.
type Kind string

// The kinds.
const (
	DrugGiven  Kind = "drug"
	ResultCame Kind = "result"
	CameIn     Kind = "admission" // is there at the end and was not at the beginning
	WentAway   Kind = "departure" // was there at the beginning and is not any more
	Charted    Kind = "charting"  // vitals and notes of who was there
)

func kinds() []Kind { return []Kind{DrugGiven, ResultCame, CameIn, WentAway, Charted} }

// Item is one thing that was probably written on paper and must be entered. As data it tells other watchers that a late entry is expected.
type Item struct {
	Unit    string    `json:"unit"`
	MRN     string    `json:"mrn"`
	Bed     string    `json:"bed,omitempty"`
	Patient string    `json:"patient"`
	Kind    Kind      `json:"kind"`
	Order   string    `json:"order,omitempty"` // the number that systems know it by
	What    string    `json:"what"`
	Due     time.Time `json:"due"`             // when it was to be done; the beginning of the downtime where no time is known
	Timed   bool      `json:"timed,omitempty"` // a time is known
}

// Reconciliation is what must be entered back after a downtime.
type Reconciliation struct {
	Unit  string    `json:"unit"`
	Title string    `json:"title"`
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	Items []Item    `json:"items"`
	Left  int       `json:"left,omitempty"` // items that did not fit
	Blind time.Time `json:"blind,omitzero"` // from then on it was not known at the beginning what would be due; zero when it was
}

// mostItems bounds a list.
const mostItems = 20_000

// ErrInterval says that a downtime has no beginning or no end, or that two packs are not of one unit.
var ErrInterval = errors.New("reconcile a downtime")

// Reconcile makes the list for a unit: of what was known of it at the beginning, and of who lies there at the end. The end's facts are those that systems have when they are
// back; what they do not know yet is what the list is about. A list is a help to find paper, and no proof that there was any.
func Reconcile(start, end *Pack, from, to time.Time) (*Reconciliation, error) {
	switch {
	case from.IsZero() || !to.After(from):
		return nil, fmt.Errorf("%w: it must have begun before it ended", ErrInterval)
	case start.Unit != end.Unit:
		return nil, fmt.Errorf("%w: the census at the beginning is of %s, that at the end of %s", ErrInterval, start.Unit, end.Unit)
	}
	r := &Reconciliation{Unit: start.Unit, Title: start.Title, From: from, To: to}
	if to.After(start.Until) {
		r.Blind = start.Until
	}
	stays := func(p *Pack, mrn string) bool {
		return slices.ContainsFunc(p.Patients, func(t Patient) bool { return t.MRN == mrn })
	}
	for i := range start.Patients {
		t := &start.Patients[i]
		if !stays(end, t.MRN) {
			r.add(t, WentAway, "", "when the patient left, and where to", from)
		}
		r.of(t)
	}
	for i := range end.Patients {
		if t := &end.Patients[i]; !stays(start, t.MRN) {
			r.add(t, CameIn, "", "admission, allergies, orders, and the downtime number if one was given", from)
			r.add(t, Charted, "", "vitals and notes", from)
		}
	}
	slices.SortStableFunc(r.Items, func(a, b Item) int {
		return cmp.Or(cmp.Compare(len(a.Bed), len(b.Bed)), cmp.Compare(a.Bed, b.Bed), cmp.Compare(a.MRN, b.MRN), a.Due.Compare(b.Due))
	})
	return r, nil
}

// of lists what was to be done for one who was there at the beginning.
func (r *Reconciliation) of(t *Patient) {
	for i := range t.Drugs {
		g := &t.Drugs[i]
		timed := false
		for _, s := range slices.Concat(g.Missed, g.Due) {
			if !s.At.Before(r.From) && s.At.Before(r.To) && s.Given.IsZero() {
				r.put(t, Item{Kind: DrugGiven, Order: g.Number, What: g.what(), Due: s.At, Timed: true})
				timed = true
			}
		}
		if !timed && !g.Stopped && !g.Held && (g.Needed || !g.Clear) {
			r.add(t, DrugGiven, g.Number, g.what()+": whenever it was given", r.From)
		}
	}
	for _, q := range t.Requests {
		r.add(t, ResultCame, q.Number, or(q.Title, q.Number), r.From)
	}
	r.add(t, Charted, "", "vitals and notes", r.From)
}

func (r *Reconciliation) add(t *Patient, kind Kind, order, what string, due time.Time) {
	r.put(t, Item{Kind: kind, Order: order, What: what, Due: due})
}

func (r *Reconciliation) put(t *Patient, i Item) {
	if len(r.Items) == mostItems {
		r.Left++
		return
	}
	i.Unit, i.MRN, i.Bed, i.Patient, i.Due = r.Unit, t.MRN, t.Bed, t.name(), i.Due.UTC()
	r.Items = append(r.Items, i)
}

// Reconciliation prints the list with boxes to tick. Its head says of when the census at the beginning is.
func (s *Press) Reconciliation(p *Pack, r *Reconciliation) ([]byte, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	d := s.begin(p, "To be entered back "+p.Unit)
	d.until = "of what was known then"
	d.page("To be entered back", false)
	d.text(margin, d.width(), 12, true, fmt.Sprintf("Downtime from %s to %s. %d things: %s.", p.moment(r.From), p.moment(r.To), len(r.Items), tally(r.Items)))
	if r.Left > 0 {
		d.text(margin, d.width(), 12, true, fmt.Sprintf("INCOMPLETE: %d more did not fit. Go through the charts.", r.Left))
	}
	if !r.Blind.IsZero() {
		d.text(margin, d.width(), 12, true, fmt.Sprintf("INCOMPLETE: what was due after %s was not known at the beginning. Go through the paper.", p.moment(r.Blind)))
	}
	d.text(margin, d.width(), 10, false, "Tick what is entered, with its true time and \"late entry: downtime\". Cross out what did not happen. Keep the paper.")
	d.y += 2
	t := d.table(column{"Bed", 15}, column{"Patient", 52}, column{"What", d.width() - 15 - 52 - 24 - 14 - 30}, column{"Due", 24}, column{"Done", 14}, column{"By, at", 30})
	for _, i := range r.Items {
		due := ""
		if i.Timed {
			due = p.moment(i.Due)
		}
		t.row(9, t.cell(0, 10, true, i.Bed), append(t.cell(1, 9.5, true, i.Patient), t.cell(1, 8.5, false, i.MRN)...), t.cell(2, 9.5, false, string(i.Kind)+": "+i.What), t.cell(3, 9.5, false, due), []line{{"□", 14, false}})
	}
	t.end()
	return d.end()
}
