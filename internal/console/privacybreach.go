package console

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/privacy"
)

// factor is one of the four questions of 45 CFR 164.402(2).
type factor struct{ title, hint string }

func fourFactors() [4]factor {
	return [4]factor{
		{"1. What kind of data was it?", "Which identifiers, and how easily the patient is known from them"},
		{"2. Who saw it?", "Somebody who is bound to secrecy and was trained, or not"},
		{"3. Was it really seen or taken?", "What the log shows, and what it cannot show"},
		{"4. What was done to reduce the harm?", "Assurances, copies given back, and how far they can be relied on"},
	}
}

// marks are how a factor can be rated, from the safest on.
func marks() []page.Choice {
	return []page.Choice{{Value: "low", Text: "Speaks for a low risk"}, {Value: "unknown", Text: "Not known"}, {Value: "high", Text: "Speaks for a high risk"}}
}

func breachConclusions() []page.Choice {
	return []page.Choice{
		{Value: "breach", Text: "It is a breach", Hint: "Who has to be told is told by the dates above"},
		{Value: "low", Text: "The risk is shown to be low", Hint: "All four speak for it, and why is written below"},
		{Value: "open", Text: "Not settled yet", Hint: "Until it is, it counts as a breach"},
	}
}

// assessment is one factor as it is kept with the case. The last one holds the conclusion as well.
type assessment struct {
	Risk       string `json:"risk"` // one of marks
	Words      string `json:"words,omitempty"`
	Conclusion string `json:"conclusion,omitempty"`
	Why        string `json:"why,omitempty"`
}

func readAssessment(s string) (a assessment) {
	if json.Unmarshal([]byte(s), &a) != nil {
		return assessment{Words: s} // as somebody wrote it elsewhere
	}
	return a
}

func (c *Console) breach(r *request) (answer, error) {
	k, err := c.loadCase(r, access.CaseRead, "opened the breach facts")
	if err != nil {
		return answer{}, err
	}
	if k.Breach == nil {
		return answer{}, errAbsent
	}
	return view("breach", c.breachPage(r, &k)), nil
}

func (c *Console) breachPage(r *request, k *privacy.Case) page.Breach {
	b := k.Breach
	v := page.Breach{Action: "/review/" + k.ID + "/breach", Back: "/review/" + k.ID, MaySave: access.Check(r.actor, access.CaseDecide, caseObject(k)) == nil}
	v.Frame = c.frame(r, "access", "Breach facts", "Who has to be told, and by when?", key("save", "Ctrl", "Enter"), key("back", "Esc"))
	v.Crumbs = []page.Link{{Text: "Access", URL: "/review"}, {Text: "Case " + number(k), URL: v.Back}, {Text: "Breach facts"}}
	v.Answer = page.Count(b.Patients, "patient") + "."
	if len(b.Clocks) > 0 {
		first := soonest(b.Clocks)
		v.Answer += " The first date is " + dueSays(&first, r.clock) + "."
	}
	v.Counts = []page.Pair{
		{Name: "Patients", Value: page.Number(b.Patients) + ", counted from the log after merges"}, {Name: "Known since", Value: r.clock.Second(b.Discovered)}, {Name: "Accesses", Value: touchesSay(k)},
	}
	v.Note = "Known since is when the house first knew, or could have known. If somebody knew earlier, the dates are earlier, too."
	for i := range b.Clocks {
		v.Clocks = append(v.Clocks, clockRow(&b.Clocks[i], r.clock))
	}
	v.Saved, v.Conclusions = "Not saved yet", breachConclusions()
	for i, q := range fourFactors() {
		a := readAssessment(b.Factors[i])
		if a.Conclusion != "" {
			v.Reason = page.Clean(a.Why, 2000)
			for j := range v.Conclusions {
				v.Conclusions[j].Chosen = v.Conclusions[j].Value == a.Conclusion
			}
		}
		if b.Factors[i] != "" {
			v.Saved = "Saved with the case"
		}
		f := page.Factor{Name: fmt.Sprintf("factor%d", i+1), Title: q.title, Hint: q.hint, Text: page.Clean(a.Words, 1000), Marks: marks()}
		for j := range f.Marks {
			f.Marks[j].Chosen = f.Marks[j].Value == a.Risk
		}
		v.Factors = append(v.Factors, f)
	}
	return v
}

// assess keeps the four answers and the conclusion with the case.
func (c *Console) assess(r *request) (answer, error) {
	k, err := c.loadCase(r, access.CaseRead, "opened the breach facts")
	if err != nil {
		return answer{}, err
	}
	if k.Breach == nil {
		return answer{}, errAbsent
	}
	by, err := c.viewer(r)
	if err != nil {
		return answer{}, err
	}
	answers, conclusion, err := assessed(r.PostForm)
	if err != nil {
		return answer{}, err
	}
	err = c.House.Do(r.Context(), access.CaseDecide, caseObject(&k), map[string]string{"change": "breach facts", "conclusion": conclusion}, func(ctx context.Context) error {
		return c.Privacy.Assess(ctx, k.ID, answers, by)
	})
	return answer{to: "/review/" + k.ID + "/breach?done=assessed"}, err
}

// assessed reads the form: four answers, of which the last one holds the conclusion.
func assessed(f url.Values) (answers [4]string, conclusion string, err error) {
	var all [4]assessment
	low := 0
	for i := range all {
		name := fmt.Sprintf("factor%d", i+1)
		a := assessment{Risk: cmp.Or(f.Get(name), "unknown"), Words: strings.TrimSpace(f.Get(name + "-text"))}
		if !slices.ContainsFunc(marks(), func(c page.Choice) bool { return c.Value == a.Risk }) || len(a.Words) > 1000 {
			return answers, "", &mistake{"Rate each of the four, in a thousand characters at most. Nothing was saved."}
		}
		if a.Risk == "low" {
			low++
		}
		all[i] = a
	}
	conclusion = cmp.Or(f.Get("conclusion"), "open")
	all[3].Conclusion, all[3].Why = conclusion, strings.TrimSpace(f.Get("reason"))
	switch {
	case !slices.ContainsFunc(breachConclusions(), func(c page.Choice) bool { return c.Value == conclusion }) || len(all[3].Why) > 2000:
		return answers, "", &mistake{"Choose what follows, and say why in two thousand characters at most. Nothing was saved."}
	case conclusion == "low" && (low < 4 || all[3].Why == ""):
		return answers, "", &mistake{"A low risk has to be shown: all four speak for it, and why is written. Until then it counts as a breach. Nothing was saved."}
	}
	for i := range all {
		text, err := json.Marshal(all[i])
		if err != nil {
			return answers, "", fmt.Errorf("write an answer: %w", err)
		}
		answers[i] = string(text)
	}
	return answers, conclusion, nil
}

// soonest is the clock that ends first.
func soonest(all []privacy.Clock) privacy.Clock {
	return slices.MinFunc(all, func(a, b privacy.Clock) int { return a.Due.Compare(b.Due) })
}

// clockName says who has to be told by a rule.
func clockName(rule string) string {
	name := map[string]string{
		"EU-GDPR-33": "to the supervisory authority", "US-HIPAA-IND": "to the patient", "US-HIPAA-HHS-L": "to HHS", "US-HIPAA-HHS-S": "to HHS",
	}[rule]
	return cmp.Or(name, page.Clean(rule, 40))
}

// clockBasis names the text of the law and its limit.
func clockBasis(rule string) string {
	basis := map[string]string{
		"EU-GDPR-33": "GDPR article 33: 72 hours, unless a risk is unlikely", "US-HIPAA-IND": "45 CFR 164.404: without unreasonable delay, 60 days at most",
		"US-HIPAA-HHS-L": "45 CFR 164.408(b): 500 or more people, 60 days at most", "US-HIPAA-HHS-S": "45 CFR 164.408(c): fewer than 500 people, 60 days after the end of the year",
	}[rule]
	return cmp.Or(basis, page.Clean(rule, 40))
}

// dueSays is a date, with its time where the law counts hours.
func dueSays(c *privacy.Clock, clock page.Clock) string {
	if c.Whole {
		return c.Due.In(clock.Zone).Format("Mon 2 January 2006")
	}
	return c.Due.In(clock.Zone).Format("Mon 2 January, 15:04")
}

func clockRow(c *privacy.Clock, clock page.Clock) page.ClockRow {
	row := page.ClockRow{Name: capital(strings.TrimPrefix(strings.TrimPrefix(clockName(c.Rule), "to the "), "to ")), From: c.From.In(clock.Zone).Format("2 January, 15:04"), Due: dueSays(c, clock), Basis: clockBasis(c.Rule)}
	if c.Whole {
		row.From = c.From.In(clock.Zone).Format("2 January")
	}
	left := c.Due.Sub(clock.Now)
	switch {
	case left < 0:
		row.State = page.Act("Over")
	case left < 96*time.Hour:
		row.State = page.Look(page.Number(int(left.Hours())) + " h left")
	default:
		row.State = page.Dim(page.Age(left) + " left")
	}
	return row
}
