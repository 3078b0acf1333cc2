package console

import (
	"cmp"
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy"
	"github.com/wardline/wardline/internal/privacy/judge"
)

// traces keeps which patients people asked about, so that no address shows it. Each is for who asked it.
type traces struct {
	mu    sync.Mutex
	byID  map[string]trace // guarded by mu
	order []string         // oldest first; guarded by mu
}

// trace is one such question.
type trace struct {
	by       string // id of the actor
	patient  hospital.PatientID
	token    string
	hint     string // the last digits of what was typed
	from, to time.Time
	asked    time.Time
}

// How many lists are kept, and for how long one can be opened again.
const (
	mostTraces = 500
	traceTime  = time.Hour
)

func newTraces() *traces { return &traces{byID: map[string]trace{}} }

func (t *traces) keep(one trace) string {
	id := rand.Text()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.byID[id] = one
	t.order = append(t.order, id)
	if len(t.order) > mostTraces {
		delete(t.byID, t.order[0])
		t.order = t.order[1:]
	}
	return id
}

func (t *traces) of(id, by string, now time.Time) (trace, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	one, ok := t.byID[id]
	return one, ok && one.by == by && now.Sub(one.asked) < traceTime
}

// askReasons are what people say why they ask about one patient, or one who works here.
func askReasons() []page.Choice {
	return []page.Choice{{Value: "patient", Text: "The patient asked for it"}, {Value: "complaint", Text: "A complaint"}, {Value: "case", Text: "I am reviewing a case"}, {Value: "other", Text: "Another reason"}}
}

func (c *Console) whoSawForm(r *request) (answer, error) {
	if c.Privacy == nil {
		return answer{}, errNoRoom
	}
	return view("whosaw", c.whoSawPage(r, "", "")), nil
}

// askDays is how far back is looked when nothing else is said.
const askDays = 90

func (c *Console) whoSawPage(r *request, from, to string) page.WhoSaw {
	now := r.clock.Now.In(c.Zone)
	v := page.WhoSaw{Presets: askReasons(), From: cmp.Or(from, now.AddDate(0, 0, -askDays).Format(time.DateOnly)), To: cmp.Or(to, now.Format(time.DateOnly))}
	v.Frame = c.frame(r, "access", "Who saw a chart", "Who opened this patient’s record, and why?", key("ask", "Ctrl", "Enter"))
	v.Crumbs = []page.Link{{Text: "Access", URL: "/review"}, {Text: "Who saw a chart"}}
	v.Answer, v.Context = "Ask for one patient", "The list can be printed for the patient. That you ask, and why, is written to the journal; the number is not."
	return v
}

// askWhoSaw finds the patient and keeps the question, which is sealed first.
func (c *Console) askWhoSaw(r *request) (answer, error) {
	if c.Privacy == nil {
		return answer{}, errNoRoom
	}
	f := r.PostForm
	number := strings.TrimSpace(f.Get("patient"))
	v := c.whoSawPage(r, f.Get("from"), f.Get("to"))
	again := func(wrong string) (answer, error) {
		v.Wrong = wrong
		a := view("whosaw", v)
		a.status = 400
		return a, nil
	}
	reason, err := saidReason(r)
	from, err1 := time.ParseInLocation(time.DateOnly, f.Get("from"), c.Zone)
	to, err2 := time.ParseInLocation(time.DateOnly, f.Get("to"), c.Zone)
	switch {
	case err != nil:
		return again(err.Error())
	case number == "" || len(number) > 64:
		return again("Write the number of the patient, as the record system writes it.")
	case err1 != nil || err2 != nil || to.Before(from):
		return again("Choose a first and a last day, the first one before the last.")
	}
	who, err := c.Privacy.FindPatient(r.Context(), number)
	if err != nil {
		return answer{}, err
	}
	if own, err := c.own(r, who); err != nil || own {
		return answer{}, cmp.Or(err, error(&mistake{"Somebody else must ask about your own record. Nothing was shown."}))
	}
	one := trace{by: r.actor.ID, asked: r.clock.Now, patient: who, hint: page.Mask(number), token: c.token(who), from: from, to: to.AddDate(0, 0, 1)}
	detail := map[string]string{"reason": reason, "from": f.Get("from"), "to": f.Get("to"), "found": either(who == 0, "nobody", "a patient")}
	id := ""
	err = c.House.Do(r.Context(), access.RecordTrace, access.Object{Kind: "record", ID: one.token}, detail, func(context.Context) error {
		if who != 0 {
			id = c.traces.keep(one)
		}
		return nil
	})
	if err != nil {
		return answer{}, err
	}
	if who == 0 {
		return again("Nobody here has that number. Look at it again, with zeros at its front.")
	}
	return answer{to: "/patients/who-saw/" + id}, nil
}

// own tells whether the record is that of the reader, as somebody who works here.
func (c *Console) own(r *request, who hospital.PatientID) (own bool, err error) {
	by, err := c.viewer(r)
	if err != nil || c.Hospital == nil || by.Staff == 0 || who == 0 {
		return false, err
	}
	c.Hospital.View(func(h *hospital.House) {
		s := h.Staff(by.Staff)
		own = s != nil && s.Patient != 0 && h.Current(s.Patient) == h.Current(who)
	})
	return own, nil
}

// token stands for a patient in the trail.
func (c *Console) token(who hospital.PatientID) (token string) {
	if c.Hospital != nil && who != 0 {
		c.Hospital.View(func(h *hospital.House) { token = h.Token(who) })
	}
	return token
}

// rowsOfAccounting is how many rows a list has at most. It says so when there are more.
const rowsOfAccounting = 3000

func (c *Console) whoSaw(r *request) (answer, error) {
	one, ok := c.traces.of(r.PathValue("q"), r.actor.ID, r.clock.Now)
	if !ok || c.Privacy == nil {
		return answer{}, &mistake{"This list is not kept any more: ask again. It is kept for an hour, for who asked."}
	}
	all, err := c.Privacy.WhoSaw(r.Context(), one.patient, one.from, one.to)
	if err != nil {
		return answer{}, err
	}
	slices.SortStableFunc(all, func(a, b privacy.Seen) int { return b.First.Compare(a.First) })
	last := one.to.AddDate(0, 0, -1)
	v := c.whoSawPage(r, one.from.Format(time.DateOnly), last.Format(time.DateOnly))
	v.Asked, v.Context = true, ""
	v.Period = one.from.Format("2 January") + " to " + last.Format("2 January 2006")
	v.Answer = seenHeadline(all)
	what, base := "trace "+r.PathValue("q"), "/patients/who-saw/"+r.PathValue("q")
	v.Reveal = c.revealForm(r, what, base, 1)
	shown := v.Reveal != nil && v.Reveal.Until != ""
	v.Patient = []page.Pair{{Name: "Patient", Value: one.hint, Masked: true}, {Value: v.Period}}
	if shown {
		v.Patient[0] = page.Pair{Name: "Patient", Value: c.patientName(one.patient)}
	}
	sayMasked(&v.Frame, v.Reveal)
	for i := range all[:min(rowsOfAccounting, len(all))] {
		row, err := c.seenRow(r, &all[i], shown)
		if err != nil {
			return answer{}, err
		}
		v.Rows = append(v.Rows, row)
	}
	v.Days = "newest first"
	if len(all) > rowsOfAccounting {
		v.Days = "the newest " + page.Number(rowsOfAccounting) + " of " + page.Number(len(all)) + ": choose a shorter time for the others"
	}
	v.NothingSays = "No system reported an access to this record in this time. What a system does not report is not known here."
	v.Counts = seenCounts(all, shown)
	v.Basis = "The list holds the accesses to this record that the record systems reported in this time. What a system does not report is not in it. A reason is what other records say; it does not prove that somebody was right to look, nor that somebody without one was wrong."
	return view("whosaw", v), nil
}

// standing is what is known of the reason of accesses.
type standing int

const (
	explained standing = iota
	unexplained
	early    // reasons may still come
	unopened // the record stood in a list or was found by a search: that needs no reason
)

func standingOf(counts *[judge.Acts]uint32, hasReason, pending bool) standing {
	opens := counts[judge.Open] + counts[judge.Write] + counts[judge.Print] + counts[judge.Export]
	switch {
	case opens == 0 && !hasReason:
		return unopened
	case pending:
		return early
	case hasReason:
		return explained
	}
	return unexplained
}

func seenStanding(s *privacy.Seen) standing {
	return standingOf(&s.Counts, s.Explained, s.Pending)
}

// seenHeadline counts accounts, each by the worst that is known of it.
func seenHeadline(all []privacy.Seen) string {
	opened, without, soon := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for i := range all {
		token := all[i].Account.Token
		switch seenStanding(&all[i]) {
		case unopened:
			continue
		case unexplained:
			without[token] = true
		case early:
			soon[token] = true
		}
		opened[token] = true
	}
	for token := range without {
		delete(soon, token)
	}
	says := page.Count(len(opened), "account") + " opened it"
	switch {
	case len(opened) == 0:
		return "Nobody opened it in this time"
	case len(opened) == 1:
		return says + either(len(without) == 1, ", without a reason that we found", either(len(soon) == 1, "; it is too early to say why", ", with a reason as far as we know"))
	case len(without) == 1:
		says += ", one of them without a reason that we found"
	case len(without) > 1:
		says += ", " + page.Number(len(without)) + " of them without a reason that we found"
	case len(soon) == 0:
		says += ", each with a reason as far as we know"
	}
	if len(soon) > 0 {
		says += "; for " + either(len(soon) == 1, "one", page.Number(len(soon))) + " it is too early to say"
	}
	return says
}

func seenCounts(all []privacy.Seen, shown bool) []page.Pair {
	var n, without, pending int
	people := map[string]bool{}
	for i := range all {
		for _, count := range all[i].Counts {
			n += int(count)
		}
		people[all[i].Account.Token] = true
		switch seenStanding(&all[i]) {
		case early:
			pending++
		case unexplained:
			without++
		}
	}
	return []page.Pair{
		{Name: "Accesses", Value: page.Number(n) + " in " + page.Plural(len(all), "row")}, {Name: "Accounts", Value: page.Number(len(people))},
		{Name: "Rows without a reason found", Value: page.Number(without)}, {Name: "Too early to say", Value: page.Number(pending)}, {Name: "Names", Value: either(shown, "shown", "masked")},
	}
}

func (c *Console) seenRow(r *request, s *privacy.Seen, shown bool) (page.SeenRow, error) {
	row := page.SeenRow{Day: c.dayOfRow(r, s.First), Time: timesOf(s.First, s.Last, r.clock), Who: masked(&s.Account), Masked: true, Unit: page.Clean(cmp.Or(c.unitTitle(s.Account.Unit), roleOf(&s.Account)), 60), What: countsSay(s.Counts)}
	if shown {
		if name := c.staffName(&s.Account); name != "" {
			row.Who, row.Masked = name, false
		}
	}
	var k *privacy.Case // nobody learns here that there is a case about themselves, or about whom they report to
	if s.Case != "" {
		var err error
		if k, err = c.listed(r, s.Case); err != nil {
			return row, err
		}
	}
	switch seenStanding(s) {
	case early:
		row.State, row.Reason = page.Dim("Too early"), "Reasons may still come."
	case unopened:
		row.State, row.Reason = page.Dim("Not opened"), "The record itself was not opened."
	case explained:
		row.State, row.Reason = page.OK("Reason"), page.Clean(s.Reason, 200)
	default:
		row.State, row.Reason = page.Look("No reason found"), either(k != nil && k.State == privacy.Pending, "Somebody looks at it.", "")
	}
	if k != nil && access.Check(r.actor, access.CaseRead, caseObject(k)) == nil {
		row.CaseURL = "/review/" + s.Case
	}
	if len(s.Evidence) > 0 {
		row.Seal = sealOf(s.Evidence[0].Place)
	}
	return row, nil
}

func (c *Console) dayOfRow(r *request, t time.Time) string {
	return t.In(c.Zone).Format("Mon 2 Jan 2006")
}

// timesOf is from when to when within a day.
func timesOf(first, last time.Time, clock page.Clock) string {
	a, b := first.In(clock.Zone).Format("15:04"), last.In(clock.Zone).Format("15:04")
	if a == b || last.IsZero() {
		return a
	}
	return a + " to " + b
}

// countsSay is what was done, with how often.
func countsSay(counts [judge.Acts]uint32) string {
	words := []struct {
		act  judge.Act
		word string
	}{{judge.Open, "Opened"}, {judge.Write, "Wrote"}, {judge.Print, "Printed"}, {judge.Export, "Exported"}, {judge.Search, "Found by a search"}, {judge.Listed, "In a list"}, {judge.Other, "Something else"}}
	var said []string
	for _, w := range words {
		switch n := counts[w.act]; n {
		case 0:
		case 1:
			said = append(said, w.word+" once")
		default:
			said = append(said, w.word+" "+page.Number(int(n))+" times")
		}
	}
	for i := 1; i < len(said); i++ {
		said[i] = strings.ToLower(said[i][:1]) + said[i][1:]
	}
	return strings.Join(said, ", ")
}

func (c *Console) whoSawReveal(r *request) (answer, error) {
	one, ok := c.traces.of(r.PathValue("q"), r.actor.ID, r.clock.Now)
	if !ok {
		return answer{}, &mistake{"This list is not kept any more: ask again."}
	}
	back := "/patients/who-saw/" + r.PathValue("q")
	return c.show(r, access.Object{Kind: "record", ID: one.token}, namesWanted{What: "trace " + r.PathValue("q"), Title: "who saw a chart", Patients: 1}, back)
}

func (c *Console) whoSawConceal(r *request) (answer, error) {
	c.reveals.end("trace "+r.PathValue("q"), r.actor.ID)
	return answer{to: "/patients/who-saw/" + r.PathValue("q")}, nil
}

// patientName is who a patient is, in clear, for a reader who gave a reason.
func (c *Console) patientName(who hospital.PatientID) string {
	name := ""
	if c.Hospital == nil {
		return dots
	}
	c.Hospital.View(func(h *hospital.House) {
		if human, ids, err := h.Reveal(who); err == nil {
			name = nameOf(&human, ids, "")
		}
	})
	return page.Clean(cmp.Or(name, dots), 160)
}

// staffName is who an account belongs to, in clear, for a reader who gave a reason.
func (c *Console) staffName(p *privacy.Party) string {
	name := ""
	if c.Hospital == nil {
		return ""
	}
	c.Hospital.View(func(h *hospital.House) {
		account := h.Text(p.User)
		if human, err := h.RevealStaff(p.Staff); err == nil && p.Staff != 0 {
			name = nameOf(&human, nil, account)
		} else {
			name = account
		}
	})
	return page.Clean(name, 160)
}

// unitTitle is what people call a unit or a department.
func (c *Console) unitTitle(code string) string {
	title := ""
	if c.Hospital != nil && code != "" {
		c.Hospital.View(func(h *hospital.House) { title = h.Unit(h.Ref(code)).Title })
	}
	return cmp.Or(title, code)
}
