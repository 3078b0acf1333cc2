package integrity

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/integrity/chart"
	"github.com/wardline/wardline/internal/integrity/image"
	"github.com/wardline/wardline/internal/integrity/kept"
	"github.com/wardline/wardline/internal/integrity/route"
	"github.com/wardline/wardline/internal/integrity/row"
)

// circumstances are what is known around a change that nothing explains.
type circumstances struct {
	Local   time.Time   // when it was heard, by the clocks of the house
	Trigger time.Time   // since when somebody may wish that the record said something else; zero for none
	Account chart.Truth // the account that is said to have made it is a person's who works here
}

// harm is what may come of a change of a thing. Weights put the worst of a day first: a transfusion of a wrong group kills in minutes, and a wrong
// consent is seen before the operation.
type harm struct {
	id       string
	weight   int
	text     string
	segments []string // of messages
	codes    []string // LOINC, of results
	columns  []string // parts of names of columns of other systems
	kinds    []string // of doubts
}

var harms = []harm{
	{"blood-group", 12, "It is about a blood group.", nil, []string{"882-1", "883-9", "10331-7"}, []string{"blood", "abo"}, nil},
	{"patient", 10, "It is about whose record it is.", []string{"PID-3"}, nil, nil, []string{string(image.Reassigned)}},
	{"allergy", 10, "It is about an allergy.", []string{"AL1", "IAM"}, nil, []string{"allerg"}, nil},
	{"side", 9, "It is about a side or a place of the body.", []string{"RXR-2", "PR1-20", "OBR-15"}, []string{"20228-3"}, []string{"side", "later"}, nil},
	{"dose", 8, "It is about a drug or how much of it.", []string{"RXO", "RXE", "RXD", "RXG", "RXA"}, nil, []string{"dose", "strength", "drug", "rate"}, nil},
	{"pixels", 8, "It is about what a picture shows.", nil, nil, nil, []string{string(image.Redrawn)}},
	{"death", 6, "It is about the time of a death.", []string{"PID-29", "PID-30"}, []string{"31211-6", "81956-5"}, []string{"death", "died", "deceas"}, nil},
	{"consent", 6, "It is about a consent.", []string{"CON"}, []string{"59284-0"}, []string{"consent"}, nil},
	{"result", 5, "It is about what was measured.", []string{"OBX-5", "OBX-6", "OBX-3"}, nil, []string{"value", "result", "unit"}, nil},
}

// limits are values at which people decide, by LOINC code in the unit that is usual with it. They are those that laboratories call a ward for, or that treatment
// is chosen by; other houses have others.
var limits = map[string][]float64{
	"2823-3": {2.8, 6}, "6298-4": {2.8, 6}, "2345-7": {54, 250}, "14749-6": {3, 11.1}, "2951-2": {120, 155}, "718-7": {7}, "6301-6": {1.5, 4.5}, "777-3": {10, 50}, "2524-7": {2, 4},
	"3298-7": {150}, "17861-6": {6.5, 13}, "10839-9": {0.04},
}

// The weights of channel, timing and direction, in decibans: estimates, as those of charts are.
const (
	weighBeside    = 10 // no program writes so: it was done in the database
	weighOnItsWay  = 6  // neither end says that it changes this
	weighAlone     = 6  // who may write in the record can do that properly
	weighNobody    = 5  // a service's account, or one of the database
	weighNight     = 2  // most is changed when most work
	weighAfter     = 8  // a complaint, a death: who has a reason to change it
	weighNormal    = 6  // what is hidden becomes harmless
	weighCrosses   = 6  // what shall do harm becomes another treatment
	weighTenfold   = 8  // a point that moved, or a unit
	weighOther     = 3  // half as much again
	critical       = 28 // from that weight on a doubt is critical, whatever its kind
	recentlyCaused = 60 * 24 * time.Hour
)

// changed weighs a change that nothing explains: what it may do, how it was made, when, and in which direction. It is a pure function. What charts are doubted for has signs of its own.
func changed(d *Doubt, c circumstances) []chart.Sign {
	var out []chart.Sign
	sign := func(holds bool, id string, weight int, text string) {
		if holds {
			out = append(out, chart.Sign{ID: id, Text: text, Weight: weight})
		}
	}
	if h := worstHarm(d); h != nil {
		sign(true, h.id, h.weight, h.text)
	}
	beside := slices.Contains([]string{string(row.Unversioned), string(row.Older), string(row.Tampered)}, d.Kind)
	sign(beside, "beside", weighBeside, "Its program does not change it so, and nothing that it wrote tells of it.")
	sign(slices.Contains([]string{string(route.Altered), string(route.Inserted), string(route.Removed), string(route.Unheard)}, d.Kind), "on-its-way", weighOnItsWay, "It was changed between two systems, and neither says so.")
	sign(d.Kind == string(kept.Differs), "alone", weighAlone, "One system alone says so: what was sent to it was never taken back.")
	sign(c.Account == chart.No, "nobody", weighNobody, "The account that changed it is no person's who works here.")
	night := !c.Local.IsZero() && (c.Local.Hour() < 6 || c.Local.Hour() >= 20 || c.Local.Weekday() == time.Saturday || c.Local.Weekday() == time.Sunday)
	sign(night, "off-hours", weighNight, "It was heard at night or on a weekend.")
	sign(!c.Trigger.IsZero() && !c.Trigger.After(d.At) && d.At.Sub(c.Trigger) < recentlyCaused, "trigger", weighAfter, "A complaint, a legal matter or a death came up before.")
	for _, s := range directions(d) {
		sign(true, s.ID, s.Weight, s.Text)
	}
	return out
}

// worstHarm is what a doubt may do at worst; nil where that is not known.
func worstHarm(d *Doubt) *harm {
	segment, code, _ := strings.Cut(d.About, " ")
	for i := range harms { // the worst first
		h := &harms[i]
		if slices.Contains(h.kinds, d.Kind) || segment == "OBX" && slices.Contains(h.codes, code) || slices.Contains(h.segments, segment) {
			return h
		}
		for _, c := range d.Changes {
			if h.names(c.Field, readBack(d.Kind)) {
				return h
			}
		}
	}
	return nil
}

// names tells whether a field of a message, or a column of another system, is about such a thing.
func (h *harm) names(field string, column bool) bool {
	if column {
		field = strings.ToLower(field)
		return slices.ContainsFunc(h.columns, func(part string) bool { return strings.Contains(field, part) })
	}
	place, _, _ := strings.Cut(field, ".")
	place, _, _ = strings.Cut(place, "[")
	segment, _, _ := strings.Cut(place, "-")
	return slices.Contains(h.segments, place) || slices.Contains(h.segments, segment)
}

// readBack tells doubts about what a system keeps from those about messages.
func readBack(kind string) bool {
	return strings.HasPrefix(kind, "row-") || strings.HasPrefix(kind, "image-")
}

// directions say which way a value went, without the value.
func directions(d *Doubt) []chart.Sign {
	var out []chart.Sign
	var more, crosses, far bool
	for _, c := range d.Changes {
		if c.Field == "OBX-8" && abnormal(c.Before) && !abnormal(c.After) {
			out = append(out, chart.Sign{ID: "becomes-normal", Text: "What was flagged as out of its range is not flagged any more.", Weight: weighNormal})
		}
		a, okA := amount(c.Before)
		b, okB := amount(c.After)
		if !okA || !okB || !isAmount(c.Field, readBack(d.Kind)) {
			continue
		}
		_, code, _ := strings.Cut(d.About, " ")
		crosses = crosses || slices.ContainsFunc(limits[code], func(at float64) bool { return a < at != (b < at) })
		ratio := math.Abs(math.Log10(max(math.Abs(a), 1e-9) / max(math.Abs(b), 1e-9)))
		far, more = far || ratio >= 0.9, more || ratio >= 0.17
	}
	switch {
	case far:
		out = append(out, chart.Sign{ID: "tenfold", Text: "It became about ten times as large or as small, or more.", Weight: weighTenfold})
	case more:
		out = append(out, chart.Sign{ID: "other", Text: "It became half as large again, or a third smaller, or more.", Weight: weighOther})
	}
	if crosses {
		out = append(out, chart.Sign{ID: "crosses", Text: "It lies on the other side of a value at which people decide.", Weight: weighCrosses})
	}
	return out
}

// isAmount tells fields and columns that say how much, from those whose numbers name something.
func isAmount(field string, column bool) bool {
	if column {
		return !strings.HasSuffix(strings.ToLower(field), "id")
	}
	place, _, _ := strings.Cut(field, "[")
	return slices.Contains([]string{"OBX-5", "RXO-2", "RXO-3", "RXE-3", "RXE-4", "RXD-4", "RXG-5", "RXG-6", "RXA-6"}, place)
}

// abnormal tells flags of HL7 table 0078 that call for somebody.
func abnormal(flag string) bool {
	first, _, _ := strings.Cut(flag, "~")
	return slices.Contains([]string{"H", "HH", "L", "LL", "A", "AA", ">", "<", "POS"}, strings.ToUpper(first))
}

// amount reads a number, without a sign that compares.
func amount(text string) (float64, bool) {
	x, err := strconv.ParseFloat(strings.TrimLeft(strings.TrimSpace(text), "<>= "), 64)
	return x, err == nil && !math.IsNaN(x) && !math.IsInf(x, 0)
}

// Weight is how much speaks for it: the worst of a day is the heaviest.
func (d *Doubt) Weight() int {
	sum := 0
	for _, s := range d.Signs {
		sum += s.Weight
	}
	return sum
}

// weigh adds to a doubt what its circumstances say. whose is the identifier of its patient as PID-3 writes it.
func weigh(h *hospital.House, zone *time.Location, d *Doubt, whose string) {
	if zone == nil {
		zone = time.UTC
	}
	c := circumstances{Local: d.At.In(zone)}
	if d.Author != "" {
		if h.StaffNamed(h.Ref(d.Author)) != nil {
			c.Account = chart.Yes
		} else if h.Overview().Staff > 0 { // else nobody is known
			c.Account = chart.No
		}
	}
	if p := h.Patient(patientOf(h, whose)); p != nil {
		s := scribe{house: h, said: d.At}
		c.Trigger = s.trigger(p)
	}
	d.Signs = append(d.Signs, changed(d, c)...)
}

// raise makes the level of a doubt that of the worst, where it weighs as much.
func (d *Doubt) raise(level string) string {
	if readBackOrSent(d.Kind) && d.Weight() >= critical && finding.Rank(level) < finding.Rank("critical") {
		return "critical"
	}
	return level
}

// readBackOrSent tells doubts about changes from those about charts, whose signs weigh something else.
func readBackOrSent(kind string) bool {
	return readBack(kind) || slices.Contains([]string{string(kept.Differs), string(route.Altered), string(route.Inserted), string(route.Removed), string(route.Unheard)}, kind)
}

// heaviestFirst orders doubts that come latest first: within a day of the house's calendar by their weight.
func heaviestFirst(all []Doubt, zone *time.Location) {
	if zone == nil {
		zone = time.UTC
	}
	dayOf := func(d *Doubt) string { return d.At.In(zone).Format(time.DateOnly) }
	slices.SortStableFunc(all, func(a, b Doubt) int {
		if x, y := dayOf(&a), dayOf(&b); x != y {
			return strings.Compare(y, x)
		}
		return b.Weight() - a.Weight()
	})
}
