package dicom

import (
	"net/netip"
	"strings"

	"github.com/wardline/wardline/format/dicom/dimse"
	"github.com/wardline/wardline/internal/event"
)

// Call is one association as an event says it, in the names of Zeek's logs and of PS3.7 and PS3.8.
type Call struct {
	From, To    netip.AddrPort     // who asked for it, and who was asked
	Association *dimse.Association // nil when its beginning was not seen
}

// Write adds who speaks to whom, from where, and with which software.
func (c Call) Write(b *event.Builder) {
	for _, end := range []struct {
		address, port string
		at            netip.AddrPort
	}{{"id.orig_h", "id.orig_p", c.From}, {"id.resp_h", "id.resp_p", c.To}} {
		if end.at.IsValid() {
			b.String(end.address, end.at.Addr().Unmap().WithZone("").String())
			b.Int(end.port, int64(end.at.Port()))
		}
	}
	if c.Association == nil {
		return
	}
	writeText(b, "CallingAETitle", c.Association.Calling)
	writeText(b, "CalledAETitle", c.Association.Called)
	writeText(b, "ImplementationClassUID", strings.TrimSpace(c.Association.Client.Class+" "+c.Association.Client.Version))
	writeText(b, "user", c.Association.User)
}

// WriteStore adds what a C-STORE says besides its image.
func WriteStore(b *event.Builder, c *dimse.Command, bytes int64) {
	b.String("command", "C-STORE")
	b.Int("MessageID", int64(c.ID))
	b.Int("bytes", bytes)
	writeText(b, "MoveOriginatorAETitle", c.MoveOriginator)
	if c.MoveOriginatorID.Given {
		b.Int("MoveOriginatorMessageID", int64(c.MoveOriginatorID.Value))
	}
}

// writeText adds what is not empty.
func writeText(b *event.Builder, name, text string) {
	if text != "" {
		b.String(name, text)
	}
}
