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
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy"
)

// dayNumber counts days since 1970-01-01, as the room does, and back.
func dayNumber(t time.Time) int32 {
	y, m, d := t.Date()
	return int32(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

func (c *Console) dayStart(day int32) time.Time {
	y, m, d := time.Unix(int64(day)*86400, 0).UTC().Date()
	return time.Date(y, m, d, 0, 0, 0, 0, c.Zone)
}

func dayURL(s hospital.StaffID, day time.Time) string {
	return fmt.Sprintf("/people-at-work/%d/%s", s, day.Format(time.DateOnly))
}

func (c *Console) workdayForm(r *request) (answer, error) {
	if c.Privacy == nil {
		return answer{}, errNoRoom
	}
	return view("workday", c.workdayAsk(r)), nil
}

func (c *Console) workdayAsk(r *request) page.Workday {
	v := page.Workday{Asks: true, Presets: askReasons(), On: r.clock.Now.In(c.Zone).AddDate(0, 0, -1).Format(time.DateOnly)}
	v.Frame = c.frame(r, "access", "A day at work", "What did this person’s day look like?", key("ask", "Ctrl", "Enter"))
	v.Answer, v.Context = "Ask for one person and one day", "That you ask, and why, is written to the journal. Most often a case leads here by itself."
	return v
}

// askWorkday finds who is meant, which is sealed first.
func (c *Console) askWorkday(r *request) (answer, error) {
	if c.Privacy == nil {
		return answer{}, errNoRoom
	}
	name, v := strings.TrimSpace(r.PostForm.Get("person")), c.workdayAsk(r)
	again := func(wrong string) (answer, error) {
		v.Wrong = wrong
		a := view("workday", v)
		a.status = 400
		return a, nil
	}
	reason, err := saidReason(r)
	day, err1 := time.ParseInLocation(time.DateOnly, r.PostForm.Get("day"), c.Zone)
	switch {
	case err != nil:
		return again(err.Error())
	case name == "" || len(name) > 64:
		return again("Write the account or the staff number of the person.")
	case err1 != nil:
		return again("Choose a day.")
	}
	who, err := c.Privacy.FindStaff(r.Context(), name)
	if err != nil {
		return answer{}, err
	}
	detail := map[string]string{"reason": reason, "day": day.Format(time.DateOnly), "found": either(who == 0, "nobody", "a person")}
	err = c.House.Do(r.Context(), access.StaffDay, access.Object{Kind: "staff", ID: strconv.FormatInt(int64(who), 10)}, detail, func(context.Context) error { return nil })
	if err != nil {
		return answer{}, err
	}
	if who == 0 {
		return again("Nobody here has that account or number.")
	}
	return answer{to: dayURL(who, day)}, nil
}

// sameLine tells whether somebody may not look at a day: it is the own one, or that of somebody whom the reader reports to.
func (c *Console) sameLine(r *request, who hospital.StaffID) (same bool, err error) {
	line, err := c.line(r)
	if err != nil {
		return false, err
	}
	_, same = line[who]
	return same, nil
}

// line is the reader and all whom the reader reports to, as far as the house knows.
func (c *Console) line(r *request) (map[hospital.StaffID]struct{}, error) {
	by, err := c.viewer(r)
	if err != nil || by.Staff == 0 {
		return nil, err
	}
	line := map[hospital.StaffID]struct{}{by.Staff: {}}
	if c.Hospital == nil {
		return line, nil
	}
	c.Hospital.View(func(h *hospital.House) {
		at := by.Staff
		for range 20 { // no house has more ranks; a ring of managers ends as well
			s := h.Staff(at)
			if s == nil || s.Manager == 0 {
				return
			}
			at = s.Manager
			line[at] = struct{}{}
		}
	})
	return line, nil
}

func (c *Console) workday(r *request) (answer, error) {
	if c.Privacy == nil {
		return answer{}, errNoRoom
	}
	id, err1 := strconv.ParseInt(r.PathValue("id"), 10, 64)
	on, err2 := time.ParseInLocation(time.DateOnly, r.PathValue("day"), c.Zone)
	if err := errors.Join(err1, err2); err != nil || id <= 0 {
		return answer{}, errAbsent
	}
	who := hospital.StaffID(id)
	if same, err := c.sameLine(r, who); err != nil || same {
		return answer{}, cmp.Or(err, errAbsent)
	}
	var d privacy.Day
	err := c.House.Do(r.Context(), access.StaffDay, access.Object{Kind: "staff", ID: r.PathValue("id")}, map[string]string{"day": on.Format(time.DateOnly)}, func(ctx context.Context) (err error) {
		d, err = c.Privacy.PersonsDay(ctx, who, dayNumber(on))
		return err
	})
	if err != nil {
		return answer{}, err
	}
	return view("workday", c.workdayPage(r, who, on, &d)), nil
}

func (c *Console) workdayPage(r *request, who hospital.StaffID, on time.Time, d *privacy.Day) page.Workday {
	v := page.Workday{Heading: on.Format("Monday 2 January 2006"), When: "local time", NothingSays: "No system reported that this person opened a record on this day."}
	v.Frame = c.frame(r, "access", "A day at work", "What did this person’s day look like?", key("day after, day before", "J", "K"), key("reveal", "R"))
	v.Crumbs = []page.Link{{Text: "Access", URL: "/review"}, {Text: "A person’s day", URL: "/people-at-work"}, {Text: v.Heading}}
	v.Before = page.Link{Text: "Day before", URL: dayURL(who, on.AddDate(0, 0, -1))}
	v.After = page.Link{Text: "Day after", URL: dayURL(who, on.AddDate(0, 0, 1))}
	what := "day " + r.PathValue("id") + " " + on.Format(time.DateOnly)
	v.Reveal = c.revealForm(r, what, dayURL(who, on), len(d.Patients))
	shown := v.Reveal != nil && v.Reveal.Until != ""
	subject := page.Pair{Name: "Staff member", Value: masked(&d.Staff), Masked: true}
	if shown {
		subject = page.Pair{Name: "Staff member", Value: c.staffName(&d.Staff)}
	}
	sayMasked(&v.Frame, v.Reveal)
	v.Subject = []page.Pair{subject}
	if role := roleOf(&d.Staff); role != "" {
		v.Subject = append(v.Subject, page.Pair{Value: role})
	}
	for i := range d.Looks {
		v.Rows = append(v.Rows, c.workRow(r, d, &d.Looks[i], shown))
	}
	slices.SortStableFunc(v.Rows, func(a, b page.WorkRow) int { return a.State.Rank() - b.State.Rank() })
	v.Answer = dayHeadline(d)
	v.Day = c.drawDay(d, on, true, nil)
	v.Totals = []page.Pair{{Name: "Planned", Value: shiftsSay(d, r.clock)}}
	if !d.At.IsZero() {
		v.Totals = append(v.Totals, page.Pair{Name: "First and last act", Value: d.At.In(c.Zone).Format("15:04") + " and " + d.Until.In(c.Zone).Format("15:04")})
	}
	return v
}

func lookStanding(l *privacy.Look) standing {
	return standingOf(&l.Touch.Counts, l.Verdict.Explained, l.Pending)
}

// dayHeadline counts records, by what is known of their reasons.
func dayHeadline(d *privacy.Day) string {
	var n [unopened + 1]int
	for i := range d.Looks {
		n[lookStanding(&d.Looks[i])]++
	}
	opened, without, soon := len(d.Looks)-n[unopened], n[unexplained], n[early]
	says := page.Count(opened, "record") + either(opened == 1, " was", " were") + " opened"
	switch {
	case opened == 0:
		return "No record was opened on this day"
	case opened == 1:
		return says + either(without == 1, ", without a reason that we found", either(soon == 1, "; it is too early to say why", ", with a reason"))
	case without > 0:
		says += ", " + page.Number(without) + " of them without a reason that we found"
	case soon == 0:
		says += ", each with a reason"
	}
	if soon > 0 {
		says += "; for " + page.Number(soon) + " it is too early to say"
	}
	return says
}

func (c *Console) workRow(r *request, d *privacy.Day, l *privacy.Look, shown bool) page.WorkRow {
	t := &l.Touch
	row := page.WorkRow{Time: timesOf(t.First, t.Last, r.clock), What: countsSay(t.Counts), Patient: dots}
	if l.Patient >= 0 && l.Patient < len(d.Patients) {
		row.Patient = masked(&d.Patients[l.Patient])
		if shown {
			row.Patient = c.patientName(d.Patients[l.Patient].Patient)
		}
	}
	var places []string
	for _, ref := range t.Places[:min(2, len(t.Places))] {
		if text := page.Clean(c.text(ref), 40); text != "" {
			places = append(places, text)
		}
	}
	row.Where = strings.Join(places, ", ")
	switch lookStanding(l) {
	case unexplained:
		row.State = page.Look("No reason found")
	case early:
		row.State, row.Reason = page.Dim("Too early"), "Reasons may still come."
	case unopened:
		row.State, row.Reason = page.Dim("Not opened"), "The record itself was not opened."
	case explained:
		row.State = page.OK("Reason")
		if len(l.Verdict.Reasons) > 0 {
			if says, err := c.Privacy.SayReason(r.Context(), &l.Verdict.Reasons[0]); err == nil {
				row.Reason = page.Clean(says, 200)
			}
		}
	}
	if len(t.Evidence) > 0 {
		row.Seal = sealOf(t.Evidence[0].Place)
	}
	return row
}

// shiftsSay lists the shifts of a day.
func shiftsSay(d *privacy.Day, clock page.Clock) string {
	var said []string
	for _, s := range d.Shifts {
		what := s.From.In(clock.Zone).Format("15:04") + " to " + s.To.In(clock.Zone).Format("15:04")
		if s.OnCall {
			what += ", on call"
		}
		if s.Leave {
			what = "on leave"
		}
		said = append(said, what)
	}
	switch {
	case len(said) > 0:
		return list(said, 4) + either(d.Rostered, "", " (from what was used, not from a roster)")
	case !d.Rostered:
		return "not known: no roster names this person"
	}
	return "no shift on this day"
}

// dayOf draws the day of the first person of a case on which most was found without a reason.
func (c *Console) dayOf(r *request, k *privacy.Case, v *page.Case) error {
	if len(k.Users) == 0 || len(k.Touches) == 0 {
		return nil
	}
	byDay := map[int32]int{}
	for i := range k.Touches {
		if k.Touches[i].User == 0 {
			for _, n := range k.Touches[i].Touch.Counts {
				byDay[k.Touches[i].Touch.Day] += int(n)
			}
		}
	}
	best := int32(0)
	for day, n := range byDay {
		if n > byDay[best] || n == byDay[best] && day > best {
			best = day
		}
	}
	on := c.dayStart(best)
	d := privacy.Day{Staff: k.Users[0], Day: best}
	if who := k.Users[0].Staff; who != 0 && allowed(r.actor, access.StaffDay) == nil {
		same, err := c.sameLine(r, who)
		if err != nil {
			return err
		}
		if !same {
			if d, err = c.Privacy.PersonsDay(r.Context(), who, best); err != nil {
				return err
			}
			v.DayURL = dayURL(who, on)
		}
	}
	v.DayTitle, v.DayWhen = "The person’s "+on.Format("Monday"), on.Format("2 January")+", local time"
	v.Day = c.drawDay(&d, on, false, k)
	return nil
}

func (c *Console) workdayReveal(r *request) (answer, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	on, err2 := time.ParseInLocation(time.DateOnly, r.PathValue("day"), c.Zone)
	if err != nil || err2 != nil || c.Privacy == nil {
		return answer{}, errAbsent
	}
	who := hospital.StaffID(id)
	if same, err := c.sameLine(r, who); err != nil || same {
		return answer{}, cmp.Or(err, errAbsent)
	}
	d, err := c.Privacy.PersonsDay(r.Context(), who, dayNumber(on))
	if err != nil {
		return answer{}, err
	}
	want := namesWanted{What: "day " + r.PathValue("id") + " " + on.Format(time.DateOnly), Title: "a day at work", Patients: len(d.Patients)}
	return c.show(r, access.Object{Kind: "staff", ID: r.PathValue("id")}, want, dayURL(who, on))
}

func (c *Console) workdayConceal(r *request) (answer, error) {
	on, err := time.ParseInLocation(time.DateOnly, r.PathValue("day"), c.Zone)
	if err != nil {
		return answer{}, errAbsent
	}
	c.reveals.end("day "+r.PathValue("id")+" "+on.Format(time.DateOnly), r.actor.ID)
	return answer{to: "/people-at-work/" + r.PathValue("id") + "/" + on.Format(time.DateOnly)}, nil
}
