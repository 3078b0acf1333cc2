package continuity

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/continuity/hush"
	"github.com/wardline/wardline/internal/continuity/stage"
	"github.com/wardline/wardline/internal/event"
)

// LogsSilent is that machines which always say something in their logs stopped together.
const LogsSilent Kind = "logs-silent"

// logHeard takes which machine an event of a log is from.
func (e *Engine) logHeard(ev *event.Event, at time.Time) {
	if ev.Class.Product == "hl7" {
		return
	}
	for _, field := range []string{"hostname", "Computer", "host.name"} {
		if name := value(ev, field); name != "" {
			e.logs.Heard(name, ev.Source, at)
			return
		}
	}
}

// logsSilent tells of machines that stopped together, which is a stage of an attack, unless what they send through may have stopped.
func (e *Engine) logsSilent(now time.Time) (out []Sign) {
	if e.cfg.Planned != nil {
		if down, _ := e.cfg.Planned(now); down {
			e.logs.Deaf(now)
			return nil
		}
	}
	for _, h := range e.logs.Tick(now) {
		out = append(out, e.hushed(&h, now)...)
	}
	return out
}

func (e *Engine) hushed(h *hush.Hush, now time.Time) []Sign {
	s := Sign{Kind: LogsSilent, About: "logs", Name: fmt.Sprintf("the logs of %d machines", h.Count), Class: Shift, At: now, Since: h.Since, Ended: h.Ended, Count: h.Count}
	if h.Source != "" {
		s.Name += ", all of which come through " + e.shown(h.Source)
	}
	for _, m := range h.Machines {
		s.Entities = append(s.Entities, "host "+strings.ToLower(e.shown(m)))
	}
	if h.Ended || h.Source != "" {
		return []Sign{s}
	}
	t := stage.Trace{ID: "logs " + h.Since.UTC().Format(time.RFC3339), At: now, Title: "Machines stopped sending logs together", Tags: []string{"attack.defense_evasion"}, Entities: slices.Clone(s.Entities)}
	return append([]Sign{s}, e.staged(t, false)...)
}
