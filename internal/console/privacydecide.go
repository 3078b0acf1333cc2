package console

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/privacy"
)

// undoTime is how long a decision can be taken back.
const undoTime = 10 * time.Minute

// talk is what a reviewer may choose beside the outcomes: the unit is not reminded, the person is asked. For what is
// learned it counts as policy: not a breach.
const talk = "talk"

// conclusions are what a reviewer chooses from, by the keys 1 to 5.
func conclusions() []page.Choice {
	return []page.Choice{
		{Value: string(privacy.Explained), Text: "There was a reason", Hint: "Name the missing fact; the next one like it is set aside"},
		{Value: talk, Text: "Talk with the person", Hint: "A manager who is not involved; a calm first question"},
		{Value: string(privacy.Policy), Text: "Policy only", Hint: "Not a breach; remind the unit"},
		{Value: string(privacy.Violation), Text: "Open a breach case", Hint: "Starts the clock and the four questions"},
		{Value: string(privacy.Unclear), Text: "Not enough to tell", Hint: "Ask for the roster or the phone log"},
	}
}

// conclusionsOn are those of one case: at a drug cabinet no record was read, so that nothing is a breach of it.
func conclusionsOn(k *privacy.Case) []page.Choice {
	all := conclusions()
	if k.Kind != privacy.DrugCase {
		return all
	}
	for i := range all {
		switch all[i].Value {
		case string(privacy.Explained):
			all[i].Hint = "Name what explains it; nothing is learned for others"
		case string(privacy.Policy):
			all[i].Hint = "Nothing was taken; remind the unit of what to write down"
		case string(privacy.Violation):
			all[i].Text, all[i].Hint = "Drugs were taken", "Pharmacy and personnel go on from here"
		case string(privacy.Unclear):
			all[i].Hint = "Ask the pharmacy for a count, or for the roster"
		}
	}
	return all
}

// talked begins the reason of a case that ended with a talk.
const talked = "A talk with the person. "

// concludeOn fills in what the reader may do with a case: decide, take back, or see the breach facts.
func (c *Console) concludeOn(r *request, k *privacy.Case, v *page.Case, next string) {
	if d := k.Decided; d != nil && d.Undone.IsZero() {
		v.Verdict = &page.Verdict{State: caseOutcome(k), Text: "Concluded " + r.clock.At(d.At) + " by " + page.Clean(d.By.Name, 60) + ". " + page.Clean(d.Why, 400)}
		if strings.HasPrefix(d.Why, talked) {
			v.Verdict.State = page.Watch("A talk")
		}
	}
	may := access.Check(r.actor, access.CaseDecide, caseObject(k)) == nil
	if may && k.State == privacy.Pending {
		v.Decide = &page.Decide{Action: v.URL + "/decide", Choices: conclusionsOn(k), Next: next, Base: "This is a question, not a verdict. You conclude; nothing was decided for you."}
	}
	if may && k.State == privacy.Closed && k.Decided != nil && k.Decided.By.Name == r.actor.Name && r.clock.Now.Sub(k.Decided.At) < undoTime {
		v.UndoURL = v.URL + "/undo"
	}
	if k.Breach != nil {
		v.BreachURL = v.URL + "/breach"
	}
}

// decide takes down what a reviewer concluded. Who says that there was a reason is asked which fact was missing first.
func (c *Console) decide(r *request) (answer, error) {
	k, err := c.loadCase(r, access.CaseRead, "opened")
	if err != nil {
		return answer{}, err
	}
	by, err := c.viewer(r)
	if err != nil {
		return answer{}, err
	}
	f := r.PostForm
	d := privacy.Decision{Outcome: privacy.Outcome(f.Get("outcome")), Why: strings.TrimSpace(f.Get("why")), By: by, At: r.clock.Now}
	switch f.Get("outcome") {
	case talk:
		d.Outcome, d.Why = privacy.Policy, strings.TrimSpace(talked+d.Why)
	case string(privacy.Explained), string(privacy.Policy), string(privacy.Violation), string(privacy.Unclear):
	default:
		return answer{}, &mistake{"Choose one of the five conclusions. Nothing was recorded."}
	}
	switch {
	case strings.TrimSpace(f.Get("why")) == "":
		return answer{}, &mistake{"Say why, in one sentence. Nothing was recorded."}
	case len(f.Get("why")) > 1000:
		return answer{}, &mistake{"Say why in fewer words: a thousand characters at most."}
	case d.Outcome == privacy.Explained:
		return c.missingFact(r, &k, d)
	}
	return c.dispose(r, &k, d)
}

// dispose records a decision and leads to the next case; a breach leads to its facts.
func (c *Console) dispose(r *request, k *privacy.Case, d privacy.Decision) (answer, error) {
	detail := map[string]string{"outcome": string(d.Outcome)}
	if d.Missing != nil && d.Missing.Live {
		detail["reason"] = "goes live"
		want := lesson{Case: k.ID, Number: number(k), Decision: d}
		if waits, err := c.waits(r.Context(), access.CaseDecide, caseObject(k), detail, want); waits || err != nil {
			return answer{to: "/review/" + k.ID + "?done=proposed"}, err
		}
	}
	err := c.House.Do(r.Context(), access.CaseDecide, caseObject(k), detail, func(ctx context.Context) error {
		return c.Privacy.Dispose(ctx, k.ID, d)
	})
	if err != nil {
		return answer{}, err
	}
	to := safePath(r.PostForm.Get("next"))
	if d.Outcome == privacy.Violation || to == "/" {
		to = "/review/" + k.ID
	}
	return answer{to: to + either(strings.Contains(to, "?"), "&", "?") + "done=" + "case-" + string(d.Outcome) + "&of=" + k.ID}, nil
}

// lesson is a reason that is to go live, which takes two people: it hides cases.
type lesson struct {
	Case     string           `json:"case"`
	Number   string           `json:"number"`
	Decision privacy.Decision `json:"decision"`
}

// agreeLesson records the decision that somebody else proposed, in that person's name.
func (c *Console) agreeLesson(ctx context.Context, p *access.Proposal) error {
	var l lesson
	if err := json.Unmarshal(p.Terms, &l); err != nil {
		return fmt.Errorf("read proposal: %w", err)
	}
	return c.Privacy.Dispose(ctx, l.Case, l.Decision)
}

// missingFact asks which fact was missing, tries the reason that would follow from it, and records.
func (c *Console) missingFact(r *request, k *privacy.Case, d privacy.Decision) (answer, error) {
	f := r.PostForm
	fact, step, teach := strings.TrimSpace(f.Get("fact")), f.Get("step"), f.Get("teach")
	v := c.missingPage(r, k, d, fact, teach)
	again := func(wrong string) (answer, error) {
		v.Wrong = wrong
		a := view("missing", v)
		a.status = http.StatusBadRequest
		return a, nil
	}
	switch {
	case step == "":
		return view("missing", v), nil
	case fact == "":
		return again("Say which fact was missing. Without it the next case like this one comes again.")
	case len(fact) > 1000:
		return again("Say it in fewer words: a thousand characters at most.")
	}
	proposal, err := c.Privacy.Propose(r.Context(), k.ID, fact, d.By)
	if err != nil {
		return answer{}, err
	}
	v.Receipt = trialView(&proposal.Trial)
	if step != "save" {
		return view("missing", v), nil
	}
	if proposal.Live = teach == "always"; proposal.Live && proposal.Trial.Upheld > 0 {
		return again("This reason would have hidden cases that were upheld, so it does not go live. Record only this one, or name the fact more narrowly.")
	}
	d.Missing = &proposal
	return c.dispose(r, k, d)
}

func (c *Console) missingPage(r *request, k *privacy.Case, d privacy.Decision, fact, teach string) page.Missing {
	v := page.Missing{Action: "/review/" + k.ID + "/decide", Back: "/review/" + k.ID, Why: page.Clean(d.Why, 1000), Next: safePath(r.PostForm.Get("next")), Fact: page.Clean(fact, 1000), MayTeach: k.Kind != privacy.DrugCase}
	v.Frame = c.frame(r, "access", "There was a reason", "What would have told us?", key("record", "Ctrl", "Enter"), key("back", "Esc"))
	v.Crumbs = []page.Link{{Text: "Access", URL: "/review"}, {Text: "Case " + number(k), URL: v.Back}, {Text: "There was a reason"}}
	v.Answer, v.Context = "Name the fact that was missing", page.Clean(k.Text.Headline, 200)
	v.Says = "Nothing is learned yet. You may first see what such a reason would have explained, and whether it would have hidden a case that somebody upheld."
	kind := "People of the same department and job, and patients of the same service"
	if !v.MayTeach {
		v.Says = "Nothing is learned for others. This person makes no further case for 30 days, unless as much comes anew."
		return v
	}
	v.Proposals = []page.Choice{
		{Value: "once", Text: "Only this one", Hint: "The same two people make no further case for 90 days", Chosen: teach != "always"},
		{Value: "always", Text: "Set aside all like it", Hint: kind, Chosen: teach == "always"},
	}
	return v
}

func trialView(t *privacy.Trial) *page.Receipt {
	v := &page.Receipt{State: page.OK("Hides none that was upheld"), Text: "This would have explained " + looks(t.Touches) + " and taken away " + page.Plural(t.Cases, "case") + "."}
	if t.Upheld > 0 {
		v.State = page.Act("Hides what was upheld")
	}
	v.Facts = []page.Pair{{Name: "Accesses explained", Value: page.Number(t.Touches)}, {Name: "Cases not opened", Value: page.Number(t.Cases)}, {Name: "Of them upheld", Value: page.Number(t.Upheld)}}
	v.Caveat = "Tried on the last 30 days. It does not say that the next one will be harmless."
	return v
}

// looks is "1 access" or "4 accesses".
func looks[N ~int | ~int64 | ~uint64](n N) string {
	return page.Number(n) + either(n == 1, " access", " accesses")
}

// undecide takes a decision back.
func (c *Console) undecide(r *request) (answer, error) {
	k, err := c.loadCase(r, access.CaseRead, "opened")
	if err != nil {
		return answer{}, err
	}
	by, err := c.viewer(r)
	if err != nil {
		return answer{}, err
	}
	err = c.House.Do(r.Context(), access.CaseDecide, caseObject(&k), map[string]string{"outcome": "taken back"}, func(ctx context.Context) error {
		return c.Privacy.Undo(ctx, k.ID, by)
	})
	return answer{to: "/review/" + k.ID + "?done=undone-case&of=" + k.ID}, err
}

// caseToast says what became of a decision.
func (c *Console) caseToast(r *request, done, id string) *page.Toast {
	said := map[string]string{
		"case-explained": "There was a reason", "case-policy": "Policy only, or a talk", "case-violation": "Breach case", "case-unclear": "Not enough to tell", "undone-case": "Taken back",
	}[done]
	if said == "" || c.Privacy == nil || allowed(r.actor, access.CaseDecide) != nil {
		return nil
	}
	k, err := c.listed(r, id)
	if err != nil || k == nil {
		return nil
	}
	t := &page.Toast{State: page.OK("Recorded"), Text: said + ": case " + number(k)}
	if d := k.Decided; done != "undone-case" && d != nil && d.By.Name == r.actor.Name && r.clock.Now.Sub(d.At) < undoTime {
		t.Undo = "/review/" + id + "/undo"
	}
	return t
}

// listed is a case as lists have it, for opening one is noted; nil when the reader may not see it.
func (c *Console) listed(r *request, id string) (*privacy.Case, error) {
	by, err := c.viewer(r)
	if err != nil || id == "" {
		return nil, err
	}
	all, err := c.Privacy.Cases(r.Context(), privacy.Filter{By: by, ID: id, States: []privacy.CaseState{privacy.Pending, privacy.Closed, privacy.Withdrawn}})
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}
