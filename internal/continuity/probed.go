package continuity

import (
	"context"
	"time"

	"github.com/wardline/wardline/internal/continuity/probe"
)

// Probed takes what came of asking a server, and tells what is news in it.
func (r *Room) Probed(ctx context.Context, report probe.Report) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	planned := false
	if r.cfg.Planned != nil {
		planned, _ = r.cfg.Planned(report.At)
	}
	return r.file(ctx, probed(&report, planned))
}

// probed are the signs of a report. What is down on purpose is no news, and that it is up again neither.
func probed(p *probe.Report, planned bool) (out []Sign) {
	now, before := &p.Standing, &p.Before
	sign := Sign{About: "server " + p.Target, Name: p.Target, Class: Hour, At: p.At, Since: now.Since, On: p.Component, Why: p.Why}
	if now.State != before.State && !planned {
		for state, kind := range map[probe.State]Kind{probe.Down: ServerDown, probe.Slow: ServerSlow} {
			switch state {
			case now.State:
				out = append(out, with(sign, kind, false))
			case before.State:
				out = append(out, with(sign, kind, true))
			}
		}
	}
	if now.EndsWithin != 0 && now.EndsWithin != before.EndsWithin || now.Ended && !before.Ended {
		s := with(sign, Expires, false)
		s.About, s.Name, s.Since, s.Ends = "certificate of "+p.Target, "the certificate of "+p.Target, p.At, now.Expires
		if now.Expires.Sub(p.At) > 3*24*time.Hour {
			s.Class = Days
		}
		out = append(out, s)
	}
	if now.Clock != before.Clock && now.Clock != probe.ClockFine && !planned {
		s := with(sign, Clock, false)
		s.About, s.Name, s.Since, s.Took = "clock of "+p.Target, "the clock of "+p.Target+" is off by "+spell(p.Offset.Abs()), p.At, p.Offset.Abs()
		if now.Clock == probe.ClockOff {
			s.Class = Shift
		}
		out = append(out, s)
	}
	return out
}

func with(s Sign, k Kind, ended bool) Sign {
	s.Kind, s.Ended = k, ended
	return s
}
