package collecttest

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/collect"
)

// Post gives one request to a route's handler without a socket, as the sender "fuzz", and returns the answer and the intake
// that has the books. Fuzz targets use it; other tests go over a real socket.
func Post(t testing.TB, seal collect.Sealer, h http.Handler, contentType string, body []byte) (*httptest.ResponseRecorder, *collect.Intake) {
	t.Helper()
	in := collect.NewIntake(seal, collect.DefaultConfig(), time.Now, slog.New(slog.DiscardHandler))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", bytes.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r.WithContext(collect.WithSender(r.Context(), in.Sender("fuzz", false))))
	return w, in
}
