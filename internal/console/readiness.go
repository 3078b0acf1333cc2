package console

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/continuity"
	"github.com/wardline/wardline/internal/continuity/downtime"
	"github.com/wardline/wardline/internal/event"
)

const readyAsk = "Could each unit work on paper now?"

// unitID names a unit in URLs.
func unitID(unit string) string { return event.NewID("unit", unit).String() }

// ready is how ready one unit is.
type ready struct {
	continuity.Practice
	downtime.Readiness
	unit   *continuity.PaperUnit
	laid   continuity.Laid // empty before the first since the start
	words  []string        // what it lacks, the worst first
	weight int
}

func (c *Console) readyOf(r *request, u *continuity.PaperUnit, laid []continuity.Laid) (*ready, error) {
	p, how, err := c.Shelf.Unit(r.Context(), u.Unit)
	if err != nil {
		return nil, err
	}
	out := &ready{Practice: p, Readiness: how, unit: u}
	if i := slices.IndexFunc(laid, func(l continuity.Laid) bool { return l.Unit == u.Unit }); i >= 0 {
		out.laid = laid[i]
		out.Failed = laid[i].Failed
	}
	out.words, out.weight = out.Score(r.clock.Now, downtime.UsualLimits())
	if out.laid.Trouble != "" && out.laid.File == "" {
		if out.weight == 0 {
			out.words = nil
		}
		out.words, out.weight = append([]string{"The last pack could not be made"}, out.words...), out.weight|downtime.LacksFolder
	}
	return out, nil
}

// name is what stands on the door, and what messages say.
func (u *ready) name() string {
	if u.unit.Title == u.unit.Unit {
		return page.Clean(u.unit.Unit, 60)
	}
	return page.Clean(u.unit.Title, 60) + " (" + page.Clean(u.unit.Unit, 20) + ")"
}

func readyState(weight int, word string) page.State {
	switch {
	case weight >= downtime.LacksFolder:
		return page.Act(word)
	case weight >= downtime.LacksPaper:
		return page.Look(word)
	case weight > 0:
		return page.Watch(word)
	}
	return page.OK(word)
}

// readiness lists how ready units are, the worst first.
func (c *Console) readiness(r *request) (answer, error) {
	v := page.Readiness{Views: flowViews(r, "/flows/readiness"), Cards: len(c.Cards) > 0}
	v.Frame = c.frame(r, "flows", "Readiness", readyAsk, key("next, previous", "J", "K"))
	if c.Paper == nil {
		v.Answer, v.Empty = "No: no unit gets downtime packs.", "An administrator lists the units, for whom their packs are sealed and where these go, in a file, and names it under continuity.packs in the configuration."
		return view("readiness", v), nil
	}
	laid, _ := c.Packs()
	var all []*ready
	for i := range c.Paper.Units() {
		u, err := c.readyOf(r, &c.Paper.Units()[i], laid)
		if err != nil {
			return answer{}, err
		}
		all = append(all, u)
	}
	slices.SortStableFunc(all, func(a, b *ready) int { return cmp.Compare(b.weight, a.weight) })
	for _, u := range all {
		row := page.ReadyRow{
			Unit: u.name(), URL: "/flows/readiness/" + unitID(u.unit.Unit), State: readyState(u.weight, u.words[0]), Also: strings.Join(u.words[1:], ". "),
			Data: atOr(r, u.Data, "none"), Patients: page.Number(u.laid.Patients), Printed: atOr(r, u.Readiness.Printed, "never"), Drill: atOr(r, u.Drilled, "never"),
		}
		if u.laid.File == "" {
			row.Patients = "not known"
		}
		v.Rows = append(v.Rows, row)
	}
	v.Answer = readyHeadline(all)
	return view("readiness", v), nil
}

// atOr is a time, or a word where there is none.
func atOr(r *request, at time.Time, none string) string {
	if at.IsZero() {
		return none
	}
	return r.clock.At(at)
}

// readyHeadline answers the question by the worst that units lack.
func readyHeadline(all []*ready) string {
	for _, lack := range []struct {
		what int
		says string
	}{
		{downtime.LacksPack, "No. %s no pack that is young enough."}, {downtime.LacksFolder, "No. %s a pack that is not where it should be."},
		{downtime.LacksPaper, "Not all. %s no paper of the last twelve hours."}, {downtime.LacksDrill, "Perhaps. %s no drill of the last half year that went well."},
	} {
		n := 0
		for _, u := range all {
			if u.weight&lack.what != 0 {
				n++
			}
		}
		if n > 0 {
			return fmt.Sprintf(lack.says, page.Number(n)+" of "+page.Plural(len(all), "unit")+either(n == 1, " has", " have"))
		}
	}
	return either(len(all) == 1, "Yes. The one unit is ready.", "Yes. All "+page.Plural(len(all), "unit")+" are ready.")
}

// unitOf is the unit that the path names.
func (c *Console) unitOf(r *request) (*continuity.PaperUnit, error) {
	if c.Paper != nil {
		for i, u := range c.Paper.Units() {
			if unitID(u.Unit) == r.PathValue("id") {
				return &c.Paper.Units()[i], nil
			}
		}
	}
	return nil, errAbsent
}

// unit shows how ready one unit is, its drills, and the downtimes that it had.
func (c *Console) unit(r *request) (answer, error) {
	of, err := c.unitOf(r)
	if err != nil {
		return answer{}, err
	}
	laid, _ := c.Packs()
	u, err := c.readyOf(r, of, laid)
	if err != nil {
		return answer{}, err
	}
	past, err := c.Shelf.Downtimes(r.Context())
	if err != nil {
		return answer{}, err
	}
	return view("unit", c.unitPage(r, u, past)), nil
}

func (c *Console) unitPage(r *request, u *ready, past []continuity.Downtime) page.Unit {
	v := page.Unit{}
	going := u.Going(r.clock.Now)
	ask, keys := "Could this unit work on paper now?", []page.Key{key("paper was printed", "Y"), key("start a drill", "D")}
	if going != nil {
		ask, keys = "How long until the unit works on paper?", []page.Key{key("a step is done", "1", "-", page.Number(len(going.Steps))), key("end the drill", "Ctrl", "Enter")}
	}
	v.Frame = c.frame(r, "flows", u.name(), ask)
	v.Crumbs = []page.Link{{Text: "Flows", URL: "/flows"}, {Text: "Readiness", URL: "/flows/readiness"}, {Text: u.name()}}
	base := "/flows/readiness/" + unitID(u.unit.Unit)
	if allowed(r.actor, access.DowntimeDrill) == nil {
		v.Base, v.Keys = base, append(keys, v.Keys...)
	}
	if allowed(r.actor, access.SourceWrite) == nil {
		v.Recover = base + "/recover"
	}
	if t := unitToast(r); t != nil {
		v.Toast = t
	}
	v.Answer = either(u.weight == 0, "Yes.", "Not as it should: "+uncapital(u.words[0])+".")
	for _, w := range u.words[1:] {
		v.Lacks = append(v.Lacks, page.Look(w))
	}
	if going != nil {
		v.Drill = drillView(r, going)
		v.Answer = drillHeadline(going)
	}
	v.Facts = []page.Pair{
		{Name: "Pack with data of", Value: atOr(r, u.Data, "no pack was made yet")}, {Name: "It lies as", Value: cmp.Or(page.Clean(u.laid.File, 80), "not known since the start"), Mono: u.laid.File != ""},
		{Name: "Paper was printed", Value: atOr(r, u.Readiness.Printed, "never, as far as anybody said")},
	}
	if u.By != "" {
		v.Facts[2].Value += ", said by " + page.Clean(u.By, 60)
	}
	for _, d := range slices.Backward(u.Drills) {
		if d != going {
			v.Drills = append(v.Drills, drillRow(r, d))
		}
	}
	for i := range past {
		if d := &past[i]; d.Unit == u.unit.Unit && len(v.Downtimes) < 20 {
			v.Downtimes = append(v.Downtimes, page.DowntimeRow{
				When: r.clock.Span(d.From, d.To), Items: page.Number(d.Items), File: downtime.FileName(d.Unit, d.From, continuity.RecoveryKind), By: page.Clean(d.By, 60) + ", " + r.clock.At(d.Made),
			})
		}
	}
	return v
}

func drillView(r *request, d *downtime.Drill) *page.Drill {
	v := &page.Drill{By: page.Clean(d.By, 60), Began: r.clock.At(d.Started), Elapsed: r.clock.Now.Sub(d.Started)}
	v.Done, v.Of = d.Progress()
	for i, s := range d.Steps {
		step := page.DrillStep{N: i, What: page.Clean(s.What, 300)}
		if i < 9 {
			step.Key = fmt.Sprint(i + 1)
		}
		if !s.Done.IsZero() {
			step.Done = page.Stopwatch(s.Done.Sub(d.Started))
		}
		v.Steps = append(v.Steps, step)
	}
	return v
}

func drillHeadline(d *downtime.Drill) string {
	took, in := d.InHand()
	done, of := d.Progress()
	switch {
	case done == of:
		return "All is done. End the drill."
	case in:
		return "The pack was in hand after " + page.Stopwatch(took) + ". " + capital(page.Count(of-done, "step")) + either(of-done == 1, " is", " are") + " left."
	}
	return "The pack is not in hand yet."
}

func drillRow(r *request, d *downtime.Drill) page.DrillRow {
	done, of := d.Progress()
	row := page.DrillRow{State: page.OK("Held"), When: r.clock.At(d.Started), By: page.Clean(d.By, 60), Hand: "not reached", Did: fmt.Sprintf("%d of %d", done, of)}
	if took, in := d.InHand(); in {
		row.Hand = page.Stopwatch(took)
	}
	if !d.Complete() {
		row.State = page.Watch("Broken off")
	}
	return row
}

func unitToast(r *request) *page.Toast {
	switch r.URL.Query().Get("done") {
	case "printed":
		return &page.Toast{State: page.OK("Recorded"), Text: "Paper was printed just now."}
	case "drilled":
		return &page.Toast{State: page.OK("Recorded"), Text: "The drill is over, and kept."}
	case "listed":
		return &page.Toast{State: page.OK("Listed"), Text: "The list lies beside the packs of the unit, sealed for it."}
	case "listed-partly":
		return &page.Toast{State: page.Look("Listed"), Text: "The list is not in every folder of the unit: the log of the node says why."}
	}
	return nil
}

// onUnit does something to a unit in the name of the reader, who needs verb for it, and comes back to its page.
func (c *Console) onUnit(r *request, verb access.Verb, what string, detail map[string]string, act func(ctx context.Context, unit *continuity.PaperUnit) (done string, err error)) (answer, error) {
	u, err := c.unitOf(r)
	if err != nil {
		return answer{}, err
	}
	if detail == nil {
		detail = map[string]string{}
	}
	detail["act"], detail["unit"] = what, page.Clean(u.Unit, 80)
	done := ""
	err = c.House.Do(r.Context(), verb, access.Object{Kind: "unit", ID: unitID(u.Unit)}, detail, func(ctx context.Context) (err error) {
		done, err = act(ctx, u)
		return err
	})
	for _, known := range []error{continuity.ErrGoing, continuity.ErrNoDrill, continuity.ErrNoCensus, continuity.ErrDowntime, downtime.ErrDrill, downtime.ErrOver} {
		if errors.Is(err, known) {
			return answer{}, &mistake{sentence(err.Error())}
		}
	}
	to := "/flows/readiness/" + unitID(u.Unit)
	if done != "" {
		to += "?done=" + done
	}
	return answer{to: to}, err
}

func (c *Console) printed(r *request) (answer, error) {
	return c.onUnit(r, access.DowntimeDrill, "paper was printed", nil, func(ctx context.Context, u *continuity.PaperUnit) (string, error) {
		return "printed", c.Shelf.Printed(ctx, u.Unit, r.actor.Name)
	})
}

func (c *Console) startDrill(r *request) (answer, error) {
	return c.onUnit(r, access.DowntimeDrill, "start a drill", nil, func(ctx context.Context, u *continuity.PaperUnit) (string, error) {
		return "", c.Shelf.StartDrill(ctx, u.Unit, r.actor.Name, c.Paper.Steps())
	})
}

func (c *Console) drillStep(r *request) (answer, error) {
	n, err := strconv.Atoi(r.PostForm.Get("step"))
	if err != nil {
		return answer{}, &mistake{"Say which step is done."}
	}
	return c.onUnit(r, access.DowntimeDrill, "a step of a drill is done", map[string]string{"step": fmt.Sprint(n + 1)}, func(ctx context.Context, u *continuity.PaperUnit) (string, error) {
		return "", c.Shelf.Drilled(ctx, u.Unit, n)
	})
}

func (c *Console) endDrill(r *request) (answer, error) {
	return c.onUnit(r, access.DowntimeDrill, "end the drill", nil, func(ctx context.Context, u *continuity.PaperUnit) (string, error) {
		return "drilled", c.Shelf.EndDrill(ctx, u.Unit)
	})
}

// recoverUnit has the list made of what must be entered back. Who may have it made can excuse late entries, so it is not asked for by the verb of drills. It is sealed for the unit, as its packs are, and does not come to the browser: nobody's role in the console is to read charts.
func (c *Console) recoverUnit(r *request) (answer, error) {
	const layout = "2006-01-02T15:04" // of an input of type datetime-local
	from, err1 := time.ParseInLocation(layout, r.PostForm.Get("from"), c.Zone)
	to, err2 := time.ParseInLocation(layout, r.PostForm.Get("to"), c.Zone)
	if err1 != nil || err2 != nil {
		return answer{}, &mistake{"Say when the downtime began and when it ended, each with day and time."}
	}
	detail := map[string]string{"from": from.UTC().Format(time.RFC3339), "to": to.UTC().Format(time.RFC3339)}
	return c.onUnit(r, access.SourceWrite, "list what must be entered back", detail, func(ctx context.Context, u *continuity.PaperUnit) (string, error) {
		l, err := c.Recover(ctx, u.Unit, from, to, r.actor.Name)
		if err != nil {
			return "", err
		}
		return either(l.Trouble == "", "listed", "listed-partly"), nil
	})
}
