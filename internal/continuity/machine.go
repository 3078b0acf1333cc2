package continuity

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/event"
)

// What machines say of what all feeds rest on: clocks that jump, sign-ins that fail by them, certificates that end.
const (
	clockOff     = time.Second     // off by more than that is told
	kerberosEnds = 5 * time.Minute // off by more than that nobody signs in any more (RFC 4120, clockskew)
	skewed       = 5               // sign-ins that fail by the clock, within
	within       = 10 * time.Minute
	handshakes   = 3 // that a certificate spoils, within the same time
	mostMachines = 2000
)

// expiries are how long before a certificate's end it is told, each once.
func expiries() []time.Duration {
	return []time.Duration{45 * 24 * time.Hour, 14 * 24 * time.Hour, 3 * 24 * time.Hour, 0}
}

// machine is what was told of a machine, a server or a certificate: a machine's bad news comes again and again.
type machine struct {
	recent []time.Time // of what is counted
	told   time.Time
	last   time.Time // when it was heard of
	stage  int       // of expiries that was told
}

// machineSays hears what machines write in their logs, and what a sensor sees of connections.
func (e *Engine) machineSays(ev *event.Event, at time.Time) []Sign {
	switch {
	case value(ev, "app_name") == "chronyd":
		return e.clockSays(ev, at)
	case value(ev, "NewTime") != "" && value(ev, "OldTime") != "":
		return e.clockSet(ev, at)
	case value(ev, "Status") == "0x25": // KRB_AP_ERR_SKEW
		return e.counted("clock of "+value(ev, "Computer"), skewed, at, func(n int, since time.Time) Sign {
			return Sign{Kind: Clock, Name: "sign-ins at " + value(ev, "Computer") + " fail because clocks differ", Class: Hour, Since: since, Count: n}
		})
	case value(ev, "_path") == "ssl" && value(ev, "last_alert") == "certificate_expired":
		server := value(ev, "id.resp_h") + ":" + value(ev, "id.resp_p")
		return e.counted("tls "+server, handshakes, at, func(n int, since time.Time) Sign {
			return Sign{Kind: Expired, Name: "connections to " + nameOf(value(ev, "server_name"), server) + " fail: its certificate has ended", Class: Hour, Since: since, Count: n}
		})
	case value(ev, "certificate.not_valid_after") != "":
		seconds, err := strconv.ParseFloat(value(ev, "certificate.not_valid_after"), 64)
		if err != nil || math.Abs(seconds) > 1e11 {
			return nil
		}
		return e.expires(value(ev, "certificate.subject")+" "+value(ev, "certificate.serial"), value(ev, "certificate.subject"), time.Unix(int64(seconds), 0), at)
	}
	return nil
}

// clockSays hears chrony's words on a clock that is wrong.
func (e *Engine) clockSays(ev *event.Event, at time.Time) []Sign {
	_, rest, found := strings.Cut(value(ev, "message"), "System clock wrong by ")
	number, _, seconds := strings.Cut(rest, " seconds")
	off, err := strconv.ParseFloat(number, 64)
	if !found || !seconds || err != nil || math.IsNaN(off) || math.Abs(off) > 1e9 {
		return nil
	}
	return e.clockOff(nameOf(value(ev, "hostname"), ev.Source), time.Duration(off*float64(time.Second)), at)
}

// clockSet hears that Windows was set to another time.
func (e *Engine) clockSet(ev *event.Event, at time.Time) []Sign {
	now, err1 := time.Parse(time.RFC3339, value(ev, "NewTime"))
	old, err2 := time.Parse(time.RFC3339, value(ev, "OldTime"))
	if err1 != nil || err2 != nil {
		return nil
	}
	return e.clockOff(nameOf(value(ev, "Computer"), ev.Source), now.Sub(old), at)
}

func (e *Engine) clockOff(host string, off time.Duration, at time.Time) []Sign {
	if off.Abs() <= clockOff {
		return nil
	}
	m := e.machine("clock of "+host, at)
	if m == nil || !m.told.IsZero() && at.Sub(m.told) < time.Hour {
		return nil
	}
	m.told = at
	class := Shift
	if off.Abs() > kerberosEnds {
		class = Hour
	}
	return []Sign{{Kind: Clock, About: "clock of " + host, Name: fmt.Sprintf("the clock of %s was off by %s", host, spell(off.Abs())), Class: class, At: at, Since: at, Took: off.Abs()}}
}

// counted tells what happens so often within ten minutes, and not again within an hour of the last time.
func (e *Engine) counted(about string, most int, at time.Time, sign func(n int, since time.Time) Sign) []Sign {
	m := e.machine(about, at)
	if m == nil {
		return nil
	}
	for len(m.recent) > 0 && at.Sub(m.recent[0]) > within {
		m.recent = m.recent[1:]
	}
	if m.recent = append(m.recent, at); len(m.recent) < most {
		return nil
	}
	since, quiet := m.recent[0], m.told.IsZero() || at.Sub(m.told) > time.Hour
	m.recent = m.recent[len(m.recent)-most+1:]
	if m.told = at; !quiet {
		return nil
	}
	s := sign(most, since)
	s.About, s.At = about, at
	return []Sign{s}
}

// expires tells that a certificate ends: 45, 14 and 3 days before, and when it has.
func (e *Engine) expires(id, name string, end, at time.Time) []Sign {
	stage := 0
	for i, before := range expiries() {
		if end.Sub(at) <= before {
			stage = i + 1
		}
	}
	if stage == 0 || end.Before(at.AddDate(-1, 0, 0)) {
		return nil // far away, or long over and used by nobody who minds
	}
	m := e.machine("certificate "+id, at)
	if m == nil || m.stage >= stage {
		return nil
	}
	m.stage = stage
	class := Days
	if stage >= 3 {
		class = Hour
	}
	return []Sign{{Kind: Expires, About: "certificate " + id, Name: "the certificate " + name, Class: class, At: at, Since: at, Ends: end}}
}

func (e *Engine) machine(about string, at time.Time) *machine {
	m := e.machines[about]
	if m == nil {
		if len(e.machines) >= mostMachines {
			e.crowded++
			return nil
		}
		m = &machine{}
		e.machines[about] = m
	}
	m.last = at
	return m
}
