package console

import (
	"context"
	"fmt"
	"slices"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy"
	"github.com/wardline/wardline/internal/privacy/judge"
)

// loadCase opens a case, which is sealed before and noted by the room. Whom the case is about, and who reports to
// them, is told that there is none.
func (c *Console) loadCase(r *request, verb access.Verb, change string) (privacy.Case, error) {
	if c.Privacy == nil {
		return privacy.Case{}, errNoRoom
	}
	by, err := c.viewer(r)
	if err != nil {
		return privacy.Case{}, err
	}
	o := access.Object{Kind: "case", ID: r.PathValue("id")}
	if !slices.Contains(access.Reaches(r.actor, verb), access.All) {
		o.State = "closed" // it is held to that below, once it is known
	}
	var k privacy.Case
	err = c.House.Do(r.Context(), verb, o, map[string]string{"change": change}, func(ctx context.Context) error {
		if k, err = c.Privacy.Case(ctx, o.ID, by); err != nil {
			return err
		}
		return access.Check(r.actor, verb, caseObject(&k))
	})
	return k, err
}

func (c *Console) oneCase(r *request) (answer, error) {
	k, err := c.loadCase(r, access.CaseRead, "opened")
	if err != nil {
		return answer{}, err
	}
	return answer{data: caseData(&k), show: func() (string, any, error) {
		v, err := c.casePage(r, &k)
		return "case", v, err
	}}, nil
}

func (c *Console) casePage(r *request, k *privacy.Case) (page.Case, error) {
	which := "waiting"
	if k.State != privacy.Pending {
		which = "decided"
	}
	all, _, err := c.cases(r, which)
	if err != nil {
		return page.Case{}, err
	}
	v := page.Case{URL: "/review/" + k.ID, Short: number(k), State: caseState(k)}
	v.Frame = c.frame(r, "access", "Case "+number(k), questionOf(k),
		key("conclude", "1", "-", "5"), key("record", "Ctrl", "Enter"), key("next, previous case", "J", "K"), key("reveal", "R"), key("all reasons", "V"))
	v.Answer = page.Clean(k.Text.Headline, 200)
	for _, p := range k.Text.Paragraphs {
		v.Paragraphs = append(v.Paragraphs, page.Clean(p, 1200))
	}
	next := c.neighbours(r, &v, all, k.ID)
	v.Crumbs = []page.Link{{Text: "Access", URL: "/review"}, {Text: "Case " + number(k) + either(v.Order == "", "", " · "+v.Order)}}
	shown, err := c.subjectOf(r, k, &v)
	if err != nil {
		return v, err
	}
	v.Note = noteOf(k, r.clock)
	v.Tried, v.Weighs = triedOf(k), weighsOf(k)
	if v.Tried.All, err = c.everyReason(r, k); err != nil {
		return v, err
	}
	v.Evidence, v.EvidenceSays = c.evidenceOf(r, k, shown)
	if v.Compared = k.Kind == privacy.DrugCase; v.Compared && k.Beside != nil {
		v.Beside = page.Beside(page.Clean(k.Beside.Label, 60), k.Beside.Own, k.Beside.Others, k.Beside.Share)
	}
	if err := c.dayOf(r, k, &v); err != nil {
		return v, err
	}
	c.concludeOn(r, k, &v, next)
	v.Facts, v.Seen = c.factsOf(r, k), c.seenBy(r, k)
	return v, nil
}

// questionOf is what the reader of a case answers.
func questionOf(k *privacy.Case) string {
	if k.Kind == privacy.DrugCase {
		return "Did this person take controlled drugs that no patient got?"
	}
	people, charts := either(len(k.Users) > 1, "these people", "this person"), either(len(k.Patients) > 1, "these charts", "this chart")
	if len(k.Patients) == 0 {
		return "Was there a reason for what " + people + " did?"
	}
	return "Did " + people + " have a reason to open " + charts + "?"
}

// neighbours fills the queue beside a case, and returns where to go after it.
func (c *Console) neighbours(r *request, v *page.Case, all []privacy.Case, id string) string {
	at := slices.IndexFunc(all, func(k privacy.Case) bool { return k.ID == id })
	next := "/review"
	const around = 4
	first := max(0, min(at-around/2, len(all)-around-2))
	for i := first; i < min(len(all), first+around+2); i++ {
		row := c.caseRow(r, &all[i])
		row.Here, row.Next, row.Before = i == at, at >= 0 && i == at+1, i == at-1
		v.Rows = append(v.Rows, row)
	}
	if at >= 0 {
		v.Order = fmt.Sprintf("%d of %d", at+1, len(all))
	}
	if at >= 0 && len(all) > 1 {
		next = "/review/" + all[(at+1)%len(all)].ID
	}
	return next
}

// inClear are the names behind a case or a list, by token; nil while they are masked.
type inClear map[string]string

// of is the name of somebody, or the mask.
func (n inClear) of(p *privacy.Party) (value string, isMasked bool) {
	if name := n[p.Token]; name != "" {
		return page.Clean(name, 120), false
	}
	return masked(p), true
}

// subjectOf says whom a case is about: masked, or by name while that was asked for.
func (c *Console) subjectOf(r *request, k *privacy.Case, v *page.Case) (inClear, error) {
	shown, err := c.revealCase(r, k)
	if err != nil {
		return nil, err
	}
	add := func(label string, parties []privacy.Party, many string) {
		for i := range parties[:min(2, len(parties))] {
			value, isMasked := shown.of(&parties[i])
			v.Subject = append(v.Subject, page.Pair{Name: label, Value: value, Masked: isMasked})
			if role := roleOf(&parties[i]); role != "" {
				v.Subject = append(v.Subject, page.Pair{Value: role})
			}
		}
		if more := len(parties) - 2; more > 0 {
			v.Subject = append(v.Subject, page.Pair{Value: page.Plural(more, many) + " more"})
		}
	}
	add("Staff member", k.Users, "account")
	add("patient", k.Patients, "patient")
	v.Reveal = c.revealForm(r, caseSecret(k.ID), "/review/"+k.ID, len(k.Patients))
	sayMasked(&v.Frame, v.Reveal)
	return shown, nil
}

// noteOf says what happened to a case while it waited.
func noteOf(k *privacy.Case, clock page.Clock) *page.Held {
	switch {
	case k.State == privacy.Withdrawn:
		return &page.Held{State: page.OK("A reason came"), Title: "This case was withdrawn " + clock.At(k.Changed) + ".", Text: "A reason arrived before anybody had looked."}
	case !k.Arrived.IsZero() && k.Decided == nil:
		return &page.Held{State: page.Watch("A reason came"), Title: "A reason arrived " + clock.At(k.Arrived) + ", after this case was opened.", Text: "Read again what we found, and say what you conclude."}
	case k.Lane == privacy.Audit:
		return &page.Held{State: page.Watch("Drawn at random"), Title: "Something explains this access.", Text: "It was drawn at random, to learn how often such reasons are right. Nothing else stands against this person."}
	}
	return nil
}

func triedOf(k *privacy.Case) page.TriedReasons {
	t := page.TriedReasons{}
	if k.Kind == privacy.DrugCase { // there is nothing to give a reason for but a comparison
		return t
	}
	tried, strong, weak := 0, 0, 0
	for _, kind := range k.Text.Tried {
		tried += kind.Count
		row := page.TriedRow{Kind: page.Clean(kind.Kind, 60), Looked: page.Clean(kind.Looked, 200), Tried: page.Number(kind.Count), State: page.Dim("None"), Says: page.Clean(kind.Found, 400)}
		switch kind.Result {
		case "strong":
			row.State = page.OK("Strong")
			strong++
		case "weak":
			row.State = page.Look("Weak")
			weak++
		}
		t.Kinds = append(t.Kinds, row)
	}
	t.Heading = "Reasons we tried: " + page.Number(tried) + ", none strong"
	if strong > 0 {
		t.Heading = "Reasons we tried: " + page.Number(tried) + ", " + page.Plural(strong, "kind") + " strong"
	} else if weak == 0 {
		t.Heading = "Reasons we tried: " + page.Number(tried) + ", none found"
	}
	return t
}

// everyReason lists what was looked for, one by one.
func (c *Console) everyReason(r *request, k *privacy.Case) ([]page.TriedRow, error) {
	all, err := c.Privacy.SayReasons(r.Context(), k)
	if err != nil {
		return nil, err
	}
	var rows []page.TriedRow
	for _, s := range all {
		row := page.TriedRow{Looked: page.Clean(s.Title, 120), Says: page.Clean(s.Found, 400), State: page.Dim("None")}
		if s.Weak {
			row.State = page.Look("Weak")
		}
		if s.Holds {
			row.State = page.OK("Holds")
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// weighsOf draws what decided, the heaviest first on each side. It has no sum.
func weighsOf(k *privacy.Case) *page.Weighing {
	all := make([]page.Weigh, 0, len(k.Text.Weighs))
	for _, w := range k.Text.Weighs {
		all = append(all, page.Weigh{Text: page.Clean(w.Label, 120), By: w.Decibans})
	}
	slices.SortStableFunc(all, func(a, b page.Weigh) int { return int(b.By*100) - int(a.By*100) })
	return page.Weighed(all)
}

const accessesShown = 40

// evidenceOf lists the accesses, each with its place in the journal, and says how many of them are listed.
func (c *Console) evidenceOf(r *request, k *privacy.Case, shown inClear) (rows []page.EvidenceRow, says string) {
	type dated struct {
		page.EvidenceRow
		at int64
	}
	var all []dated
	for i := range k.Touches {
		look := &k.Touches[i]
		for _, a := range look.Touch.Evidence {
			row := page.EvidenceRow{Time: r.clock.Second(a.At), What: actSays(k, &a), Against: page.Clean(a.Against, 120), Where: page.Clean(c.text(a.Where), 60), Seal: sealOf(a.Place)}
			if len(k.Patients) > 1 && look.Patient >= 0 && look.Patient < len(k.Patients) { // some are about no patient
				name, _ := shown.of(&k.Patients[look.Patient])
				row.What += ", patient " + name
			}
			if len(k.Users) > 1 && look.User < len(k.Users) {
				name, _ := shown.of(&k.Users[look.User])
				row.What += ", by " + name
			}
			all = append(all, dated{row, a.At.UnixNano()})
		}
	}
	slices.SortStableFunc(all, func(a, b dated) int { return int(min(max(a.at-b.at, -1), 1)) })
	for _, d := range all[:min(accessesShown, len(all))] {
		rows = append(rows, d.EvidenceRow)
	}
	says = "Open a seal to see its proof"
	if n := accessesOf(k); n > uint64(len(rows)) {
		says = page.Number(len(rows)) + " of " + counted(k, n) + ". " + says
	}
	return rows, says
}

// actSays says what was done, with the sender's own word for it.
func actSays(k *privacy.Case, a *judge.Access) string {
	if k.Kind == privacy.DrugCase { // the room's own words
		return page.Clean(a.Native, 120)
	}
	said := map[judge.Act]string{
		judge.Open: "Opened", judge.Listed: "Stood in a list", judge.Search: "Was found by a search", judge.Write: "Wrote", judge.Print: "Printed", judge.Export: "Exported",
	}[a.Act]
	if said == "" {
		said = "Something else"
	}
	if native := page.Clean(a.Native, 60); native != "" {
		return said + ": " + native
	}
	return said
}

// sealOf leads to the proof of a fact; nil when nothing says where it stands.
func sealOf(p hospital.Place) *page.Seal {
	if p.Line < 0 {
		return nil
	}
	return seal(p.Entry, int(p.Line))
}

// text is what a Ref stands for: a workstation, a department.
func (c *Console) text(ref hospital.Ref) (text string) {
	if c.Hospital == nil || ref == 0 {
		return ""
	}
	c.Hospital.View(func(h *hospital.House) { text = h.Text(ref) })
	return text
}

// factsOf says since when the house knows, which clocks run, and who looks at it.
func (c *Console) factsOf(r *request, k *privacy.Case) []page.Pair {
	facts := []page.Pair{{Name: "Known since", Value: r.clock.At(k.Opened)}}
	clock := either(k.Kind == privacy.DrugCase, "None: no record was read", "Not running; starts if you open a breach case")
	if k.Breach != nil && len(k.Breach.Clocks) > 0 {
		first := soonest(k.Breach.Clocks)
		clock = dueSays(&first, r.clock) + ", " + clockName(first.Rule)
	} else if k.State != privacy.Pending {
		clock = "None"
	}
	facts = append(facts, page.Pair{Name: "Clock", Value: clock})
	if k.Decided != nil && k.Decided.Undone.IsZero() {
		facts = append(facts, page.Pair{Name: "Decided by", Value: page.Clean(k.Decided.By.Name, 60)})
	} else if access.Check(r.actor, access.CaseDecide, caseObject(k)) == nil {
		facts = append(facts, page.Pair{Name: "Reviewer", Value: c.reviewerSays(r)})
	}
	return append(facts, page.Pair{Name: "Seen by", Value: seenSays(k)}, page.Pair{Name: either(k.Kind == privacy.DrugCase, "Transactions", "Accesses"), Value: touchesSay(k)})
}

// reviewerSays tells whether somebody looked if the reader is involved, which takes the staff list.
func (c *Console) reviewerSays(r *request) string {
	if by, err := c.viewer(r); err != nil || by.Staff == 0 {
		return "You. The staff list does not know your sign-in name, so nobody checked whether you are involved"
	}
	return "You. Neither the subject nor in the same line"
}

func seenSays(k *privacy.Case) string {
	var people []string
	for _, s := range k.Seen {
		if !slices.Contains(people, s.By.Name) {
			people = append(people, s.By.Name)
		}
	}
	return page.Number(len(people)) + either(len(people) == 1, " person", " people") + "; every view is sealed"
}

func touchesSay(k *privacy.Case) string {
	days := map[int32]bool{}
	for i := range k.Touches {
		days[k.Touches[i].Touch.Day] = true
	}
	return page.Number(accessesOf(k)) + " on " + page.Plural(len(days), "day")
}

// counted is "4 accesses", or "4 transactions".
func counted(k *privacy.Case, n uint64) string {
	if k.Kind == privacy.DrugCase {
		return page.Plural(int(n), "transaction")
	}
	return looks(n)
}

func accessesOf(k *privacy.Case) (n uint64) {
	for i := range k.Touches {
		for _, count := range k.Touches[i].Touch.Counts {
			n += uint64(count)
		}
	}
	return n
}

func (c *Console) seenBy(r *request, k *privacy.Case) []page.Done {
	var all []page.Done
	for i := len(k.Seen) - 1; i >= 0 && len(all) < 20; i-- {
		all = append(all, page.Done{Time: r.clock.Second(k.Seen[i].At), Text: page.Clean(k.Seen[i].By.Name, 60), State: page.Dim("")})
	}
	return all
}
