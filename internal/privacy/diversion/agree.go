package diversion

import (
	"slices"

	"github.com/wardline/wardline/content/span"
	"github.com/wardline/wardline/internal/hospital"
)

// dose is a removal, with what the cabinet and the record say of it afterwards.
type dose struct {
	*Entry
	given    *Entry
	back     bool    // it was returned, or wasted as a whole
	wasted   float64 // of its amount
	ordered  bool
	most     float64 // that was ordered or given, in the unit of its amount; 0 when nobody says
	returned bool
}

// waste is a waste, with the removal that it belongs to.
type waste struct {
	*Entry
	of *dose
}

// about is one drug of one patient.
type about struct {
	patient hospital.PatientID
	drug    hospital.Ref
}

// agreed is what became of all doses of the window.
type agreed struct {
	doses   []*dose
	wastes  []*waste
	cancels []*Entry
}

// agree finds for each dose what answers it. from and until bound when it was taken out; what answers it may come later.
func (b *Book) agree(from, until int64, current func(hospital.PatientID) hospital.PatientID) *agreed {
	groups := map[about][]*Entry{}
	for _, e := range b.entries {
		if e.At >= from-milli(b.rules.Order) {
			k := about{current(e.Patient), e.Drug}
			groups[k] = append(groups[k], e)
		}
	}
	all := &agreed{}
	for _, list := range groups {
		slices.SortFunc(list, byTime)
		b.rules.answer(list, from, until, all)
	}
	slices.SortFunc(all.doses, func(a, b *dose) int { return byTime(a.Entry, b.Entry) })
	slices.SortFunc(all.wastes, func(a, b *waste) int { return byTime(a.Entry, b.Entry) })
	slices.SortFunc(all.cancels, byTime)
	return all
}

// answer goes through what is said of one drug of one patient, in order.
func (r *Rules) answer(list []*Entry, from, until int64, all *agreed) {
	var doses []*dose
	within := func(e *Entry) bool { return from <= e.At && e.At < until }
	for _, e := range list {
		switch {
		case e.taken() && e.At < until:
			doses = append(doses, &dose{Entry: e})
		case e.Kind == Cancel && within(e):
			all.cancels = append(all.cancels, e)
		case e.Kind == Return:
			if d := r.taken(doses, e, func(d *dose) bool { return !d.back }); d != nil {
				d.back, d.returned = true, true
			}
		case e.Kind == Waste:
			d := r.taken(doses, e, func(d *dose) bool { return !d.returned && (d.Amount == 0 || d.wasted < d.Amount) })
			if d != nil && e.Unit == d.Unit {
				d.wasted += e.Amount
				d.back = d.back || d.Amount > 0 && d.wasted >= d.Amount*(1-rounding)
			}
			if within(e) {
				all.wastes = append(all.wastes, &waste{e, d})
			}
		}
	}
	r.givings(doses, list)
	r.orders(doses, list)
	for _, d := range doses {
		if within(d.Entry) {
			all.doses = append(all.doses, d)
		}
	}
}

// rounding is what amounts may differ by and be the same.
const rounding = 1e-6

// taken finds the removal that a return or a waste belongs to: the latest of the same person, else of anybody.
func (r *Rules) taken(doses []*dose, e *Entry, fits func(*dose) bool) *dose {
	var other *dose
	for _, d := range slices.Backward(doses) {
		if e.At-d.At > milli(r.Back) {
			break
		}
		if !fits(d) {
			continue
		}
		if d.User == e.User {
			return d
		}
		if other == nil {
			other = d
		}
	}
	return other
}

// givings has each giving answer one dose: first those that were given in time, and then, of what is left on both sides, those that were written down
// late. As all doses wait equally long, it is the most that can be answered when each, in order, takes the first that is left.
func (r *Rules) givings(doses []*dose, list []*Entry) {
	var given []*Entry
	for _, e := range list {
		if e.Kind == Given && !slices.ContainsFunc(list, func(o *Entry) bool { return o.Kind == Revoked && o.At == e.At && o.Order == e.Order }) {
			given = append(given, e)
		}
	}
	for _, within := range []span.Span{r.Given, r.Later} {
		for _, d := range doses {
			if d.back || d.given != nil {
				continue
			}
			at := slices.IndexFunc(given, func(g *Entry) bool { return g.At >= d.At-milli(r.Before) && g.At <= d.At+milli(within) })
			if at < 0 {
				continue
			}
			d.answer(given[at])
			given = slices.Delete(given, at, at+1)
		}
	}
}

func (d *dose) answer(given *Entry) {
	d.given = given
	if given.Unit == d.Unit && d.Unit != 0 {
		d.most = given.Amount
	}
}

// orders finds which doses were ordered, and of how much.
func (r *Rules) orders(doses []*dose, list []*Entry) {
	for _, o := range list {
		if o.Kind != Ordered {
			continue
		}
		for _, d := range doses {
			d.ordered = d.ordered || max(o.At-d.At, d.At-o.At) <= milli(r.Order)
			if d.given == nil && d.Order != 0 && d.Order == o.Order && d.Unit != 0 && d.Unit == o.Unit {
				d.most = max(d.most, o.Amount)
			}
		}
	}
}
