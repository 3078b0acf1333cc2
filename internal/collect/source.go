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
	// Body bounds what the body of a request may cost. A handler reads a body that is unpacked already.
	Body BodyLimits
	// Open routes tell nothing and take nothing in, such as a health check: who asks does not matter.
	Open bool
	// Refuse writes the answer to a request that no handler is called for, in the form that
	// the route's senders understand. nil answers in plain text. reason is ours and quotes nothing.
	Refuse func(w http.ResponseWriter, r *http.Request, status int, reason string)
	// New makes the handler. It takes the sender of a request from SenderOf.
	New func(o Options) http.Handler
}

// BodyLimits bounds the body of a request.
type BodyLimits struct {
	Bytes int64 // after unpacking; 0 for routes without a body
	Ratio int64 // bytes that one packed byte may become, once 64 KiB have come out
	Zstd  bool  // may be packed with zstd too, not with gzip only
}
