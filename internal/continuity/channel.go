package continuity

import (
	"strconv"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/event"
)

// channel is what an interface engine says of one of its channels, in reports such as
//
//	channel=ADT_OUT_PHARM sent=0 queued=0 errors=0
//
// which many engines can be told to write. What comes in is reported as received, on a channel whose name begins alike.
type channel struct {
	name     string
	received int       // by channels of its family, since it last sent
	starved  int       // reports in which it sent nothing, though something was received
	since    time.Time // of the first of these
	oldest   time.Duration
	last     time.Time // when it reported
	told     map[Kind]bool
}

const (
	fewReports  = 2               // in which nothing goes out
	fewReceived = 20              // messages that should have
	oldQueue    = 2 * time.Minute // age of the oldest message that waits
	mostChannel = 500
)

// engineSays hears the reports of an interface engine.
func (e *Engine) engineSays(ev *event.Event, at time.Time) (out []Sign) {
	text := value(ev, "message")
	if !strings.HasPrefix(text, "channel=") {
		return nil
	}
	said := pairs(text)
	name := said["channel"]
	family, _, _ := strings.Cut(name, "_")
	if n, ok := number(said, "received"); ok {
		for _, c := range e.channels {
			if f, _, _ := strings.Cut(c.name, "_"); f == family {
				c.received += n
			}
		}
		return nil
	}
	c := e.channels[name]
	if c == nil {
		if len(e.channels) >= mostChannel {
			return nil
		}
		c = &channel{name: name, told: map[Kind]bool{}}
		e.channels[name] = c
	}
	c.last = at
	sign := func(k Kind, wrong bool, s Sign) {
		if wrong == c.told[k] {
			return
		}
		c.told[k] = wrong
		s.Kind, s.About, s.Name, s.Class, s.At, s.Ended = k, "channel "+name, "interface engine, channel "+name, Hour, at, !wrong
		out = append(out, s)
	}
	if sent, ok := number(said, "sent"); ok {
		if sent > 0 {
			c.received, c.starved = 0, 0
		} else if c.received > 0 {
			if c.starved++; c.starved == 1 {
				c.since = at
			}
		}
		sign(NotForwarded, c.starved >= fewReports && c.received >= fewReceived, Sign{Since: c.since, Count: c.received})
	}
	if seconds, ok := number(said, "oldest_s"); ok {
		was := c.oldest
		c.oldest = time.Duration(seconds) * time.Second
		sign(Queued, c.oldest > oldQueue && (c.oldest > was || c.told[Queued]), Sign{Since: at.Add(-c.oldest), Took: c.oldest})
	}
	switch said["state"] {
	case "disconnected":
		sign(Disconnected, true, Sign{Since: at})
	case "connected", "started":
		sign(Disconnected, false, Sign{})
	}
	return out
}

// pairs reads words such as a=b c="d e".
func pairs(text string) map[string]string {
	out := map[string]string{}
	for text = strings.TrimSpace(text); text != "" && len(out) < 32; text = strings.TrimSpace(text) {
		key, rest, found := strings.Cut(text, "=")
		if !found {
			break
		}
		if i := strings.LastIndexByte(key, ' '); i >= 0 {
			key = key[i+1:]
		}
		if strings.HasPrefix(rest, `"`) {
			out[key], text, _ = strings.Cut(rest[1:], `"`)
			continue
		}
		out[key], text, _ = strings.Cut(rest, " ")
	}
	return out
}

func number(said map[string]string, name string) (int, bool) {
	n, err := strconv.Atoi(said[name])
	return n, err == nil && n >= 0
}
