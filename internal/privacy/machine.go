package privacy

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
)

// announced is what the house said of a machine or an account: a change for which it may do much for a while, or, of a registered
// system, what it is there for.
type announced struct {
	Who      hospital.Ref
	From, To time.Time
	System   bool   `json:",omitempty"`
	May      string `json:",omitempty"` // of a system: images, export, or both
	Net      string `json:",omitempty"` // of a system: the address or network from which it acts; empty for any within the house
}

// mostAnnounced bounds the changes that are remembered, the latest ones.
const mostAnnounced = 1000

// isList tells whether events of a class are rows of the site's lists.
func isList(c *event.Class) bool { return c.Product == "hr" && c.Service == "list" }

// announce takes in a ticket that is about no patient, a migration, say, and which systems the house has registered.
func (e *Engine) announce(ev *event.Event) {
	get := func(name string) string {
		for v := range ev.Values("row." + name) {
			return string(v)
		}
		return ""
	}
	kind := strings.ToLower(get("kind"))
	if kind != "ticket" && kind != "system" || get("patient_id") != "" || get("who") == "" {
		return
	}
	a := announced{Who: e.house.Intern(get("who")), From: listTime(get("from"), e.cfg.Zone), To: listTime(get("to"), e.cfg.Zone)}
	if kind == "system" {
		a.System, a.May, a.Net = true, strings.ToLower(get("label")), get("reference")
		e.announced = slices.DeleteFunc(e.announced, func(o announced) bool { return o.System && o.Who == a.Who }) // the latest word holds
	}
	switch strings.ToLower(get("status")) {
	case "closed", "cancelled", "removed":
		e.announced = slices.DeleteFunc(e.announced, func(o announced) bool { return o.Who == a.Who && o.System == a.System && o.From.Equal(a.From) })
		return
	}
	if slices.Contains(e.announced, a) {
		return
	}
	e.announced = append(e.announced, a)
	if over := len(e.announced) - mostAnnounced; over > 0 {
		e.announced = e.announced[over:]
	}
}

// permitted tells whether the house said that an account may do so much of something: by a ticket for the time, or as a registered
// system that is there for it and acts from where it should.
func (e *Engine) permitted(who hospital.Ref, r *row, what string) bool {
	at := time.UnixMilli(r.at)
	for i := range e.announced {
		a := &e.announced[i]
		if a.Who != who || at.Before(a.From) || !a.To.IsZero() && at.After(a.To.Add(time.Hour)) {
			continue
		}
		if !a.System || slices.Contains(strings.Fields(a.May), what) && a.within(e.house.Text(r.where)) {
			return true
		}
	}
	return false
}

// within tells whether a system acts from where it should.
func (a *announced) within(place string) bool {
	if a.Net == "" {
		return !isOutside(place)
	}
	from, err := netip.ParseAddr(place)
	if err != nil {
		return false
	}
	if net, err := netip.ParsePrefix(a.Net); err == nil {
		return net.Contains(from)
	}
	only, err := netip.ParseAddr(a.Net)
	return err == nil && only == from
}

// registers tells whether the house keeps a list of the systems that are there for something.
func (e *Engine) registers(what string) bool {
	return slices.ContainsFunc(e.announced, func(a announced) bool { return a.System && slices.Contains(strings.Fields(a.May), what) })
}

func listTime(text string, zone *time.Location) time.Time {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC()
	}
	t, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// isMachine tells whether a system acted for itself: what stands for the account is the name of the machine, or of the program.
func (s *said) isMachine() bool {
	return len(s.user) > 0 && (bytes.EqualFold(s.ae, s.user) || bytes.Equal(s.app, s.user))
}

// automatic tells whether machines did all of it, none of them a stranger.
func (e *Engine) automatic(s *sheet) bool {
	if e.bare.Classes().Machine(e.house.Text(s.user)) {
		return true
	}
	if st := e.house.Staff(s.staff); st != nil && st.Type == hospital.Machine {
		return true
	}
	for i := range s.rows {
		if s.rows[i].marks&machine == 0 {
			return false
		}
	}
	return !e.newcomer(s) && !e.stranger(s)
}

// newcomer tells whether a machine does something here that was never here before, and that nobody announced. What is used in the first
// weeks is taken for the house's own.
func (e *Engine) newcomer(s *sheet) bool {
	return e.unheard(s, e.cfg.Own) && !slices.ContainsFunc(e.announced, func(a announced) bool { return a.Who == s.user })
}

// unheard tells whether a machine was never here before today, when the house has been watched for a while.
func (e *Engine) unheard(s *sheet, watched time.Duration) bool {
	h := e.health
	return s.rows[0].marks&machine != 0 && e.profile(s.user).days == 0 && h.began != 0 && s.rows[0].at >= e.dayEnd(h.began)+watched.Milliseconds()
}

// stranger tells whether a machine takes images that should not. Where the house has registered its systems that is any other; else
// any that was never here before, and within the second week only one that takes as many as nobody looks at.
func (e *Engine) stranger(s *sheet) bool {
	first, last := &s.rows[0], &s.rows[len(s.rows)-1]
	if first.marks&machine == 0 || !s.hasImages() {
		return false
	}
	const week = 7 * 24 * time.Hour
	known := e.registers("images")
	if !known && !e.unheard(s, min(week, e.cfg.Own)) || e.permitted(s.user, first, "images") && e.permitted(s.user, last, "images") {
		return false
	}
	return known || e.unheard(s, e.cfg.Own) || e.imagesOf(s) > e.cfg.Images
}

func (s *sheet) hasImages() bool {
	return slices.ContainsFunc(s.rows, func(r row) bool { return r.marks&image != 0 })
}

// imagesOf counts the studies of the account's busiest hour of that day.
func (e *Engine) imagesOf(s *sheet) int {
	if s.work != nil {
		return s.work.Images
	}
	w := e.workday(dayKey{s.user, s.day})
	if w.opened%10 != 0 && !w.strange && s.state == fresh { // counting takes long
		return 0
	}
	return e.work(w).Images
}
