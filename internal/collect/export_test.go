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
