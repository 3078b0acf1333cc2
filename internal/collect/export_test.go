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
