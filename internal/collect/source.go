package collect

import (
	"context"
	"log/slog"
	"net/http"
)

// Source is one thing that listens to senders or follows files, all day long.
type Source interface {
	// Run receives until ctx is done or the input fails. It must not retry: its supervisor does. It opens its
	// listeners itself and closes them before it returns.
	Run(ctx context.Context, in *Intake) error
}

// Kind is one kind of source, as the configuration names it.
type Kind struct {
	Name string // as written in the configuration: syslog, mllp, files, http
	// New reads the source's own part of the configuration with decode, which refuses unknown keys,
	// and checks it. Nothing is opened yet.
	New func(decode func(any) error, o Options, log *slog.Logger) (Source, error)
}

// Route is one way of sending over HTTP. The source http serves all routes on one listener and settles
// who the sender is before a handler is called.
type Route struct {
	Pattern string // of net/http.ServeMux, such as "POST /fhir/AuditEvent"
	// New makes the handler. It takes the sender of a request from SenderOf.
	New func(o Options) http.Handler
}
