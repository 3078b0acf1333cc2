package continuity

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/content/strict"
	"github.com/wardline/wardline/internal/continuity/bedside"
	"github.com/wardline/wardline/internal/continuity/downtime"
)

// PaperConfig says which units get downtime packs, and where these go.
type PaperConfig struct {
	// Every is how often packs are made: 1h when left out. Valid is for how long one may be used: 8h. For so long due drugs stand in it.
	Every time.Duration `yaml:"every"`
	Valid time.Duration `yaml:"valid"`
	// Keep is how many packs of a unit stay in a folder: 24 when left out.
	Keep int `yaml:"keep"`
	// Folders get the packs of all units that name none.
	Folders []string `yaml:"folders"`
	// Keys are public keys (age1..., one a line) for which the packs of units are sealed that name none: wardline downtime key makes one.
	Keys string `yaml:"keys"`
	// Call are numbers that stand on every unit's card, first of all.
	Call []Number `yaml:"call"`
	// Steps are what a unit does when systems are down, five at most; what is usual when left out.
	Steps []string `yaml:"steps"`
	// Letter is paper as in America; A4 when left out.
	Letter bool `yaml:"letter"`
	// Units get packs. A unit that is not listed gets none.
	Units []PaperUnit `yaml:"units"`
}

// PaperUnit is a unit that gets packs.
type PaperUnit struct {
	// Unit is how messages call it (PV1-3.1), and Title what stands on its door: Unit when left out.
	Unit  string `yaml:"unit"`
	Title string `yaml:"title"`
	// Folders and Keys stand in for those of all units.
	Folders []string `yaml:"folders"`
	Keys    string   `yaml:"keys"`
	// Call are further numbers, and Forms the paper forms that lie there.
	Call  []Number    `yaml:"call"`
	Forms []PaperForm `yaml:"forms"`
	// Patients and Specimens are blocks of numbers that this unit may give out while the systems are down, and no other.
	Patients  Block `yaml:"patients"`
	Specimens Block `yaml:"specimens"`
}

// Number is who is called, PaperForm a paper form, Block numbers from one to another.
type (
	Number struct {
		Name string `yaml:"name"`
		Call string `yaml:"number"`
	}
	PaperForm struct {
		Number string `yaml:"number"`
		Title  string `yaml:"title"`
	}
	Block struct {
		Prefix string `yaml:"prefix"`
		From   int    `yaml:"from"`
		To     int    `yaml:"to"`
	}
)

// usualSteps are what a unit does whatever is down.
func usualSteps() []string {
	return []string{
		"Look at the age of this paper first. After the time until which it may be used, go by the patient alone.", "Check name, birth date and allergies at the bed before each drug; two people for what can kill.",
		"Have urgent results told by phone, and read them back.", "Write everything down with its time: it is entered later.", "When the systems are back, do not retype at once: work through the list of what must be entered.",
	}
}

// ParsePaper reads a declaration and fills in what was left out.
func ParsePaper(text []byte) (PaperConfig, error) {
	var c PaperConfig
	if err := strict.Decode(text, &c); err != nil {
		return c, fmt.Errorf("read the units that get downtime packs: %w", err)
	}
	c.Every, c.Valid, c.Keep = cmp.Or(c.Every, time.Hour), cmp.Or(c.Valid, 8*time.Hour), cmp.Or(c.Keep, 24)
	if c.Steps == nil {
		c.Steps = usualSteps()
	}
	switch {
	case c.Every < 5*time.Minute || c.Every > 24*time.Hour:
		return c, errors.New("every: from 5m to 24h")
	case c.Valid < time.Hour || c.Valid > 72*time.Hour:
		return c, errors.New("valid: from 1h to 72h")
	case c.Keep < 1 || c.Keep > 1000:
		return c, errors.New("keep: from 1 to 1000")
	case len(c.Steps) > downtime.MostSteps:
		return c, fmt.Errorf("steps: %d at most", downtime.MostSteps)
	}
	names := map[string]bool{}
	for i := range c.Units {
		u := &c.Units[i]
		if err := c.complete(u); err != nil {
			return c, fmt.Errorf("unit %d: %w", i+1, err)
		}
		if names[u.Unit] {
			return c, fmt.Errorf("unit %d: it is listed twice", i+1)
		}
		names[u.Unit] = true
	}
	return c, nil
}

func (c *PaperConfig) complete(u *PaperUnit) error {
	if u.Unit == "" {
		return errors.New("unit: say how messages call it (PV1-3.1)")
	}
	u.Title, u.Keys = cmp.Or(u.Title, u.Unit), cmp.Or(strings.TrimSpace(u.Keys), strings.TrimSpace(c.Keys))
	if u.Folders == nil {
		u.Folders = c.Folders
	}
	if u.Keys == "" {
		return errors.New("keys: a pack is sealed for somebody: wardline downtime key makes a key")
	}
	if _, err := downtime.LockFor(u.Keys); err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	if len(u.Folders) == 0 {
		return errors.New("folders: say where its packs go")
	}
	for _, folder := range u.Folders {
		if !filepath.IsAbs(folder) {
			return errors.New("folders: name each by its whole path")
		}
	}
	for _, b := range []Block{u.Patients, u.Specimens} {
		if b != (Block{}) && (b.From < 1 || b.To < b.From) {
			return errors.New("patients and specimens: from 1 at least, to not before from")
		}
	}
	return nil
}

// Laid is what became of one unit's pack.
type Laid struct {
	Unit     string    `json:"unit"`
	File     string    `json:"file,omitempty"`
	Patients int       `json:"patients"`
	Data     time.Time `json:"data"`
	Trouble  string    `json:"trouble,omitempty"` // why it is not there, or not in every folder
	Failed   int       `json:"failed,omitempty"`  // folders that it could not be laid into
}

// Paper makes packs. Any number of goroutines may use it.
type Paper struct {
	cfg   PaperConfig
	site  string
	zone  *time.Location
	press *downtime.Press
}

// NewPaper prepares what packs are printed with.
func NewPaper(cfg PaperConfig, site string, zone *time.Location) (*Paper, error) {
	press, err := downtime.NewPress()
	return &Paper{cfg, site, zone, press}, err
}

// Every is how often packs are made.
func (p *Paper) Every() time.Duration { return p.cfg.Every }

// Valid is for how long a pack may be used.
func (p *Paper) Valid() time.Duration { return p.cfg.Valid }

// Feeds are what a card says of the house's feeds: which are silent, and which speak.
type Feeds struct{ Down, Works []string }

// CardFeeds sorts feeds for a card, as many as it has room for.
func CardFeeds(feeds []FeedView, zone *time.Location) (out Feeds) {
	const most = 6
	for i := range feeds {
		f := &feeds[i]
		switch {
		case !f.Silent.IsZero() && len(out.Down) < most:
			out.Down = append(out.Down, f.Name+", since "+f.Silent.In(zone).Format("2 Jan 15:04"))
		case f.Silent.IsZero() && f.Learning == 0 && len(out.Works) < most:
			out.Works = append(out.Works, f.Name)
		}
	}
	return out
}

// Make prints, seals and lays down the pack of each unit. data is when the feeds were heard last. A unit whose pack fails keeps no other from its own.
func (p *Paper) Make(census map[string][]bedside.Inpatient, feeds Feeds, data, now time.Time) []Laid {
	if data.After(now) { // by a sender's clock
		data = now
	}
	out := make([]Laid, 0, len(p.cfg.Units))
	for i := range p.cfg.Units {
		u := &p.cfg.Units[i]
		laid := Laid{Unit: u.Unit, Patients: len(census[u.Unit]), Data: data}
		file, err := p.lay(u, census[u.Unit], feeds, data, now)
		if laid.File = file; err != nil {
			laid.Trouble = err.Error()
		}
		if each, ok := err.(interface{ Unwrap() []error }); ok && file != "" {
			laid.Failed = len(each.Unwrap())
		}
		out = append(out, laid)
	}
	return out
}

func (p *Paper) lay(u *PaperUnit, ward []bedside.Inpatient, feeds Feeds, data, now time.Time) (string, error) {
	pack := p.pack(u, ward, feeds, data, now)
	pdf, err := p.press.PDF(pack)
	if err != nil {
		return "", err
	}
	sealed, err := seal(u, pdf)
	if err != nil {
		return "", err
	}
	name := downtime.FileName(u.Unit, data, "pdf")
	return name, downtime.Deliver(u.Folders, u.Unit, name, sealed, p.cfg.Keep)
}

func seal(u *PaperUnit, pdf []byte) ([]byte, error) {
	lock, err := downtime.LockFor(u.Keys)
	if err != nil {
		return nil, err
	}
	return lock.Seal(pdf)
}

// Units are those that get packs, in the order of the file.
func (p *Paper) Units() []PaperUnit { return p.cfg.Units }

// Steps are what a unit does when systems are down.
func (p *Paper) Steps() []string { return p.cfg.Steps }

// Card is a unit's pack without any patient: data is when its last one with patients is of.
func (p *Paper) Card(u *PaperUnit, feeds Feeds, data, now time.Time) *downtime.Pack {
	return p.pack(u, nil, feeds, data, now)
}

// RecoveryKind is how the names of such lists end before they are sealed.
const RecoveryKind = "back.pdf"

// List is what became of the list of what must be entered back.
type List struct {
	Downtime
	File    string    `json:"file"`
	Data    time.Time `json:"data"`   // of when the census at the beginning is
	Sealed  []byte    `json:"sealed"` // the list itself
	Trouble string    `json:"trouble,omitempty"`
}

// Recover makes the list of what must be entered back after a unit's downtime, of who lay there before and after it, sealed for the unit, and lays it where its packs are.
func (p *Paper) Recover(unit string, start, end *Census, from, to, now time.Time) (*List, error) {
	i := slices.IndexFunc(p.cfg.Units, func(u PaperUnit) bool { return u.Unit == unit })
	switch {
	case i < 0:
		return nil, ErrNoUnit
	case !to.After(from) || to.After(now) || to.Sub(from) > longestOutage:
		return nil, ErrDowntime
	case start == nil:
		return nil, ErrNoCensus
	}
	u := &p.cfg.Units[i]
	before, after := p.pack(u, nil, Feeds{}, start.Data, now), p.pack(u, nil, Feeds{}, end.Data, now)
	before.Patients, before.Until, after.Patients = start.Patients, start.Until, end.Patients
	r, err := downtime.Reconcile(before, after, from, to)
	if err != nil {
		return nil, err
	}
	pdf, err := p.press.Reconciliation(before, r)
	if err != nil {
		return nil, err
	}
	l := &List{Downtime: Downtime{Unit: unit, From: from, To: to, Made: now, Items: len(r.Items), Patients: slices.Concat(start.Tokens, end.Tokens)}, Data: start.Data}
	if l.Sealed, err = seal(u, pdf); err != nil {
		return nil, err
	}
	l.File = downtime.FileName(unit, from, RecoveryKind)
	if err := downtime.Deliver(u.Folders, unit, l.File, l.Sealed, p.cfg.Keep); err != nil {
		l.Trouble = err.Error()
	}
	return l, nil
}

// pack is what a unit gets.
func (p *Paper) pack(u *PaperUnit, ward []bedside.Inpatient, feeds Feeds, data, now time.Time) *downtime.Pack {
	pack := &downtime.Pack{
		Site: p.site, Unit: u.Unit, Title: u.Title, Data: data, Printed: now, Until: data.Add(p.cfg.Valid), Zone: p.zone, Letter: p.cfg.Letter, Steps: p.cfg.Steps, Down: feeds.Down, Works: feeds.Works,
		MRNs: downtime.Block(u.Patients), Accessions: downtime.Block(u.Specimens),
	}
	for _, n := range slices.Concat(p.cfg.Call, u.Call) {
		pack.Call = append(pack.Call, downtime.Contact{Name: n.Name, Number: n.Call})
	}
	for _, f := range u.Forms {
		pack.Forms = append(pack.Forms, downtime.Form(f))
	}
	Fill(pack, ward)
	return pack
}
