package hospital

import (
	"context"
	"time"

	"github.com/wardline/wardline/internal/journal"
)

// KeepUnpacked bounds how many bytes of records are kept unpacked.
func (h *House) KeepUnpacked(bytes int) { h.shelf.limit = bytes }

// Links is how many links with others a patient's record holds.
func (h *House) Links(id PatientID) int { return len(h.record(id).links) }

// Begin and Step are what Run does before the first entry, and for each.
func (f *Follower) Begin(ctx context.Context) error { return f.begin(ctx) }

func (f *Follower) Step(ctx context.Context, e *journal.Entry) error { return f.entry(ctx, e) }

// ForgetKeys has f keep hardly any key in memory.
func (f *Follower) ForgetKeys() { f.house.keys.most = 1 }

// Tick is what Run does every second, as if nothing was saved for a while.
func (f *Follower) Tick(ctx context.Context) error {
	f.mu.Lock()
	f.saved = f.saved.Add(-time.Hour)
	f.mu.Unlock()
	return f.tick(ctx)
}

// DecodeAndEncode reads a record and one who works here from any bytes, and tells whether either could be read.
func DecodeAndEncode(text []byte) bool {
	r, err := decodeRecord(1, text)
	if err == nil {
		r.encode()
	}
	w, err2 := decodeWorker(1, text)
	if err2 == nil {
		w.encode()
	}
	_, err3 := decodeHuman(text)
	return err == nil || err2 == nil || err3 == nil
}
