package console

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/continuity"
	"github.com/wardline/wardline/internal/continuity/canary"
)

// The pages about decoys ask for rule.write, which only seniors have: a decoy is a rule of the house, an allow entry is an exception to one, and
// whoever reads where decoys lie can go around them. An administrator, who could switch off what sees them, and a program have no need to know; what a trip
// means stands in its finding, which all see who judge findings. Even here the marks are shown for an act that is sealed, and never in the list.

const (
	canariesURL   = "/flows/canaries"
	canariesAsk   = "Is anybody where nobody should be?"
	canariesShown = 500
	touchedLately = 7 * 24 * time.Hour
)

// byHand are the kinds that a person enters by hand. What comes with a file is made by the command, which leaves it in a folder.
func byHand() []canary.Kind {
	return []canary.Kind{canary.Account, canary.Listener, canary.AETitle, canary.Patient, canary.Row, canary.Token}
}

func canaryName(v *continuity.DecoyView) string {
	return capital(v.Kind.Noun()) + ", " + page.Clean(v.Where, 80)
}

// canaryState is the shape and the word of a decoy. Of one that no event could have shown it is not known whether it is quiet.
func canaryState(v *continuity.DecoyView, now time.Time) page.State {
	switch {
	case !v.Last.At.IsZero() && now.Sub(v.Last.At) < touchedLately:
		return page.Look("Touched")
	case v.Armed.After(now):
		return page.Watch("Not watched yet")
	case v.Proof.Looked == 0:
		return page.Dim("Blind")
	}
	return page.OK("Quiet")
}

// touch says what happened last to a decoy, and where that is judged.
func touch(r *request, v *continuity.DecoyView) (says string, at page.Link) {
	if v.Last.At.IsZero() {
		return "Never touched", page.Link{}
	}
	says = r.clock.At(v.Last.At) + ": " + uncapital(canary.Meaning(v.Kind, v.Last.Act))
	switch {
	case v.Last.Finding != "":
		return says, page.Link{Text: "Its finding", URL: "/findings/" + v.Last.Finding}
	case v.Kind == canary.Patient:
		return says, page.Link{Text: "Judged under Review", URL: "/review"}
	}
	return says, page.Link{Text: "Found by a rule", URL: "/findings"}
}

// canaries lists the decoys.
func (c *Console) canaries(r *request) (answer, error) {
	v := page.Canaries{Views: flowViews(r, canariesURL)}
	v.Frame = c.frame(r, "flows", "Canaries", canariesAsk, key("next, previous", "J", "K"), key("make a decoy", "C"))
	if c.Continuity == nil {
		v.Off, v.Answer = "An administrator has decoys watched by taking continuity.off out of the configuration, and starts the node again.", "We cannot tell: nobody watches for it."
		return view("canaries", v), nil
	}
	all := c.Continuity.Decoys()
	v.Answer, v.Context = canariesHeadline(all, r.clock.Now)
	if len(all) > 0 && canaryState(&all[0], r.clock.Now).Word == "Touched" {
		v.Now = touchedNow(r, &all[0])
	}
	for i := range all[:min(canariesShown, len(all))] {
		d := &all[i]
		row := page.CanaryRow{Name: canaryName(d), URL: canariesURL + "/" + d.ID, State: canaryState(d, r.clock.Now), From: r.clock.At(d.Proof.Since), Looked: page.Number(d.Proof.Looked), Allowed: mayTouch(r, d)}
		if row.State.Word == "Quiet" {
			row.State = page.OK("Quiet for " + page.Length(r.clock.Now.Sub(quietSince(d))))
		}
		row.Last, row.Found = touch(r, d)
		v.Rows = append(v.Rows, row)
	}
	return view("canaries", v), nil
}

// touchedNow is the card with the one thing to do.
func touchedNow(r *request, d *continuity.DecoyView) *page.Now {
	n := &page.Now{State: page.Level(canary.Severity(d.Kind, d.Last.Act).String()), Label: r.clock.At(d.Last.At), Title: "See who touched it: " + uncapital(canaryName(d)), Text: canary.Meaning(d.Kind, d.Last.Act)}
	_, n.Action = touch(r, d)
	return n
}

// canariesHeadline answers the question. Who saw nothing does not say that there was nothing.
func canariesHeadline(all []continuity.DecoyView, now time.Time) (answer, context string) {
	words := map[string]int{}
	least := uint64(0)
	for i := range all {
		state := canaryState(&all[i], now)
		if words[state.Word]++; state.Word == "Quiet" && (least == 0 || all[i].Proof.Looked < least) {
			least = all[i].Proof.Looked
		}
	}
	quiet, touched, blind, young := words["Quiet"], words["Touched"], words["Blind"], words["Not watched yet"]
	if blind > 0 {
		context = page.Count(blind, "decoy") + either(blind == 1, " is", " are") + " blind: no event came that could have shown " + either(blind == 1, "it", "them") + "."
	}
	switch {
	case len(all) == 0:
		return "We cannot tell: there are no decoys.", ""
	case touched > 0:
		return "Yes. " + page.Count(touched, "decoy") + either(touched == 1, " was", " were") + " touched in the last seven days.", context
	case quiet == 0 && young > 0:
		return "We cannot tell yet.", strings.TrimSpace(page.Count(young, "decoy") + either(young == 1, " is", " are") + " still being put in place. " + context)
	case quiet == 0:
		return "We cannot tell.", context
	case quiet == 1:
		answer = "No. One decoy is quiet."
	default:
		answer = "No. " + page.Number(quiet) + " decoys are quiet."
	}
	return answer, strings.TrimSpace("Each rests on " + page.Plural(least, "event") + " at least that could have shown it. " + context)
}

// mayTouch says who has an entry that has not run out.
func mayTouch(r *request, d *continuity.DecoyView) string {
	open := slices.DeleteFunc(slices.Clone(d.Allow), func(a canary.Allow) bool { return !a.Until.After(r.clock.Now) })
	if len(open) == 0 {
		return "nobody"
	}
	says := entryOf(&open[0]) + ", asked of " + page.Clean(open[0].Owner, 40) + ", until " + r.clock.At(open[0].Until)
	if len(open) > 1 {
		says += ", and " + page.Number(len(open)-1) + " more"
	}
	return says
}

// entryOf says whom an entry lets touch a decoy.
func entryOf(a *canary.Allow) string {
	switch {
	case a.Account == "":
		return "anybody from " + page.Clean(a.Host, 60)
	case a.Host == "":
		return page.Clean(a.Account, 60)
	}
	return page.Clean(a.Account, 60) + " from " + page.Clean(a.Host, 60)
}

// decoyOf is the decoy that the path names.
func (c *Console) decoyOf(r *request) (*continuity.DecoyView, error) {
	if c.Continuity == nil {
		return nil, errAbsent
	}
	all := c.Continuity.Decoys()
	i := slices.IndexFunc(all, func(d continuity.DecoyView) bool { return d.ID == r.PathValue("id") })
	if i < 0 {
		return nil, errAbsent
	}
	return &all[i], nil
}

// canary shows one decoy, without its marks.
func (c *Console) canary(r *request) (answer, error) {
	d, err := c.decoyOf(r)
	if err != nil {
		return answer{}, err
	}
	return view("canary", c.canaryPage(r, d)), nil
}

func (c *Console) canaryPage(r *request, d *continuity.DecoyView) page.Canary {
	name := canaryName(d)
	v := page.Canary{URL: canariesURL + "/" + d.ID}
	v.Frame = c.frame(r, "flows", name, "Did anybody touch it?")
	v.Crumbs = []page.Link{{Text: "Canaries", URL: canariesURL}, {Text: name}}
	if r.URL.Query().Get("done") == "allowed" {
		v.Toast = &page.Toast{State: page.OK("Recorded"), Text: "What they do to it is counted, and is no finding until the entry ends."}
	}
	switch canaryState(d, r.clock.Now).Word {
	case "Touched":
		v.Answer = "Yes, in the last seven days."
	case "Not watched yet":
		v.Answer, v.Context = "It is not watched yet.", "Until "+r.clock.At(d.Armed)+" touching it is nothing: it is being put in place."
	case "Blind":
		v.Answer, v.Context = "We cannot tell.", "No event came that could have shown it. Connect a source that would tell, or take it away."
	default:
		v.Answer = "No, for " + page.Length(r.clock.Now.Sub(quietSince(d))) + "."
		v.Context = page.Plural(d.Proof.Looked, "event") + " came that could have shown it."
	}
	tested := "not yet found by one"
	if !d.Proof.Tested.IsZero() {
		tested = r.clock.Since(d.Proof.Tested)
	}
	last, found := touch(r, d)
	v.Found = found
	v.Facts = []page.Pair{
		{Name: "Watched from", Value: r.clock.At(d.Proof.Since)}, {Name: "Events looked at", Value: page.Number(d.Proof.Looked)}, {Name: "Looked at in", Value: page.Clean(either(len(d.Proof.Classes) == 0, "nothing yet", strings.Join(d.Proof.Classes, ", ")), 300)},
		{Name: "Last self-test", Value: tested}, {Name: "Touched", Value: often(d.Proof.Trips)}, {Name: "By those who may", Value: often(d.Proof.Allowed)}, {Name: "Last", Value: last},
	}
	for i := range d.Allow {
		a := &d.Allow[i]
		row := page.AllowRow{Who: entryOf(a), Owner: page.Clean(a.Owner, 80), Why: page.Clean(a.Reason, 200), Until: r.clock.At(a.Until), State: page.OK("May")}
		if !a.Until.After(r.clock.Now) {
			row.State = page.Dim("Ended")
		}
		v.Allow = append(v.Allow, row)
	}
	return v
}

func often(n int) string {
	if n == 0 {
		return "never"
	}
	return times(n)
}

func quietSince(d *continuity.DecoyView) time.Time {
	if d.Last.At.After(d.Proof.Since) {
		return d.Last.At
	}
	return d.Proof.Since
}

// canaryMarks shows by what a decoy is known: that somebody looked is sealed before.
func (c *Console) canaryMarks(r *request) (answer, error) {
	d, err := c.decoyOf(r)
	if err != nil {
		return answer{}, err
	}
	v := c.canaryPage(r, d)
	err = c.House.Do(r.Context(), access.RuleWrite, access.Object{Kind: "decoy", ID: d.ID}, map[string]string{"act": "the marks of a decoy are shown"}, func(context.Context) error {
		for _, m := range c.Continuity.DecoyMarks(d.ID) {
			v.Marks = append(v.Marks, page.Pair{Name: capital(string(m.Field)), Value: page.Clean(m.Value, 200), Mono: true})
		}
		return nil
	})
	if err != nil {
		return answer{}, err
	}
	return view("canary", v), nil
}

// addCanary asks what shall be made.
func (c *Console) addCanary(r *request) (answer, error) {
	if c.Continuity == nil {
		return answer{}, errAbsent
	}
	return view("addcanary", c.addCanaryPage(r)), nil
}

func (c *Console) addCanaryPage(r *request) page.AddCanary {
	v := page.AddCanary{Where: page.Clean(r.PostForm.Get("where"), 100), Base: page.Clean(r.PostForm.Get("base"), 100), Why: page.Clean(r.PostForm.Get("why"), 500)}
	v.Frame = c.frame(r, "flows", "Make a decoy", "What would somebody touch who has no business here?", key("go on", "Ctrl", "Enter"))
	v.Crumbs = []page.Link{{Text: "Canaries", URL: canariesURL}, {Text: "Make a decoy"}}
	v.Answer, v.Context = "Choose what it pretends to be.", "You get what has to be entered where, once."
	hints := map[canary.Kind]string{
		canary.Account: "that nobody signs in with", canary.Listener: "an address at which nothing answers", canary.AETitle: "of an imaging system that does not exist",
		canary.Patient: "who is nobody, in the record", canary.Row: "that stands in one table only", canary.Token: "an address in a document",
	}
	for _, k := range byHand() {
		v.Kinds = append(v.Kinds, page.Choice{Value: string(k), Text: capital(k.Noun()), Hint: hints[k], Chosen: string(k) == r.PostForm.Get("kind")})
	}
	return v
}

// makeCanary makes a decoy, and shows once what has to be done with it.
func (c *Console) makeCanary(r *request) (answer, error) {
	if c.Continuity == nil {
		return answer{}, errAbsent
	}
	kind, why := canary.Kind(r.PostForm.Get("kind")), strings.TrimSpace(r.PostForm.Get("why"))
	var wrong error
	switch {
	case !slices.Contains(byHand(), kind):
		wrong = errors.New("choose what it pretends to be")
	case why == "" || len(why) > 500:
		wrong = errors.New("say in a sentence why it is made")
	}
	var made canary.Decoy
	if wrong == nil {
		detail := map[string]string{"act": "a decoy is made", "kind": string(kind), "why": why}
		err := c.House.Do(r.Context(), access.RuleWrite, access.Object{Kind: "decoy"}, detail, func(ctx context.Context) error {
			made, wrong = c.Continuity.MakeDecoy(ctx, continuity.NewDecoy{Kind: kind, Where: r.PostForm.Get("where"), Base: strings.TrimSpace(r.PostForm.Get("base"))})
			return wrong
		})
		if err != nil && (wrong == nil || errors.Is(wrong, continuity.ErrNotKept)) { // it was not begun, or it is nobody's mistake
			return answer{}, err
		}
	}
	if wrong != nil {
		v := c.addCanaryPage(r)
		v.Wrong = capital(wrong.Error()) + "."
		return answer{show: view("addcanary", v).show, status: 400}, nil
	}
	r.SetPathValue("id", made.Canary.ID)
	d, err := c.decoyOf(r)
	if err != nil {
		return answer{}, err
	}
	v := c.canaryPage(r, d)
	v.Answer, v.Context = "Now put it where it is to lie.", "It is watched from "+r.clock.At(made.Canary.Armed)+" on."
	v.Todo = canary.Todo(kind)
	for _, f := range made.Facts {
		v.Made = append(v.Made, page.Pair{Name: capital(f.Name), Value: page.Clean(strings.ReplaceAll(strings.TrimSpace(f.Value), "\n", " / "), 300), Mono: true})
	}
	return view("canary", v), nil
}

// allowCanary lets somebody touch a decoy for a time.
func (c *Console) allowCanary(r *request) (answer, error) {
	d, err := c.decoyOf(r)
	if err != nil {
		return answer{}, err
	}
	field := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	a := canary.Allow{Account: field("account"), Host: field("host"), Owner: field("owner"), Reason: field("why")}
	day, err := time.ParseInLocation(time.DateOnly, field("until"), r.clock.Zone)
	if err != nil || a.Owner == "" || a.Reason == "" || a.Account == "" && a.Host == "" {
		return answer{}, &mistake{"Name the account or the machine, who can be asked, why, and the day on which it ends."}
	}
	a.Until = day.AddDate(0, 0, 1) // that day is the last
	detail := map[string]string{"act": "somebody may touch a decoy", "until": field("until"), "why": page.Clean(a.Reason, 500)}
	return c.changeCanary(r, d, detail, "/"+d.ID+"?done=allowed", func(ctx context.Context) error { return c.Continuity.AllowDecoy(ctx, d.ID, a) })
}

// removeCanary has a decoy be watched no more.
func (c *Console) removeCanary(r *request) (answer, error) {
	d, err := c.decoyOf(r)
	if err != nil {
		return answer{}, err
	}
	why := strings.TrimSpace(r.PostForm.Get("why"))
	if why == "" || len(why) > 500 {
		return answer{}, &mistake{"Say in a sentence why it is taken away."}
	}
	detail := map[string]string{"act": "a decoy is taken away", "kind": string(d.Kind), "why": why}
	return c.changeCanary(r, d, detail, "", func(ctx context.Context) error { return c.Continuity.RemoveDecoy(ctx, d.ID) })
}

func (c *Console) changeCanary(r *request, d *continuity.DecoyView, detail map[string]string, to string, act func(context.Context) error) (answer, error) {
	var failed error
	err := c.House.Do(r.Context(), access.RuleWrite, access.Object{Kind: "decoy", ID: d.ID}, detail, func(ctx context.Context) error {
		failed = act(ctx)
		return failed
	})
	if failed != nil && !errors.Is(failed, continuity.ErrNotKept) {
		return answer{}, &mistake{capital(failed.Error()) + "."}
	}
	return answer{to: canariesURL + to}, err
}

// canariesJSON is how decoys do, as programs read it: how many of each kind, and not where.
type canariesJSON struct {
	Canaries []canaryJSON `json:"canaries"`
}

type canaryJSON struct {
	Kind    string    `json:"kind"`
	Count   int       `json:"count"`
	Quiet   int       `json:"quiet"`
	Blind   int       `json:"blind"` // no event came that could have shown them
	Trips   int       `json:"trips"`
	Looked  uint64    `json:"events_looked_at"`
	Tripped time.Time `json:"last_trip,omitzero"`
}

// canaryFigures tells programs whether decoys are alive.
func (c *Console) canaryFigures(r *request) (answer, error) {
	out := canariesJSON{Canaries: []canaryJSON{}}
	if c.Continuity == nil {
		return answer{data: out}, nil
	}
	all := c.Continuity.Decoys()
	for _, k := range canary.Kinds() {
		f := canaryJSON{Kind: string(k)}
		for i := range all {
			d := &all[i]
			if d.Kind != k {
				continue
			}
			f.Count++
			f.Trips += d.Proof.Trips
			f.Looked = max(f.Looked, d.Proof.Looked)
			if d.Last.At.After(f.Tripped) {
				f.Tripped = d.Last.At
			}
			switch canaryState(d, r.clock.Now).Word {
			case "Quiet":
				f.Quiet++
			case "Blind":
				f.Blind++
			}
		}
		if f.Count > 0 {
			out.Canaries = append(out.Canaries, f)
		}
	}
	return answer{data: out}, nil
}

func docCanaries() doc {
	return doc{id: "listCanaries", summary: "How many decoys of each kind there are, how many are quiet, on how many events that rests, and how often they were touched. Where they lie is not said.", answer: canariesJSON{}}
}
