package tap

import (
	"log/slog"

	"github.com/wardline/wardline/internal/collect/hl7/tap/spool"
)

// PassWithoutDisk lets messages pass on connections that begin and end, without any writer, and returns one.
func PassWithoutDisk(c spool.Config, connections, messages int) (write func(last bool), held func() int) {
	copies := newCopies(spool.NewWriter(c), 1<<30, slog.New(slog.DiscardHandler), nil)
	for i := range connections {
		c := newConnection(uint64(i+1), "192.0.2.1", "192.0.2.9:2575")
		copies.begin(&c.there)
		for range messages {
			copies.offer(&c.there, []byte("\x0bMSH|\x1c\r"))
		}
		copies.end(&c.there)
	}
	return copies.write, func() int { return len(copies.held) }
}
