package console

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/integrity"
	"github.com/wardline/wardline/internal/integrity/row"
)

// For how long a part may go unread until somebody looks why, how many doubts of one part are counted and listed, and how many older rows of one sweep look
// like a backup that was put back.
const (
	unreadAfter = 3 * 24 * time.Hour
	mostDiffer  = 2000
	putBack     = 5
)

const systemsAsk = "Do the systems still hold what they held?"

func recordsViews(here string) []page.Tab {
	return []page.Tab{{Text: "Doubts", URL: "/records", Here: here == "/records"}, {Text: "Reconciliation", URL: "/records/systems", Here: here == "/records/systems"}}
}

// part is one part of a system that is read back, with what is known of it.
type part struct {
	integrity.SweepState
	test    *integrity.SelfTest // nil before the first
	differs int                 // doubts about it in the last days
	older   int                 // of these, rows that an older state took the place of
}

// parts are all that are read back.
func (c *Console) parts(r *request) ([]part, error) {
	sweeps, err := c.Integrity.Sweeps(r.Context())
	if err != nil || len(sweeps) == 0 {
		return nil, err
	}
	tests, err := c.Integrity.SelfTests(r.Context())
	if err != nil {
		return nil, err
	}
	doubts, err := c.Integrity.Doubts(r.Context(), r.clock.Now.AddDate(0, 0, -doubtDays), mostDiffer)
	if err != nil {
		return nil, err
	}
	all := make([]part, len(sweeps))
	for i := range sweeps {
		p := part{SweepState: sweeps[i]}
		for j := range tests {
			if tests[j].System == p.System && tests[j].Table == p.Table {
				p.test = &tests[j]
			}
		}
		for j := range doubts {
			if !p.holds(&doubts[j]) {
				continue
			}
			p.differs++
			if doubts[j].Kind == string(row.Older) {
				p.older++
			}
		}
		all[i] = p
	}
	return all, nil
}

// holds tells whether a doubt is about the part.
func (p *part) holds(d *integrity.Doubt) bool {
	return d.System == p.System && (d.About == p.Table || p.Unit == "images") // an archive is one part
}

func (p *part) url() string {
	return "/records/systems/" + url.PathEscape(p.System) + "/" + url.PathEscape(p.Table)
}

// state is the shape and the word of a part: that nobody can see what it holds counts more than what was seen.
func (p *part) state(now time.Time) page.State {
	switch {
	case p.test != nil && p.test.Overdue(now):
		return page.Look("Not found")
	case now.Sub(p.At) > unreadAfter:
		return page.Look("Not read")
	case p.older >= putBack:
		return page.Look("Put back")
	case p.differs > 0:
		return page.Look("Differs")
	case p.First:
		return page.Watch("Read once")
	}
	return page.OK("Same")
}

// systems says what is read back of the systems that keep records, and how that does.
func (c *Console) systems(r *request) (answer, error) {
	if c.Integrity == nil {
		return answer{data: systemsJSON{Parts: []partJSON{}}, show: func() (string, any, error) {
			v := page.Systems{Views: recordsViews("/records/systems"), EmptyTitle: "Records are not compared", EmptyText: "An administrator has them compared by taking integrity.off out of the configuration, and starts the node again."}
			v.Frame = c.frame(r, "records", "Reconciliation", systemsAsk)
			v.Answer = "We cannot tell: nobody compares them."
			return "systems", v, nil
		}}, nil
	}
	all, err := c.parts(r)
	if err != nil {
		return answer{}, err
	}
	return answer{data: systemsData(all), show: func() (string, any, error) { return "systems", c.systemsPage(r, all), nil }}, nil
}

func (c *Console) systemsPage(r *request, all []part) page.Systems {
	v := page.Systems{Views: recordsViews("/records/systems")}
	v.Frame = c.frame(r, "records", "Reconciliation", systemsAsk, key("next, previous", "J", "K"))
	if len(all) == 0 {
		v.Answer = "We cannot tell: no system is read back yet."
		v.EmptyTitle = "No system is read back"
		v.EmptyText = "So nobody would see a result that is changed in a database, past its program. An administrator declares which tables, archives and servers are read, and with which account, under integrity in the configuration. An account that may only read is enough."
		return v
	}
	worst := &all[0]
	for i := range all {
		p := &all[i]
		if p.state(r.clock.Now).Rank() < worst.state(r.clock.Now).Rank() {
			worst = p
		}
		v.Rows = append(v.Rows, systemRow(r, p))
	}
	v.Answer, v.Context = systemsHeadline(all, r.clock.Now), systemsChecked(all)
	v.Now = worst.now(r)
	return v
}

// systemsHeadline answers the question.
func systemsHeadline(all []part, now time.Time) string {
	unseen, differs := 0, 0
	for i := range all {
		switch p := &all[i]; {
		case p.test != nil && p.test.Overdue(now), now.Sub(p.At) > unreadAfter:
			unseen++
		case p.differs > 0:
			differs++
		}
	}
	few := func(n int) string { return page.Count(n, "part") }
	switch {
	case unseen > 0 && differs > 0:
		return "No. " + few(differs) + either(differs == 1, " differs", " differ") + ", and of " + strings.ToLower(few(unseen)) + " we cannot tell."
	case unseen > 0:
		return "Not known of " + strings.ToLower(few(unseen)) + "; the others do."
	case differs > 0:
		return "No. " + few(differs) + either(differs == 1, " differs.", " differ.")
	}
	return "Yes, as far as they were read."
}

// systemsChecked says what was read.
func systemsChecked(all []part) string {
	read := map[string]int64{}
	var units []string
	systems := map[string]bool{}
	for i := range all {
		p := &all[i]
		if _, known := read[p.Unit]; !known {
			units = append(units, p.Unit)
		}
		read[p.Unit] += p.Rows
		systems[p.System] = true
	}
	var said []string
	for _, u := range units {
		said = append(said, page.Number(read[u])+" "+page.Clean(u, 20))
	}
	return "The last sweeps read " + strings.Join(said, ", ") + " of " + page.Plural(len(systems), "system") + "."
}

func systemRow(r *request, p *part) page.SystemRow {
	out := page.SystemRow{State: p.state(r.clock.Now), System: page.Clean(p.System, 40), Part: page.Clean(p.Table, 60), Read: r.clock.At(p.At), Covered: p.covered(), Differs: "Nothing"}
	if p.differs > 0 {
		out.URL, out.Differs = p.url(), page.Plural(p.differs, "doubt")
		if p.differs >= mostDiffer {
			out.Differs = "More than " + page.Number(mostDiffer)
		}
	}
	if p.Explained > 0 {
		out.Explained = page.Number(p.Explained) + " changed as the program changes them"
	}
	switch t := p.test; {
	case t == nil:
		out.Test, out.TestSays = page.Dim("None yet"), "One is planted every week"
	case !t.Found.IsZero():
		out.Test, out.TestSays = page.OK("Found"), "after "+page.Length(t.Found.Sub(t.Planted))+", "+r.clock.At(t.Found)
	case t.Overdue(r.clock.Now):
		out.Test, out.TestSays = page.Look("Not found"), "planted "+r.clock.At(t.Planted)
	default:
		out.Test, out.TestSays = page.Watch("Waits"), "planted "+r.clock.At(t.Planted)
	}
	return out
}

// covered draws how much of a part the last sweep read.
func (p *part) covered() page.Meter {
	m := page.Meter{State: page.OK(""), Says: page.Number(p.Rows) + " " + page.Clean(p.Unit, 20)}
	switch {
	case p.Known <= 0:
	case p.Rows >= p.Known:
		m.Share, m.Says = 300, "all "+page.Number(p.Known)+" "+page.Clean(p.Unit, 20)
	default:
		m.Share, m.Says = int(300*p.Rows/p.Known), fmt.Sprintf("%s of %s %s", page.Number(p.Rows), page.Number(p.Known), page.Clean(p.Unit, 20))
		m.State = page.Watch("")
	}
	return m
}

// now is the card with the one thing to do about a part; nil when nothing is.
func (p *part) now(r *request) *page.Now {
	n := &page.Now{State: p.state(r.clock.Now), Label: "One thing to do", Facts: []page.Pair{{Name: "System", Value: page.Clean(p.System, 40)}, {Name: "Part", Value: page.Clean(p.Table, 60)}, {Name: "Read last", Value: r.clock.At(p.At)}}}
	switch n.State.Word {
	case "Not found":
		n.Title, n.Text = "See why "+page.Clean(p.System, 40)+" is not compared", "Wardline planted a difference there to test itself, and nobody found it for three days. So nobody would find a real one. The log of the node says why."
	case "Not read":
		n.Title, n.Text = "See why "+page.Clean(p.System, 40)+" cannot be read", "It was not read for "+page.Length(r.clock.Now.Sub(p.At))+". Until it is, nobody sees what is changed in it. The log of the node says what failed."
	case "Put back":
		n.Title, n.Text = "Ask who put "+page.Clean(p.System, 40)+" back to an older state", page.Number(p.older)+" records are older than they were. A backup that is restored does that. What was written since is missing there, and sealed here."
		n.Action = page.Link{Text: "List the records that differ", URL: p.url()}
	case "Differs":
		n.Title, n.Text = "Look at what differs in "+page.Clean(p.System, 40), "What it holds is not what it held, and it does not say why. Each record is shown with what it was before."
		n.Action = page.Link{Text: "List the records that differ", URL: p.url()}
	default:
		return nil
	}
	return n
}

// differing lists the records of one part that differ: after a restore, what was put back to an older state.
func (c *Console) differing(r *request) (answer, error) {
	if c.Integrity == nil {
		return answer{}, errAbsent
	}
	all, err := c.parts(r)
	if err != nil {
		return answer{}, err
	}
	for i := range all {
		p := &all[i]
		if p.System == r.PathValue("system") && p.Table == r.PathValue("part") {
			v, err := c.differingPage(r, p)
			return answer{show: func() (string, any, error) { return "records", v, err }}, err
		}
	}
	return answer{}, errAbsent
}

func (c *Console) differingPage(r *request, p *part) (page.Records, error) {
	doubts, err := c.Integrity.Doubts(r.Context(), r.clock.Now.AddDate(0, 0, -doubtDays), mostDiffer)
	if err == nil {
		doubts, err = c.unbarred(r, doubts)
	}
	if err != nil {
		return page.Records{}, err
	}
	name := page.Clean(p.System, 40) + ", " + page.Clean(p.Table, 60)
	v := page.Records{Order: "The newest first. The last " + page.Plural(doubtDays, "day")}
	v.Frame = c.frame(r, "records", "Records that differ", "Which records of "+name+" are not what they were?", key("next, previous", "J", "K"))
	v.Crumbs = []page.Link{{Text: "Reconciliation", URL: "/records/systems"}, {Text: name}}
	for i := range doubts {
		if p.holds(&doubts[i]) {
			row := c.doubtRow(r, &doubts[i])
			row.About = columnsOf(&doubts[i])
			v.Rows = append(v.Rows, row)
		}
	}
	v.Answer = page.Count(len(v.Rows), "record") + either(len(v.Rows) == 1, " differs.", " differ.")
	if p.older >= putBack {
		of := page.Number(p.older) + " of them"
		if p.older == len(v.Rows) {
			of = "They"
		}
		v.Context = of + " were put back to an older state, as a backup does that is restored. Go through the list with those who keep the system: what was written since is missing there."
	}
	if len(v.Rows) == 0 {
		v.Answer, v.EmptyTitle, v.EmptyText = "None that we know of.", "Nothing differs", "The last sweep read "+p.covered().Says+"."
	}
	return v, nil
}

// columnsOf names the columns in which a record differs.
func columnsOf(d *integrity.Doubt) string {
	var names []string
	for _, change := range d.Changes {
		names = append(names, page.Clean(change.Field, 40))
	}
	if len(names) == 0 {
		return ""
	}
	return "Differs in " + list(names, 5) + "."
}

// systemsJSON is what is read back, as programs read it.
type systemsJSON struct {
	Parts []partJSON `json:"parts"`
}

type partJSON struct {
	System    string    `json:"system"`
	Part      string    `json:"part"`
	Unit      string    `json:"unit"`
	ReadAt    time.Time `json:"read_at"`
	Read      int64     `json:"read"`
	Known     int64     `json:"known"`
	Doubts    int       `json:"doubts"`
	Explained int64     `json:"explained"`
	Planted   time.Time `json:"self_test_planted,omitzero"`
	Found     time.Time `json:"self_test_found,omitzero"`
}

func systemsData(all []part) systemsJSON {
	out := systemsJSON{Parts: []partJSON{}}
	for i := range all {
		p := &all[i]
		one := partJSON{System: page.Clean(p.System, 60), Part: page.Clean(p.Table, 60), Unit: p.Unit, ReadAt: p.At, Read: p.Rows, Known: p.Known, Doubts: p.differs, Explained: p.Explained}
		if p.test != nil {
			one.Planted, one.Found = p.test.Planted, p.test.Found
		}
		out.Parts = append(out.Parts, one)
	}
	return out
}

func docSystems() doc {
	return doc{id: "listSystems", summary: "What is read back of the systems that keep records: how much, when, what differs, and how long the last self-test took to be found.", answer: systemsJSON{}}
}
