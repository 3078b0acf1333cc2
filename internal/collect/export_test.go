package collect

import (
	"crypto/tls"
	"log/slog"
)

// Keep loads the files as a listener does, and returns what gives it what they hold.
func (t *TLS) Keep(log *slog.Logger) (current func() *tls.Config, err error) {
	c, err := t.load(log)
	return c.current, err
}

// Seen remembers objects.
type Seen = seen

// After is the object as a Shaper sees it that has seen others.
func (o Object) After(s *Seen) Object { o.seen = s; return o }

// Kept is how many bytes of names are remembered.
func (s *seen) Kept() (n int) {
	for i := range s.classes {
		n += cap(s.classes[i].service) + cap(s.classes[i].code)
	}
	return n
}
