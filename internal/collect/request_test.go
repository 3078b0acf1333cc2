package collect_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/journal"
)

// keep is a handler that keeps the same event a number of times.
func keep(times int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		batch := collect.NewBatch(r)
		defer batch.Close()
		var err error
		for range times {
			ev := event.Event{Class: &event.Class{}, Fields: []byte(`{"ward":7}`)}
			if err = batch.Put(&ev, ev.Fields); err != nil {
				break
			}
		}
		if err == nil {
			_, err = batch.Wait()
		}
		if err != nil {
			status, reason := collect.Refuse(w, r, err, times-batch.Handed())
			http.Error(w, reason, status)
		}
	}
}

// A journal that hangs: the sender is told to come again, before it gives up by itself. It does not matter
// whether a receipt does not come, or the sender's share is full.
func TestPatience(t *testing.T) {
	for name, times := range map[string]int{"a receipt": 1, "the share": 10_000} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				kept := collecttest.NewMemory()
				kept.Hold()
				begun := time.Now()
				resp, in := collecttest.Post(t, kept, keep(times), "", nil)
				if resp.Code != http.StatusServiceUnavailable || resp.Header().Get("Retry-After") == "" {
					t.Errorf("status %d", resp.Code)
				}
				if took := time.Since(begun); took > 20*time.Second { // by the bubble's clock
					t.Errorf("the sender waited %v", took)
				}
				kept.Release()
				synctest.Wait()
				counts := collecttest.Balanced(t, in)["fuzz"]
				if counts.Received != int64(times) || counts.Stored == 0 {
					t.Errorf("books %+v", counts)
				}
			})
		})
	}
}

// What went wrong, and what the sender hears.
func TestRefuse(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
		reason string
	}{
		"known":        {&collect.RequestError{Status: 413, Reason: "too large"}, 413, "too large"},
		"full":         {journal.ErrFull, 503, "the disk is full: try again later"},
		"cut off":      {io.ErrUnexpectedEOF, 400, "the body ends early"},
		"anything":     {errors.New("0042"), 503, "events cannot be kept at the moment: try again later"},
		"closed":       {journal.ErrClosed, 503, "events cannot be kept at the moment: try again later"},
		"out of share": {collect.ErrShare, 503, "events cannot be kept at the moment: try again later"},
	} {
		handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if status, reason := collect.Refuse(w, r, c.err, 2); status != c.status || reason != c.reason {
				t.Errorf("%s: %d %s", name, status, reason)
			}
		})
		var resp *httptest.ResponseRecorder
		resp, in := collecttest.Post(t, collecttest.NewMemory(), handler, "", nil)
		if (resp.Header().Get("Retry-After") != "") != (c.status == 503) {
			t.Errorf("%s: headers %v", name, resp.Header())
		}
		if counts := collecttest.Balanced(t, in)["fuzz"]; counts.Refused != 2 {
			t.Errorf("%s: books %+v", name, counts)
		}
	}
}
