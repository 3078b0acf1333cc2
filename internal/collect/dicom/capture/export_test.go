package capture

import (
	"io"

	"github.com/wardline/wardline/internal/collect"
)

// OpenWithin is Open with small limits: so many connections, images and requests at a time.
func OpenWithin(r io.Reader, o collect.Options, flows, images, asks int) collect.Decoder {
	d := open(r, o).(*decoder)
	d.l.lim.flows, d.l.lim.images, d.l.lim.asks = flows, images, asks
	return d
}

// OpenHolding is Open with small limits in bytes: of what waits for what is missing, and of what has no end.
func OpenHolding(r io.Reader, o collect.Options, waiting, talking int) collect.Decoder {
	d := open(r, o).(*decoder)
	d.l.lim.waiting, d.l.lim.talking = waiting, talking
	return d
}

// OpenLarge is Open with so many large images at a time.
func OpenLarge(r io.Reader, o collect.Options, large int) collect.Decoder {
	d := open(r, o).(*decoder)
	d.l.lim.large = large
	return d
}
