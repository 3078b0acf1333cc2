package life

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/trace"
	"github.com/wardline/wardline/internal/sim/world"
)

// receivers are the systems to which the interface engine hands admissions on. The kitchen cooks for those who lie here, and gets nothing of others.
func receivers() []string { return []string{"LAB", "RIS", "PHARM", "DIET"} }

// cut is a time in which the interface engine hands nothing on to one receiver.
type cut struct {
	receiver string
	from, to moment
	stage    *Stage
}

// Cut has the interface engine hand no admissions on to a receiver, and report that it handed on none.
func (s *Stage) Cut(receiver string, from, to time.Time) {
	s.h.cuts = append(s.h.cuts, cut{receiver, s.moment(from), momentOf(to), s})
	s.span(from, to)
}

// reports are what the interface engine says of admissions today: a line for each of its channels, for each minute in which something came in. What stories
// have come in besides they tell themselves.
func (h *Hospital) reports(today []say) (out []say) {
	if h.World.Size == world.Clinic {
		return nil
	}
	type minutely struct{ all, lying int }
	came := map[moment]*minutely{}
	for i := range today {
		if s := &today[i]; s.feed == feed.ADT && s.tale == 0 {
			end := s.at - s.at%minute + minute
			if came[end] == nil {
				came[end] = &minutely{}
			}
			came[end].all++
			if bytes.Contains(s.data, []byte("\rPV1|1|I|")) {
				came[end].lying++
			}
		}
	}
	for _, end := range slices.Sorted(maps.Keys(came)) {
		n := came[end]
		line := func(i int, channel, text string, s say) {
			s.at, s.feed = end+moment(i)*3, feed.Engine
			s.data = trace.Engine(s.at.time(), channel, text)
			out = append(out, s)
		}
		line(0, "ADT_IN", fmt.Sprintf("received=%d", n.all), say{id: world.Mix(h.World.Seed, uint64(end), 0x656e67)})
		for i, r := range receivers() {
			sent, s := n.all, say{id: world.Mix(h.World.Seed, uint64(end), 0x656e67, uint64(i+1))}
			if r == "DIET" {
				sent = n.lying
			}
			for _, c := range h.cuts {
				if c.receiver == r && end >= c.from && end < c.to {
					sent, s.id, s.tale = 0, world.Mix(s.id, c.stage.telling.id), c.stage.index
					c.stage.left(s.id, feed.Engine, end.time())
				}
			}
			line(i+1, "ADT_OUT_"+r, fmt.Sprintf("sent=%d queued=0 errors=0", sent), s)
		}
	}
	return out
}

// certificate is one by which a server of the house proves that it is who it says.
type certificate struct {
	server, serial string
	until          time.Time
}

// certify has the servers of the house certified for a year or less, and none of them to the end of what is played and seven weeks more.
func (h *Hospital) certify() {
	for i, name := range []string{"engine-01", "ehr-01", "lis-01", "fhir", "pacs-01"} {
		x := world.Mix(h.World.Seed, uint64(i), 0x78353039)
		until := h.World.At(h.World.From+world.Day(h.c.Days+50)+world.Day(x%200), 0, 0)
		h.certificates = append(h.certificates, certificate{name + ".example.org", fmt.Sprintf("4E110%X", i), until})
	}
}

// Expires has the certificate of a server end at a time. It is meant for Ahead: what is seen of a certificate is seen for weeks before.
func (s *Stage) Expires(server string, until time.Time) {
	for i := range s.h.certificates {
		if c := &s.h.certificates[i]; c.server == server {
			c.until = until
		}
	}
}

// handshakes are the certificates that a sensor saw on the network today: each once an hour.
func (h *Hospital) handshakes() (out []say) {
	if h.c.Quality == DailyRows {
		return nil
	}
	for i, c := range h.certificates {
		for at := h.dayStart + moment(i+1)*5*minute; at < h.dayEnd; at += hour {
			id := world.Mix(h.World.Seed, uint64(at), uint64(i), 0x746c73)
			out = append(out, say{at: at, id: id, feed: feed.Connections, data: append(trace.CertificateSeen(at.time(), id, c.server, c.serial, c.until.AddDate(-1, 0, 0), c.until), '\n')})
		}
	}
	return out
}
