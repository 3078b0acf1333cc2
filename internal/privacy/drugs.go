package privacy

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/hospital/reader"
	"github.com/wardline/wardline/internal/privacy/diversion"
)

// drugs is what is known of controlled drugs: see package diversion.
type drugs struct {
	rules *diversion.Rules
	book  *diversion.Book
	heard map[int32]struct{} // hours since 1970 in which the record said that something was given
	week  int64              // that was assessed last
	fresh []*diversion.Entry // to be written
	until int64              // entries before it are to be forgotten where they were written
}

func newDrugs(r *diversion.Rules) *drugs {
	if r == nil {
		return nil
	}
	return &drugs{rules: r, book: diversion.NewBook(r), heard: map[int32]struct{}{}}
}

// IsCabinet tells whether events of a class are transactions at drug cabinets.
func IsCabinet(c *event.Class) bool { return c.Product == "pharmacy" && c.Service == "cabinet" }

// tellsOfDrugs tells whether events of a class may be transactions at drug cabinets, or say what was given or ordered.
func tellsOfDrugs(c *event.Class) bool {
	return IsCabinet(c) || c.Product == "hl7" || c.Product == "fhir" && c.Service == "resource"
}

// drug takes in what an event says of controlled drugs.
func (e *Engine) drug(ev *event.Event, at hospital.Place) {
	if e.drugs == nil {
		return
	}
	if IsCabinet(ev.Class) {
		e.counts.Cabinet++
		e.transaction(ev, at)
		return
	}
	doses, err := reader.Doses(ev, e.cfg.Zone)
	if err != nil {
		return // the follower counts what cannot be read
	}
	for i := range doses {
		e.dose(&doses[i], at)
	}
}

// transaction enters a row of a cabinet's log that is about a controlled drug.
func (e *Engine) transaction(ev *event.Event, at hospital.Place) {
	get := func(name string) string {
		for v := range ev.Values("row." + name) {
			return string(v)
		}
		return ""
	}
	kind, t := kindOfTransaction(get("type")), believed(ev)
	drug := e.drugs.rules.Controlled(get("drug"), get("name"))
	if kind == 0 || drug == nil || t.IsZero() {
		return
	}
	amount, _ := strconv.ParseFloat(get("amount"), 64)
	d := diversion.Entry{
		At: t.UnixMilli(), Kind: kind, User: e.house.Intern(get("user")), Witness: e.house.Intern(get("witness")), Amount: amount,
		Drug: e.house.Intern(drug.Name), Class: e.house.Intern(drug.Class), Station: e.code(get("station")), Unit: e.code(get("unit")),
		Order: e.numbered("order", get("order")), Journal: at.Entry, Line: at.Line,
	}
	d.Due = max(d.At, e.now.UnixMilli()) + time.Duration(e.drugs.rules.Settle).Milliseconds()
	if id := get("patient"); id != "" {
		d.Patient = e.patientOf([]byte(id), []byte(get("authority")))
	}
	if d.Patient == 0 {
		d.Patient, _ = e.house.FindVisit(get("visit"))
	}
	d.ID = e.numbered("transaction", strconv.FormatInt(d.At, 10), get("station"), get("type"), get("user"), get("witness"), get("patient"), get("visit"), get("drug"),
		get("name"), get("amount"), get("unit"), get("order"))
	e.enterDrug(d)
}

// code is a code as far as it can be one: what is longer is something that somebody wrote into its place.
func (e *Engine) code(text string) hospital.Ref {
	const longest = 40
	if len(text) > longest {
		return 0
	}
	return e.house.Intern(text)
}

func kindOfTransaction(word string) diversion.Kind {
	return map[string]diversion.Kind{
		"remove": diversion.Remove, "override": diversion.Override, "waste": diversion.Waste, "return": diversion.Return, "cancel": diversion.Cancel,
	}[word]
}

// dose enters what the record says of a controlled drug, and notes that it says something of drugs at all.
func (e *Engine) dose(d *hospital.Dose, at hospital.Place) {
	const ahead, behind = 24 * time.Hour, 60 * 24 * time.Hour
	if !e.now.IsZero() && (d.At.After(e.now.Add(ahead)) && !d.Ordered || d.At.Before(e.now.Add(-behind))) {
		return // nobody has given it yet, or no window reaches it
	}
	if !d.Ordered && !d.Revoked {
		e.drugs.heard[int32(d.At.Unix()/3600)] = struct{}{}
	}
	drug := e.drugs.rules.Controlled(d.Code, d.Name)
	if drug == nil {
		return
	}
	p, _ := e.house.Find(d.Patient)
	if p == 0 {
		p, _ = e.house.FindVisit(d.Visit)
	}
	if p == 0 {
		return
	}
	kind := diversion.Given
	switch {
	case d.Ordered:
		kind = diversion.Ordered
	case d.Revoked:
		kind = diversion.Revoked
	}
	x := diversion.Entry{
		At: d.At.UnixMilli(), Kind: kind, User: e.house.Intern(d.By.Text), Amount: d.Amount, Patient: p, Drug: e.house.Intern(drug.Name),
		Class: e.house.Intern(drug.Class), Unit: e.code(d.Unit), Order: e.numbered("order", d.Order), Journal: at.Entry, Line: at.Line,
	}
	who := d.Visit
	if len(d.Patient) > 0 {
		who = d.Patient[0].Value
	}
	x.ID = e.numbered("dose", strconv.Itoa(int(kind)), strconv.FormatInt(x.At, 10), who, d.Code, d.Name, d.Order)
	e.enterDrug(x)
}

func (e *Engine) enterDrug(d diversion.Entry) {
	if held := e.drugs.book.Add(d); held != nil {
		e.drugs.fresh = append(e.drugs.fresh, held)
	}
}

// numbered makes a number of texts that are only compared; 0 of nothing. Like short, and longer.
func (e *Engine) numbered(what string, texts ...string) uint64 {
	h := fnv.New64a()
	h.Write(e.cfg.Secret)
	h.Write([]byte(what))
	empty := true
	for _, t := range texts {
		empty = empty && t == ""
		h.Write(binary.AppendUvarint(nil, uint64(len(t))))
		h.Write([]byte(t))
	}
	if empty {
		return 0
	}
	return max(h.Sum64(), 1)
}

// weekly is how often people are compared. Weeks are counted from a fixed day, so that a restart moves none of them.
const weekly = 7 * 24 * time.Hour

// watchDrugs asks the house about removals, and compares people when a week is over.
func (e *Engine) watchDrugs() error {
	w := e.drugs
	if w == nil {
		return nil
	}
	for _, d := range w.book.Due(e.now) {
		e.askHouse(d)
		w.fresh = append(w.fresh, d)
	}
	week := e.now.Unix() / int64(weekly/time.Second)
	if week <= w.week {
		return e.house.Err()
	}
	if w.week == 0 {
		w.week = week
		return e.house.Err()
	}
	w.week = week
	at := time.Unix(week*int64(weekly/time.Second), 0).UTC()
	w.until = w.book.Forget(at)
	for hour := range w.heard {
		if int64(hour)*3_600_000 < w.until {
			delete(w.heard, hour)
		}
	}
	e.listDrugs(at)
	return e.house.Err()
}

// askHouse notes whether the patient was still there when something was taken out, and whether the person was on duty.
func (e *Engine) askHouse(d *diversion.Entry) {
	r := e.drugs.rules
	d.Marks |= diversion.Asked
	at := time.UnixMilli(d.At).UTC()
	unit := hospital.Ref(0)
	if st := e.house.StaffNamed(d.User); st != nil {
		slack := time.Duration(r.Duty)
		shifts, rostered := e.house.Duty(st.ID, at.Add(-slack), at.Add(slack))
		if rostered {
			d.Marks |= diversion.Rostered
			if !slices.ContainsFunc(shifts, func(s hospital.Shift) bool { return !s.Leave }) {
				d.Marks |= diversion.Off
			}
		}
		for i := range shifts {
			if s := &shifts[i]; rostered && !s.Leave && !at.Before(s.From) && at.Before(s.To) {
				unit = s.Unit
			}
		}
	}
	if p := e.house.Patient(d.Patient); p != nil {
		d.Marks |= whereabouts(p, at, unit, time.Duration(r.Left))
	}
}

// whereabouts tells whether a patient had left at a time: the house, or the unit on which the person who takes something out is at work.
func whereabouts(p *hospital.Patient, at time.Time, unit hospital.Ref, slack time.Duration) (m diversion.Marks) {
	began, here, left := false, false, false
	over := func(end time.Time) bool { return !end.IsZero() && at.After(end.Add(slack)) }
	for i := range p.Visits {
		v := &p.Visits[i]
		if v.Start.After(at.Add(slack)) {
			continue
		}
		began = true
		if over(v.End) {
			continue
		}
		was, is := false, false
		for _, s := range v.Stays {
			if s.Unit == unit && unit != 0 && !s.From.After(at.Add(slack)) {
				was, is = true, is || !over(s.To)
			}
		}
		here, left = true, left || was && !is
	}
	switch {
	case !began:
		return 0
	case !here || left:
		return diversion.Known | diversion.Left
	}
	return diversion.Known
}

// heardAround tells whether the record said anything of drugs about when a giving would stand there: in a small house that may be a while.
func (e *Engine) heardAround(at time.Time) bool {
	r := e.drugs.rules
	last := at.Add(time.Duration(r.Given+r.Silent)).Unix() / 3600
	for hour := at.Add(-time.Duration(r.Silent)).Unix() / 3600; hour <= last && hour < math.MaxInt32; hour++ {
		if _, ok := e.drugs.heard[int32(hour)]; ok {
			return true
		}
	}
	return false
}
