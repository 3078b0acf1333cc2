package listener

import "io"

// Hear is what a door makes of what a guest says: its kind, and who called whom.
func Hear(rw io.ReadWriter) (kind, calling, called string) {
	s := hear(rw)
	return s.kind, s.calling, s.called
}
