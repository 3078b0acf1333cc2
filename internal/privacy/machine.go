package privacy

import (
	"bytes"
	"time"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
)

// announced is a change that the house announced: a machine, or an account, that may do much for a while.
type announced struct {
	Who      hospital.Ref
	From, To time.Time
}

// mostAnnounced bounds the changes that are remembered, the latest ones.
const mostAnnounced = 1000

// isList tells whether events of a class are rows of the site's lists.
func isList(c *event.Class) bool { return c.Product == "hr" && c.Service == "list" }

// announce takes in a ticket that is about no patient: a migration, say.
func (e *Engine) announce(ev *event.Event) {
	get := func(name string) string {
		for v := range ev.Values("row." + name) {
			return string(v)
		}
		return ""
	}
	if get("kind") != "ticket" || get("patient_id") != "" || get("who") == "" {
		return
	}
	a := announced{Who: e.house.Intern(get("who")), From: listTime(get("from"), e.cfg.Zone), To: listTime(get("to"), e.cfg.Zone)}
	for _, o := range e.announced {
		if o == a {
			return
		}
	}
	e.announced = append(e.announced, a)
	if over := len(e.announced) - mostAnnounced; over > 0 {
		e.announced = e.announced[over:]
	}
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

// isMachine tells whether a system acted for itself: what stands for the account is the name of the machine.
func (s *said) isMachine() bool { return len(s.ae) > 0 && bytes.EqualFold(s.ae, s.user) }

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
	return !e.stranger(s)
}

// stranger tells whether a machine takes images that never did before, and that nobody announced. What is used in the
// first weeks is taken for the house's own.
func (e *Engine) stranger(s *sheet) bool {
	h := e.health
	if s.rows[0].marks&machine == 0 || e.profile(s.user).days > 0 || h.began == 0 || s.rows[0].at < e.dayEnd(h.began)+e.cfg.Own.Milliseconds() {
		return false
	}
	for _, a := range e.announced {
		if a.Who == s.user && !s.first().Before(a.From) && (a.To.IsZero() || !s.last().After(a.To.Add(time.Hour))) {
			return false
		}
	}
	return true
}
