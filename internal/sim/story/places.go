package story

import (
	"fmt"
	"time"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/trace"
	"github.com/wardline/wardline/internal/sim/world"
)

// The machines of the house. Addresses inside are private, those outside are set aside for documentation (RFC 5737).
const (
	archiveIP   = "10.40.0.5"
	archiveAE   = "PACS-01"
	engineIP    = "10.40.0.10"
	labIP       = "10.40.0.20"
	recordIP    = "10.40.0.30"
	databaseIP  = "10.40.0.31"
	fhirIP      = "10.40.0.40"
	directoryIP = "10.20.8.10"
	shareIP     = "10.20.8.20"
	backupIP    = "10.20.8.21"
	gatewayIP   = "198.51.100.10" // of the house on the internet
	mllpPort    = 2575
)

// outside is an address on the internet that is this story's own.
func (s *scene) outside() string { return fmt.Sprintf("203.0.113.%d", 10+s.Rand.IntN(230)) }

// inside is the address that the gateway gives to one who works from outside.
func (s *scene) inside() string {
	return fmt.Sprintf("10.99.%d.%d", s.Rand.IntN(16), 2+s.Rand.IntN(250))
}

// fromAfar has somebody connect from outside for a while, and returns where the person then seems to sit, as for all who work
// from home, and the address outside.
func (s *scene) fromAfar(who *world.Staff, at time.Time, lasted time.Duration, out, back int64) (inside trace.From, outside string) {
	inside = trace.From{Host: fmt.Sprintf("VDI-%d", who.Index), IP: fmt.Sprintf("10.99.%d.%d", who.Index/250%250, who.Index%250)}
	outside = s.outside()
	s.say(feed.VPN, at, trace.VPNOn(at, who.Login, outside, inside.IP))
	end := at.Add(lasted)
	s.say(feed.VPN, end, trace.VPNOff(end, who.Login, outside, lasted, out, back))
	return inside, outside
}

// seat is the machine at which somebody sits at a time.
func (s *scene) seat(who *world.Staff, at time.Time) trace.From {
	host, ip := s.Seat(who, at)
	return trace.From{Host: host, IP: ip}
}

// study makes up the identifier of a study.
func (s *scene) study() trace.Study {
	n := s.next()
	return trace.Study{
		UID: fmt.Sprintf("2.25.%d%019d", 1+n%9, world.Mix(n)>>1), Accession: fmt.Sprintf("A%08d", n%100_000_000),
		Class: "1.2.840.10008.5.1.4.1.1.2", Instances: 40 + int(n%400),
	}
}

// connection is a row of what the network saw.
func (s *scene) connection(at time.Time, c trace.Conn) uint64 {
	c.ID = s.next()
	return s.say(feed.Connections, at, c.JSON(at))
}

// onWire is a row of what a tap understood of imaging.
func (s *scene) onWire(at time.Time, i trace.Image) uint64 {
	i.ID = s.next()
	return s.say(feed.Wire, at, i.JSON(at))
}

// windows is an event of a Windows machine.
func (s *scene) windows(at time.Time, w trace.Windows) uint64 {
	return s.say(feed.Windows, at, w.JSON(at))
}
