package downtime

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Bounds of a pack.
const (
	MostSteps    = 5
	mostLines    = 6 // of what is down, of what works, of forms
	mostContacts = 8
	mostPatients = 400
	mostNumbers  = 500 // of a block
	mostWords    = 300 // bytes of a line
)

// Pack is all that a unit gets on paper.
type Pack struct {
	Site  string
	Unit  string // as people write it on doors
	Title string
	// Data is when the feeds were heard last, Printed when the pack was made, Until when it is too old to be used.
	Data, Printed, Until time.Time
	Zone                 *time.Location // whose clock is printed
	Letter               bool           // paper as in America, else A4

	Down       []string // what is down, each with since when
	Works      []string
	Steps      []string // what to do, MostSteps at most
	Call       []Contact
	Forms      []Form
	MRNs       Block // numbers for patients who come while no system gives any
	Accessions Block // numbers for specimens and images

	Patients []Patient // in the order of beds
}

// Contact is who is called.
type Contact struct{ Name, Number string }

// Form is a paper form that lies on the unit.
type Form struct{ Number, Title string }

// Block is a range of numbers that the unit may give out while the systems are down. No other unit has them.
type Block struct {
	Prefix   string
	From, To int // both included; From is 1 at least
}

// numbers lists the numbers of a block.
func (b Block) numbers() (all []string) {
	for n := b.From; n > 0 && n <= b.To && len(all) < mostNumbers; n++ {
		all = append(all, fmt.Sprintf("%s%04d", b.Prefix, n))
	}
	return all
}

// Patient is one who lies on the unit.
type Patient struct {
	Bed, Family, Given, Sex, MRN string
	Born                         time.Time // a day; zero when not known

	Allergies   []Allergy
	Known       Knowledge
	AllergySaid time.Time
	Drugs       []Drug
	Results     []Result
	Requests    []Request
	Notes       []Note    // wishes, diet
	Heard       time.Time // when the last message about the patient was made
	Left        int       // how much is known to be missing here
}

// Knowledge is what is known of allergies.
type Knowledge uint8

// Unknown is not None.
const (
	Unknown Knowledge = iota
	None
	Some
)

// Allergy is one.
type Allergy struct {
	Name, Note string
	Severe     bool
}

// Drug is one that is ordered, or was given lately.
type Drug struct {
	Number, Name, Dose, Route, How string
	Needed, Held, Stopped          bool
	Clear                          bool      // whether it can be told when it is due
	Said                           time.Time // when it was ordered; zero when that is not known
	Due, Missed                    []Slot
	Last                           []Dose
}

// Slot is a time at which a drug is due.
type Slot struct {
	At    time.Time
	Usual bool      // the hour is the house's, not the order's
	Given time.Time // a dose that belongs to it; zero for none
}

// Dose is one that was given, or refused.
type Dose struct {
	At      time.Time
	Amount  string
	Refused bool
}

// Result is a value that is worth having.
type Result struct {
	Name, Value, Unit, Flag string
	Waiting                 bool // preliminary
	At                      time.Time
}

// Note is a line about a patient.
type Note struct {
	Text string
	Said time.Time
}

// Request is something whose result has not come back.
type Request struct {
	Number, Title string
	Said          time.Time
}

// ErrPack says why a pack cannot be printed.
var ErrPack = errors.New("downtime pack")

// Check tells what of a pack does not fit on paper, before anything is printed. It quotes no patient.
func (p *Pack) Check() error {
	if p.Unit == "" || p.Data.IsZero() || p.Printed.IsZero() || p.Until.IsZero() || p.Zone == nil {
		return fmt.Errorf("%w: it needs a unit, a zone and its three times", ErrPack)
	}
	if p.Printed.Before(p.Data) || !p.Until.After(p.Data) {
		return fmt.Errorf("%w of %s: its times are not in order: data, printed, until", ErrPack, p.Unit)
	}
	for _, c := range []struct {
		what    string
		n, most int
	}{
		{"steps", len(p.Steps), MostSteps}, {"lines of what is down", len(p.Down), mostLines}, {"lines of what works", len(p.Works), mostLines}, {"forms", len(p.Forms), mostLines},
		{"numbers to call", len(p.Call), mostContacts}, {"patients", len(p.Patients), mostPatients},
		{"numbers of new patients", p.MRNs.To - p.MRNs.From + 1, mostNumbers}, {"accession numbers", p.Accessions.To - p.Accessions.From + 1, mostNumbers},
	} {
		if c.n > c.most {
			return fmt.Errorf("%w of %s: %d %s, and %d are the most", ErrPack, p.Unit, c.n, c.what, c.most)
		}
	}
	lines := slices.Concat([]string{p.Site, p.Unit, p.Title, p.MRNs.Prefix, p.Accessions.Prefix}, p.Down, p.Works, p.Steps)
	for _, c := range p.Call {
		lines = append(lines, c.Name, c.Number)
	}
	for _, f := range p.Forms {
		lines = append(lines, f.Number, f.Title)
	}
	for _, text := range lines {
		if len(text) > mostWords {
			return fmt.Errorf("%w of %.20s: a line of its card has %d bytes, and %d are the most", ErrPack, p.Unit, len(text), mostWords)
		}
	}
	return nil
}

// clock is a time as the ward's clock shows it.
func (p *Pack) clock(at time.Time) string { return at.In(p.Zone).Format("15:04") }

// moment is a time with its day where that is not the day of the data.
func (p *Pack) moment(at time.Time) string {
	if at.In(p.Zone).Format(time.DateOnly) == p.Data.In(p.Zone).Format(time.DateOnly) {
		return p.clock(at)
	}
	return at.In(p.Zone).Format("2 Jan 15:04")
}

// Age is what stands large on every page.
func (p *Pack) Age() string { return "Data of " + p.Data.In(p.Zone).Format("2 Jan 15:04") }

// printed says when the pack was printed and until when it may be used.
func (p *Pack) printed() string { return "printed " + p.moment(p.Printed) }
func (p *Pack) until() string   { return "use until " + p.moment(p.Until) }

// name is a patient's, the family's first.
func (t *Patient) name() string {
	switch {
	case t.Family == "" && t.Given == "":
		return "(name not sent)"
	case t.Given == "":
		return t.Family
	}
	return t.Family + ", " + t.Given
}

// born says when a patient was born, and how old that is. Babies have days and months.
func (p *Pack) born(t *Patient) string {
	if t.Born.IsZero() {
		return "birth date not sent"
	}
	now := p.Data.In(p.Zone)
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	years := today.Year() - t.Born.Year()
	if t.Born.AddDate(years, 0, 0).After(today) {
		years--
	}
	days := int(today.Sub(t.Born) / (24 * time.Hour))
	age := fmt.Sprintf("%d y", years)
	switch {
	case days < 0:
		return t.Born.Format("2 Jan 2006")
	case days < 60:
		age = fmt.Sprintf("%d days", days)
	case years < 2:
		age = fmt.Sprintf("%d months", days*12/365)
	}
	return t.Born.Format("2 Jan 2006") + " (" + age + ")"
}

// allergies says what is known of them, in words that cannot be taken for one another.
func (p *Pack) allergies(t *Patient) []string {
	var all []string
	switch t.Known {
	case Unknown:
		return []string{"NOT KNOWN: no allergies were sent. Ask."}
	case None:
		return []string{"None known (said " + p.moment(t.AllergySaid) + ")"}
	}
	for _, a := range t.Allergies {
		text := a.Name
		if a.Severe {
			text = "! " + text
		}
		if a.Note != "" {
			text += " (" + a.Note + ")"
		}
		all = append(all, text)
	}
	if !t.AllergySaid.IsZero() {
		all = append(all, "as of "+p.moment(t.AllergySaid))
	}
	return all
}

// notes are lines about a patient, each with when it was said.
func (p *Pack) notes(t *Patient) (all []string) {
	for _, n := range t.Notes {
		text := n.Text
		if !n.Said.IsZero() {
			text += " (said " + p.moment(n.Said) + ")"
		}
		all = append(all, text)
	}
	return all
}

// order is what stands below a drug's name.
func (p *Pack) order(g *Drug) string {
	var all []string
	for _, text := range []string{g.Dose, g.Route, g.How} {
		if text != "" {
			all = append(all, text)
		}
	}
	text := strings.Join(all, ", ")
	if !g.Said.IsZero() {
		text += "; ordered " + p.moment(g.Said)
	}
	return text
}
