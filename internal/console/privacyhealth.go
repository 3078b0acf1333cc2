package console

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy"
)

// of1000 is how many of a thousand.
func of1000(part, whole int64) string {
	if whole <= 0 {
		return "none"
	}
	return fmt.Sprintf("%d of 1,000", int64(math.Round(1000*float64(part)/float64(whole))))
}

// shareSays says how many accesses have a reason.
func shareSays(s *privacy.Share) string {
	if s.Touches == 0 {
		return "No access has been judged yet."
	}
	return of1000(s.Explained, s.Touches) + " accesses have a reason."
}

// heldNamed is how many departments that wait are named in a sentence.
const heldNamed = 4

// held says in one note which departments wait for a feed; nil when none does. Cases of a house that wait are counted together, for
// one can be of several departments.
func held(h *privacy.Health, clock page.Clock) *page.Held {
	var all []*privacy.DepartmentHealth
	for i := range h.Departments {
		if h.Departments[i].Held {
			all = append(all, &h.Departments[i])
		}
	}
	if len(all) == 0 {
		return nil
	}
	slices.SortStableFunc(all, func(a, b *privacy.DepartmentHealth) int { return a.Since.Compare(b.Since) })
	var names, reasons []string
	for _, d := range all {
		names = append(names, departmentName(d))
		if why := heldReason(d); !slices.Contains(reasons, why) {
			reasons = append(reasons, why)
		}
	}
	if len(reasons) > 1 {
		reasons = []string{"Fewer accesses can be explained there than usual."}
	}
	v := &page.Held{State: page.Look("Held"), Text: reasons[0] + " Nobody becomes a case because a feed is missing."}
	since := " since " + clock.At(all[0].Since) + "."
	if v.Title = names[0] + " waits for a feed" + since; len(all) > 1 {
		v.Title = page.Count(len(all), "department") + " wait for a feed, the first" + since
		v.Text = list(names, heldNamed) + ". " + v.Text
	}
	if n := h.All.Held; n > 0 {
		v.Text += " " + page.Count(int(n), "case") + either(n == 1, " waits", " wait") + " until then."
	}
	return v
}

func heldReason(d *privacy.DepartmentHealth) string {
	return sentence(cmp.Or(page.Clean(d.Reason, 200), "Fewer accesses can be explained there than usual"))
}

func departmentName(d *privacy.DepartmentHealth) string {
	return cmp.Or(page.Clean(d.Name, 60), "No department")
}

func (c *Console) explained(r *request) (answer, error) {
	if c.Privacy == nil {
		return answer{}, errNoRoom
	}
	h, err := c.Privacy.Health(r.Context())
	if err != nil {
		return answer{}, err
	}
	v := page.Explained{Views: c.reviewViews(r, "explained"), Days: "Last 30 days. Lines run from 70 to 100 of 100"}
	v.Frame = c.frame(r, "access", "Explained", "Can we explain what people open?", key("next, previous", "J", "K"))
	v.Answer = shareSays(&h.All)
	v.NothingSays = "The share of accesses with a reason is shown here, day by day, once the access log of the record system is connected."
	if wait := held(&h, r.clock); wait != nil {
		v.Now = &page.Now{State: wait.State, Label: "One thing to do", Title: strings.TrimSuffix(wait.Title, "."), Text: wait.Text, Action: page.Link{Text: "Open the sources", URL: "/sources"}}
		if allowed(r.actor, access.SourceRead) != nil {
			v.Now.Action = page.Link{}
		}
	}
	for i := range h.Departments {
		v.Departments = append(v.Departments, departmentRow(&h.Departments[i]))
	}
	v.Feeds = c.feeds(r)
	return view("explained", v), nil
}

// percent writes a share of 1 with one decimal.
func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }

func departmentRow(d *privacy.DepartmentHealth) page.ExplainedRow {
	row := page.ExplainedRow{Name: departmentName(d), Base: looks(d.Touches), Share: "-", Usual: "-", State: page.Dim("Too few")}
	share := 0.0
	if d.Touches > 0 {
		share = float64(d.Explained) / float64(d.Touches)
		row.Share = percent(share)
	}
	if d.Past > 0 {
		row.Usual = percent(d.Past)
	}
	switch {
	case d.Held:
		row.State, row.Says = page.Look("Held"), heldReason(d)
	case d.Touches == 0:
	case d.Past == 0:
		row.State, row.Says = page.Dim("New"), "There is no past yet to compare with."
	case share < d.Past-0.02:
		row.State, row.Says = page.Watch("Below usual"), fmt.Sprintf("%.1f points below its own past.", 100*(d.Past-share))
	default:
		row.State = page.OK("As usual")
	}
	var line []uint64
	for _, day := range d.Days {
		if day.Touches > 0 {
			line = append(line, uint64(max(0, 1000*float64(day.Explained)/float64(day.Touches)-700)))
		}
	}
	row.Spark = page.Spark(line, row.State.Class, "Explained share of "+row.Name+", day by day")
	return row
}

// feedKind is what a kind of fact gives to explanations, and after what time without one it is missed.
type feedKind struct {
	name, gives string
	missed      time.Duration
}

func feedKinds() map[string]feedKind {
	const day = 24 * time.Hour
	return map[string]feedKind{
		"patient": {"Patients", "Who the patients are", day}, "visit": {"Admissions and moves", "Who lies on which ward", 6 * time.Hour},
		"staff": {"Staff list", "Who works where, and who has left", 8 * day}, "shift": {"Roster", "Who is on duty where", 2 * day},
		"unit": {"List of units", "Which ward belongs to which department", 60 * day}, "order": {"Orders", "Who ordered something", day}, "result": {"Results", "Who worked on a sample or a picture", day},
		"appointment": {"Appointments", "Who has an appointment with whom", 2 * day}, "document": {"Notes and letters", "Who wrote something", 2 * day}, "medication": {"Medicines", "Who gave or checked a drug", day},
		"ticket": {"Service desk", "Which ticket names a patient", 8 * day},
	}
}

// feeds lists what the explanations rest on, the silent ones first.
func (c *Console) feeds(r *request) []page.FeedRow {
	if c.Hospital == nil {
		return nil
	}
	var over hospital.Overview
	c.Hospital.View(func(h *hospital.House) { over = h.Overview() })
	type sum struct {
		facts int64
		last  time.Time
	}
	sums := map[string]sum{}
	for _, f := range over.Feeds {
		s := sums[f.Kind]
		s.facts += f.Facts
		if f.Seen.After(s.last) {
			s.last = f.Seen
		}
		sums[f.Kind] = s
	}
	var rows []page.FeedRow
	for kind, k := range feedKinds() {
		s, heard := sums[kind]
		row := page.FeedRow{Name: k.name, Gives: k.gives, State: page.OK("Speaks"), Last: "never", Facts: page.Number(s.facts)}
		if heard {
			row.Last = r.clock.At(s.last)
		}
		switch {
		case !heard:
			row.State = page.Dim("Not connected")
		case r.clock.Now.Sub(s.last) > k.missed:
			row.State = page.Look("Silent")
		}
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b page.FeedRow) int {
		return cmp.Or(a.State.Rank()-b.State.Rank(), strings.Compare(a.Name, b.Name))
	})
	return rows
}

// missesSay is the estimate of what is missed, in a sentence.
func missesSay(e *privacy.Estimate) string {
	if e.Decided == 0 {
		return "Nobody has judged a random draw yet, so we do not know."
	}
	return "Of 1,000 accesses that we call explained, about " + page.Number(int(math.Round(1000*e.Share))) + " may not be."
}

func (c *Console) missed(r *request) (answer, error) {
	if c.Privacy == nil {
		return answer{}, errNoRoom
	}
	e, err := c.Privacy.Misses(r.Context())
	if err != nil {
		return answer{}, err
	}
	v := page.Misses{Views: c.reviewViews(r, "missed"), State: page.Dim("Estimate"), Heading: "What the random draw says"}
	v.Frame = c.frame(r, "access", "What we miss", "How many do we not see?", key("next, previous", "J", "K"))
	v.Limits = []string{"The draw is at random, so nobody can learn which accesses are safe.", "It says nothing of accesses that no system reports.", "In 19 of 20 such draws the range holds the truth."}
	v.Facts = []page.Pair{{Name: "Drawn", Value: page.Number(e.Drawn)}, {Name: "Judged", Value: page.Number(e.Decided)}, {Name: "Without a reason", Value: page.Number(e.Improper)}, {Name: "Explained in all", Value: page.Number(e.Population)}}
	if e.Decided == 0 {
		v.State, v.Answer = page.Dim("Not known"), "We do not know yet"
		v.Says = "One case in ten is drawn at random from the accesses that we call explained. None of them has been judged so far."
		v.Next = &page.Link{Text: "Open the cases", URL: "/review"}
		if !slices.Contains(access.Reaches(r.actor, access.CaseRead), access.All) {
			v.Next = nil
		}
		return view("misses", v), nil
	}
	low, at, high := 1000*e.Low, 1000*e.Share, 1000*e.High
	v.Answer = strings.TrimSuffix(missesSay(&e), ".")
	v.Says = fmt.Sprintf("%s that we call explained %s drawn at random and judged by a person. %s had no reason. So of 1,000 such accesses between %.0f and %.0f may be improper; our best guess is %.0f.",
		capital(looks(e.Decided)), either(e.Decided == 1, "was", "were"), noneOr(e.Improper), math.Floor(low), math.Ceil(high), at)
	v.Interval = page.Between(low, at, high, fmt.Sprintf("Of 1,000 accesses that we call explained, between %.0f and %.0f may be improper; best guess %.0f", math.Floor(low), math.Ceil(high), at),
		func(n float64) string { return fmt.Sprintf("%.4g of 1,000", n) })
	for _, t := range e.Templates {
		name, err := c.Privacy.ReasonTitle(r.Context(), t.Template)
		if err != nil {
			return answer{}, err
		}
		v.Reasons = append(v.Reasons, page.RightRow{Name: page.Clean(name, 100), Looked: page.Number(t.Decided), Right: page.Number(t.Proper), Range: fmt.Sprintf("between %.0f and %.0f", math.Floor(100*t.Low), math.Ceil(100*t.High))})
	}
	return view("misses", v), nil
}

func noneOr(n int) string {
	switch n {
	case 0:
		return "None of them"
	case 1:
		return "One of them"
	}
	return page.Number(n) + " of them"
}
