package console

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy"
)

// Names are masked until somebody gives a reason. Then they are shown for a while, to that person, on that one page
// and its kin; nothing of it is kept when the node ends.
const (
	revealTime  = 15 * time.Minute
	aloneReveal = 50 // patients whose names one person may have shown alone
	mostReveals = 1000
)

// reveals are what people see in clear at the moment.
type reveals struct {
	mu    sync.Mutex
	until map[secret]time.Time // guarded by mu
}

// secret is what is shown to whom: a case, the answer to who saw a chart, a day at work.
type secret struct{ what, who string }

func caseSecret(id string) string { return "case " + id }

func newReveals() *reveals { return &reveals{until: map[secret]time.Time{}} }

// grant shows what to who until a time.
func (v *reveals) grant(what, who string, now, until time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for s, t := range v.until {
		if !t.After(now) {
			delete(v.until, s)
		}
	}
	if len(v.until) >= mostReveals {
		clear(v.until) // so many at once is no use that anybody has: all are masked again
	}
	v.until[secret{what, who}] = until
}

// end masks it again.
func (v *reveals) end(what, who string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.until, secret{what, who})
}

// open tells until when it is shown; zero when it is masked.
func (v *reveals) open(what, who string, now time.Time) time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	if t := v.until[secret{what, who}]; t.After(now) {
		return t
	}
	return time.Time{}
}

// revealReasons are what people say why they need names.
func revealReasons() []page.Choice {
	return []page.Choice{
		{Value: "review", Text: "I am reviewing this"}, {Value: "talk", Text: "I am speaking with the person"}, {Value: "patient", Text: "The patient asked"}, {Value: "other", Text: "Another reason"},
	}
}

// reasonSays is a reason in the words of the form.
func reasonSays(reason string) string {
	for _, c := range append(revealReasons(), askReasons()...) {
		if c.Value == reason {
			return "“" + c.Text + "”"
		}
	}
	return "none"
}

// saidReason is why, in the words of the form. Nothing is typed freely here: the trail holds it, and it could be a name.
func saidReason(r *request) (string, error) {
	reason := r.PostForm.Get("reason")
	for _, c := range append(revealReasons(), askReasons()...) {
		if c.Value == reason {
			return reason, nil
		}
	}
	return "", &mistake{"Say why you need it. Nothing was shown."}
}

// revealForm asks for names, or says how long they are shown. It is nil for whoever may not see them.
func (c *Console) revealForm(r *request, what, base string, patients int) *page.Reveal {
	if allowed(r.actor, access.CaseReveal) != nil {
		return nil
	}
	v := &page.Reveal{Action: base + "/reveal", Conceal: base + "/conceal", Reasons: revealReasons()}
	if until := c.reveals.open(what, r.actor.ID, r.clock.Now); !until.IsZero() {
		v.Until = r.clock.At(until)
		return v
	}
	if patients <= aloneReveal || c.Alone {
		return v
	}
	if all, err := c.House.Proposals(r.Context()); err == nil {
		for i := range all {
			var asked namesWanted
			if all[i].Verb == access.CaseReveal && all[i].By == r.actor.ID && json.Unmarshal(all[i].Terms, &asked) == nil && asked.What == what {
				v.Waits = "Waits for a second person, until " + r.clock.At(all[i].Ends)
			}
		}
	}
	if second, err := c.House.Second(r.Context(), access.CaseReveal, access.Object{Kind: "case"}); err == nil && second {
		v.Two = fmt.Sprintf("More than %d patients: a second person has to agree first.", aloneReveal)
	}
	return v
}

// sayMasked says on paper whether names are masked or shown.
func sayMasked(f *page.Frame, v *page.Reveal) {
	f.Print = strings.Replace(f.Print, "patients masked", either(v != nil && v.Until != "", "names shown", "names masked"), 1)
}

// namesWanted is what a second person agrees to.
type namesWanted struct {
	What     string `json:"what"`
	Title    string `json:"title"`
	Patients int    `json:"patients"`
	Reason   string `json:"reason"`
}

// show grants names, which is sealed first; for many patients it waits for a second person.
func (c *Console) show(r *request, o access.Object, want namesWanted, back string) (answer, error) {
	reason, err := saidReason(r)
	if err != nil {
		return answer{}, err
	}
	want.Reason = reason
	detail := map[string]string{"reason": reason, "minutes": strconv.Itoa(int(revealTime.Minutes())), "patients": strconv.Itoa(want.Patients)}
	if want.Patients > aloneReveal {
		if waits, err := c.waits(r.Context(), access.CaseReveal, o, detail, want); waits || err != nil {
			return answer{to: back + "?done=proposed"}, err
		}
	}
	err = c.House.Do(r.Context(), access.CaseReveal, o, detail, func(context.Context) error {
		c.reveals.grant(want.What, r.actor.ID, r.clock.Now, r.clock.Now.Add(revealTime))
		return nil
	})
	return answer{to: back}, err
}

// agreeNames shows the names to whoever asked for them.
func (c *Console) agreeNames(p *access.Proposal) error {
	var want namesWanted
	if err := json.Unmarshal(p.Terms, &want); err != nil {
		return fmt.Errorf("read proposal: %w", err)
	}
	now := c.Now()
	c.reveals.grant(want.What, p.By, now, now.Add(revealTime))
	return nil
}

func (c *Console) reveal(r *request) (answer, error) {
	k, err := c.loadCase(r, access.CaseRead, "opened")
	if err != nil {
		return answer{}, err
	}
	want := namesWanted{What: caseSecret(k.ID), Title: "case " + number(&k), Patients: len(k.Patients)}
	return c.show(r, caseObject(&k), want, "/review/"+k.ID)
}

// conceal masks the names before the time is over.
func (c *Console) conceal(r *request) (answer, error) {
	id := r.PathValue("id")
	c.reveals.end(caseSecret(id), r.actor.ID)
	return answer{to: "/review/" + id}, nil
}

// revealCase returns the names behind a case while they are shown to the reader.
func (c *Console) revealCase(r *request, k *privacy.Case) (inClear, error) {
	if r.api || allowed(r.actor, access.CaseReveal) != nil || c.reveals.open(caseSecret(k.ID), r.actor.ID, r.clock.Now).IsZero() {
		return nil, nil
	}
	by, err := c.viewer(r)
	if err != nil {
		return nil, err
	}
	known, err := c.Privacy.Reveal(r.Context(), k.ID, by)
	if err != nil {
		return nil, err
	}
	all := inClear{}
	for _, n := range append(known.Users, known.Patients...) {
		all[n.Token] = nameOf(&n.Human, n.Identifiers, n.Account)
	}
	return all, nil
}

// nameOf writes somebody as people are called, with the number or the account.
func nameOf(h *hospital.Human, ids []hospital.Identifier, account string) string {
	name := strings.TrimSpace(h.Given + " " + h.Family)
	more := account
	if len(ids) > 0 {
		more = ids[0].Value
	}
	switch {
	case name == "":
		return more
	case more == "":
		return name
	}
	return name + ", " + more
}
