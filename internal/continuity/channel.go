package continuity

import (
	"math"
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
	fed      float64   // reports in which it sent something, forgotten by half in some thousand
	hungry   float64   // reports like those of starved, of runs that ended
	longest  int       // of these runs
	oldest   time.Duration
	last     time.Time // when it reported
	told     map[Kind]bool
}

const (
	fewReports  = 2               // in which nothing goes out
	fewReceived = 20              // messages that should have, of a channel of which little is known
	fewFed      = 100             // reports by which enough is known
	mostFed     = 5000            // that the past counts for
	starving    = 1e-6            // that so many reports without anything are chance
	oldQueue    = 2 * time.Minute // age of the oldest message that waits
	passed      = time.Minute     // after a report, within which what is on its way is handed on
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
	sign := func(k Kind, wrong bool, s Sign) { out = c.tell(out, k, wrong, s, at) }
	if sent, ok := number(said, "sent"); ok {
		if sent > 0 {
			c.remember()
			c.received, c.starved = 0, 0
		} else if c.received > 0 {
			if c.starved++; c.starved == 1 {
				c.since = at
			}
		}
		sign(NotForwarded, c.starves(), Sign{Since: c.since, Count: c.received})
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

// tell adds a sign, when it is news.
func (c *channel) tell(out []Sign, k Kind, wrong bool, s Sign, at time.Time) []Sign {
	if wrong == c.told[k] {
		return out
	}
	c.told[k] = wrong
	s.Kind, s.About, s.Name, s.Class, s.At, s.Ended = k, "channel "+c.name, "interface engine, channel "+c.name, Hour, at, !wrong
	return append(out, s)
}

// tickChannels says who was passed over. An engine that reports each minute tells of a second one without anything; one that reports only when something came says nothing then,
// which is the same.
func (e *Engine) tickChannels(now time.Time) (out []Sign) {
	for _, c := range e.channels {
		if c.starved == fewReports-1 && now.Sub(c.last) >= passed && c.never() && e.others(c) {
			out = c.tell(out, NotForwarded, true, Sign{Since: c.since, Count: c.received}, now)
		}
	}
	return out
}

// never tells of a receiver that has had something in each of so many reports that two without are no chance.
func (c *channel) never() bool {
	return c.longest == 0 && math.Pow((c.hungry+1)/(c.fed+c.hungry+2), fewReports) < starving
}

// others tells whether another one of the family has had something since a receiver had not: else it may be on its way to all of them.
func (e *Engine) others(c *channel) bool {
	family, _, _ := strings.Cut(c.name, "_")
	for _, o := range e.channels {
		if f, _, _ := strings.Cut(o.name, "_"); f == family && o.fed > 0 && o.received == 0 {
			return true
		}
	}
	return false
}

// remember takes up that something was sent, and how long nothing was before, unless that was told: what is wrong is not usual. A single report without anything is: what was
// told of it was a message that this receiver does not get, and the next is not told so soon.
func (c *channel) remember() {
	if c.told[NotForwarded] && c.starved >= fewReports {
		return
	}
	c.fed++
	c.hungry += float64(c.starved)
	c.longest = max(c.longest, c.starved)
	if all := c.fed + c.hungry; all > mostFed {
		c.fed, c.hungry = c.fed/2, c.hungry/2
	}
}

// starves tells whether nothing is handed on though it should be. A receiver that gets all gets something in every report, and two without anything are enough; one that gets
// only some of it, such as a kitchen, is without anything in many.
func (c *channel) starves() bool {
	if c.starved < fewReports {
		return false
	}
	if all := c.fed + c.hungry; all >= fewFed {
		return 2*c.starved > 3*c.longest && math.Pow((c.hungry+1)/(all+2), float64(c.starved)) < starving
	}
	return c.received >= fewReceived
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
