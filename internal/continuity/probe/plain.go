package probe

import (
	"context"
	"time"
)

// connect opens the connection, and TLS where it is declared, and closes it.
func (v *visit) connect(ctx context.Context) error {
	c, err := v.open(ctx)
	if err != nil {
		return err
	}
	connected := time.Since(v.began)
	l, plain := c.(*line)
	if !plain {
		v.answer()
		_ = c.Close() // it has answered; how it parts is its own affair
		return nil
	}
	// The kernel accepts for a process that hangs. One that is awake closes its side when ours is closed, and that is its answer.
	closed, err := l.part(min(lingering, v.target.Timeout))
	v.closes, v.lingers = closed, err == nil && !closed
	v.answer()
	if !closed {
		v.took, v.waited = connected, v.took
	}
	_ = l.Conn.Close()
	return nil
}
