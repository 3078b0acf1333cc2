package probe

import "context"

// connect opens the connection, and TLS where it is declared, and closes it.
func (v *visit) connect(ctx context.Context) error {
	c, err := v.open(ctx)
	if err != nil {
		return err
	}
	v.answer()
	l, plain := c.(*line)
	if !plain {
		_ = c.Close() // it has answered; how it parts is its own affair
		return nil
	}
	// The kernel accepts for a process that hangs. One that is awake closes its side when ours is closed.
	closed, err := l.part(min(lingering, v.target.Timeout))
	v.closes, v.lingers = closed, err == nil && !closed
	_ = l.Conn.Close()
	return nil
}
