package console

import (
	"slices"
	"time"

	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy"
)

// drawn is what a picture of a day at work shows of the records that were opened.
type drawn struct {
	reasoned, early []time.Time
	without         []page.Moment
	story           []page.Moment // what a case is about
	patient         string        // what happened to the one patient of a case, in words; empty when nobody can tell
}

// drawDay draws a day at work: with a case, what it is about has a lane of its own.
func (c *Console) drawDay(d *privacy.Day, on time.Time, wide bool, k *privacy.Case) *page.Timeline {
	mine := map[hospital.PatientID]bool{}
	var s drawn
	if k != nil {
		for _, p := range k.Patients {
			mine[p.Patient] = true
		}
		s.story = c.momentsOf(k, d.Day)
	}
	for i := range d.Looks {
		l := &d.Looks[i]
		if mine[l.Touch.Patient] {
			continue
		}
		switch lookStanding(l) {
		case explained:
			s.reasoned = append(s.reasoned, l.Touch.First)
		case early:
			s.early = append(s.early, l.Touch.First)
		case unexplained:
			s.without = append(s.without, c.markAt(l.Touch.First))
		}
	}
	from, to := hoursOf(on, d, append(slices.Clone(s.reasoned), s.early...), append(slices.Clone(s.story), s.without...))
	lanes := c.lanesOf(d, &s)
	marked := "no reason found"
	if k == nil && len(lanes) == 1 && len(d.Shifts) == 0 {
		return nil
	}
	if k != nil {
		marked = either(len(s.without) == 0, "what this case is about", "what this case is about, and what else has no reason")
		lanes = append(lanes, page.LaneOf{Name: chartsOf(k), Strong: true, Moments: s.story})
		if lane, says, ok := c.patientsDay(k, on, from, to); ok {
			lanes, s.patient = append(lanes, lane), says
		}
	}
	v := page.Day(c.daySays(d, on, &s), from, to, c.Zone, wide, lanes...)
	if v != nil {
		v.Marked = marked
	}
	return v
}

func (c *Console) markAt(t time.Time) page.Moment {
	return page.Moment{At: t, Text: t.In(c.Zone).Format("15:04")}
}

// chartsOf names what a case is about, for its lane.
func chartsOf(k *privacy.Case) string {
	if k.Kind == privacy.DrugCase {
		return "The cabinet"
	}
	switch len(k.Patients) {
	case 0:
		return "This case"
	case 1:
		return "This chart"
	}
	return "These " + page.Plural(len(k.Patients), "chart")
}

func (c *Console) lanesOf(d *privacy.Day, drawn *drawn) []page.LaneOf {
	planned := page.LaneOf{Name: "Planned shift", Planned: true, Nothing: "no shift is known"}
	for _, s := range d.Shifts {
		if !s.Leave {
			planned.Stretches = append(planned.Stretches, page.Stretch{From: s.From, To: s.To})
		} else {
			planned.Nothing = "on leave"
		}
	}
	lanes := []page.LaneOf{planned}
	if !d.At.IsZero() {
		lanes = append(lanes, page.LaneOf{Name: "At work", Stretches: []page.Stretch{{From: d.At, To: d.Until}}})
	}
	if n := len(drawn.reasoned); n > 0 {
		lanes = append(lanes, page.LaneOf{Name: page.Plural(n, either(drawn.story == nil, "chart", "other chart")), Dots: drawn.reasoned})
	}
	if n := len(drawn.early); n > 0 {
		lanes = append(lanes, page.LaneOf{Name: page.Plural(n, "chart") + ", too early", Dots: drawn.early, Open: true})
	}
	if n := len(drawn.without); n > 0 {
		lanes = append(lanes, page.LaneOf{Name: page.Plural(n, "chart") + ", no reason", Moments: drawn.without})
	}
	return lanes
}

// momentsOf are the accesses of a case on one day by its first person.
func (c *Console) momentsOf(k *privacy.Case, day int32) (all []page.Moment) {
	for i := range k.Touches {
		l := &k.Touches[i]
		if l.Touch.Day != day || l.User != 0 {
			continue
		}
		times := []time.Time{l.Touch.First}
		if len(l.Touch.Evidence) > 0 {
			times = nil
			for _, a := range l.Touch.Evidence {
				times = append(times, a.At)
			}
		}
		for _, t := range times {
			all = append(all, c.markAt(t))
		}
	}
	return all
}

// hoursOf chooses the hours that are drawn: all that happened, from six to twenty at least.
func hoursOf(on time.Time, d *privacy.Day, dots []time.Time, moments []page.Moment) (from, to time.Time) {
	end := on.AddDate(0, 0, 1)
	from, to = on.Add(6*time.Hour), on.Add(20*time.Hour)
	reach := func(t time.Time) {
		if t.Before(on) || t.After(end) {
			return
		}
		for t.Before(from) && from.After(on) {
			from = from.Add(-2 * time.Hour)
		}
		for t.After(to) && to.Before(end) {
			to = to.Add(2 * time.Hour)
		}
	}
	for _, t := range dots {
		reach(t)
	}
	for _, m := range moments {
		reach(m.At)
	}
	for _, s := range d.Shifts {
		if s.From.Before(on) && s.To.After(on) {
			reach(on)
		}
		if s.To.After(end) && s.From.Before(end) {
			reach(end)
		}
		reach(s.From)
		reach(s.To)
	}
	reach(d.At)
	reach(d.Until)
	return from, to
}

// daySays is the picture in words.
func (c *Console) daySays(d *privacy.Day, on time.Time, drawn *drawn) string {
	s := on.Format("Monday 2 January") + ". Planned: " + shiftsSay(d, page.Clock{Zone: c.Zone}) + "."
	if !d.At.IsZero() {
		s += " At work " + d.At.In(c.Zone).Format("15:04") + " to " + d.Until.In(c.Zone).Format("15:04") + "."
	}
	s += " Opened " + page.Plural(len(drawn.reasoned), either(drawn.story == nil, "chart", "other chart")) + " with a reason"
	if n := len(drawn.without); n > 0 {
		s += ", " + page.Number(n) + " without one"
	}
	if n := len(drawn.early); n > 0 {
		s += ", " + page.Number(n) + " of which it is too early to say"
	}
	s += "."
	var at []string
	for _, m := range drawn.story {
		at = append(at, m.Text)
	}
	if len(at) > 0 {
		s += " What this case is about happened at " + list(at, 12) + "."
	}
	if drawn.patient != "" {
		s += " The patient: " + drawn.patient + "."
	}
	return s
}

// patientsDay is the lane of the one patient of a case, from when to when the patient was here, and the same in words.
func (c *Console) patientsDay(k *privacy.Case, on, from, to time.Time) (lane page.LaneOf, says string, ok bool) {
	if len(k.Patients) != 1 || c.Hospital == nil {
		return lane, "", false
	}
	last := time.Time{}
	c.Hospital.View(func(h *hospital.House) {
		p := h.Patient(k.Patients[0].Patient)
		if p == nil {
			return
		}
		for _, v := range p.Visits {
			end := v.End
			if end.IsZero() {
				end = to
			}
			if v.Start.Before(to) && end.After(from) {
				lane.Stretches = append(lane.Stretches, page.Stretch{From: v.Start, To: end})
			} else if v.Start.Before(on) && v.Start.After(last) {
				last = v.Start
			}
		}
	})
	lane.Name, lane.Nothing = "The patient’s day", "no visit on this day"
	if !last.IsZero() {
		lane.Nothing += "; last visit " + last.In(c.Zone).Format("2 January 2006")
	}
	if len(lane.Stretches) == 0 {
		return lane, lane.Nothing, true
	}
	var times []string
	for _, s := range lane.Stretches {
		times = append(times, c.within(s.From, from, to)+" to "+c.within(s.To, from, to))
	}
	return lane, "here " + list(times, 6), true
}

// within is a time of a day, or the end of the day that is drawn where the time lies before or after it.
func (c *Console) within(t, from, to time.Time) string {
	switch {
	case t.Before(from):
		return "before " + from.In(c.Zone).Format("15:04")
	case t.After(to):
		return "after " + to.In(c.Zone).Format("15:04")
	}
	return t.In(c.Zone).Format("15:04")
}
