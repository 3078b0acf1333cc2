package bench_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	immudb "github.com/codenotary/immudb/embedded/store"

	"github.com/wardline/wardline/internal/journal"
)

// writers is how many write at once, each of whom waits until what he wrote is durable; provers is how many have proofs shown and check them meanwhile.
const (
	writers = 4000
	provers = 16
)

// accesses makes lines of about 500 bytes, as an access to a record looks like.
func accesses(n int) [][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	lines := make([][]byte, n)
	for i := range lines {
		lines[i], _ = json.Marshal(map[string]any{
			"id": fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64()), "source": "ehr/10.1.2.3", "record": i, "user": fmt.Sprintf("nurse%03d", r.IntN(400)),
			"patient": fmt.Sprintf("pt_%016x", r.Uint64()), "action": []string{"read", "search", "print"}[r.IntN(3)], "workstation": fmt.Sprintf("W-%04d", r.IntN(900)),
			"ward": fmt.Sprintf("ward-%d", r.IntN(30)), "address": fmt.Sprintf("10.%d.%d.%d", r.IntN(8), r.IntN(250), r.IntN(250)), "resource": fmt.Sprintf("Encounter/%d", r.IntN(1e7)),
			"session": fmt.Sprintf("%08x", r.Uint32()), "raw": fmt.Sprintf("%064x%064x", r.Uint64(), r.Uint64()),
		})
	}
	return lines
}

// BenchmarkSealed has a thousand writers write the same lines to the journal and to immudb's embedded store, every write of which is durable when it is
// answered, and then proven: that the line stands in the log, and the log continues what the writer knew before. written is without the proofs. What
// costs is waiting for the disk, so times are of the clock.
func BenchmarkSealed(b *testing.B) {
	const n = 100_000
	lines := accesses(n)
	for _, proven := range []bool{false, true} {
		name := "written"
		if proven {
			name = "proven"
		}
		b.Run(name, func(b *testing.B) {
			var ours, theirs, ratio []float64
			for b.Loop() {
				for range 3 {
					o, t := rate(b, newOurs(b), lines, proven), rate(b, newTheirs(b), lines, proven)
					ours, theirs, ratio = append(ours, o), append(theirs, t), append(ratio, o/t)
				}
			}
			b.ReportMetric(costs(ours).median(), "ours/s")
			b.ReportMetric(costs(theirs).median(), "immudb/s")
			b.ReportMetric(costs(ratio).median(), "x-immudb")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// sealedLog is a log that takes a writer's line, durably, and can convince him.
type sealedLog interface {
	write(ctx context.Context, line []byte) (receipt any, err error)
	// prove shows and checks that what a receipt is of stands in the log.
	prove(ctx context.Context, line []byte, receipt any) error
	close() error
}

// rate is how many lines a log took in a second, until the last one was proven. Nobody waits for a proof before writing on.
func rate(b *testing.B, log sealedLog, lines [][]byte, proven bool) float64 {
	b.Helper()
	ctx, cancel := context.WithCancelCause(b.Context())
	defer cancel(nil)
	type written struct {
		line    []byte
		receipt any
	}
	done := make(chan written, len(lines))
	began := time.Now()
	var writing, proving sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for i := w; i < len(lines); i += writers {
				receipt, err := log.write(ctx, lines[i])
				if err != nil {
					cancel(err)
					return
				}
				done <- written{lines[i], receipt}
			}
		})
	}
	for range provers {
		proving.Go(func() {
			for w := range done {
				if !proven {
					continue
				}
				if err := log.prove(ctx, w.line, w.receipt); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	writing.Wait()
	close(done)
	proving.Wait()
	took := time.Since(began)
	if err := context.Cause(ctx); err != nil {
		b.Fatal(err)
	}
	if err := log.close(); err != nil {
		b.Fatal(err)
	}
	return float64(len(lines)) / took.Seconds()
}

// ours keeps the proof of each entry, which holds for all lines of it.
type ours struct {
	*journal.Journal
	mu      sync.Mutex
	entries map[uint64]func() (entryProof, error)
}

type entryProof struct {
	header journal.Header
	lines  *journal.Opened
}

func newOurs(b *testing.B) sealedLog {
	j := must(journal.Open(b.Context(), journal.Config{Dir: filepath.Join(b.TempDir(), "journal"), Ballast: -1}, slog.New(slog.DiscardHandler)))
	return &ours{Journal: j, entries: map[uint64]func() (entryProof, error){}}
}

func (o *ours) write(ctx context.Context, line []byte) (any, error) {
	receipt, err := o.Add(ctx, journal.Line{Kind: journal.Events, Source: "ehr", Time: time.Now(), JSON: line})
	if err != nil {
		return nil, err
	}
	return receipt.Wait(ctx)
}

func (o *ours) prove(ctx context.Context, line []byte, receipt any) error {
	at := receipt.(journal.Place)
	e, err := o.entry(ctx, at.Entry)
	if err != nil {
		return err
	}
	said, opening, err := e.lines.Line(at.Line)
	if err != nil {
		return err
	}
	if !slices.Equal(said, line) {
		return errors.New("another line")
	}
	return opening.Verify(line, e.header.Count, e.header.Lines)
}

// entry proves an entry once, when the first of its writers asks.
func (o *ours) entry(ctx context.Context, index uint64) (entryProof, error) {
	o.mu.Lock()
	once := o.entries[index]
	if once == nil {
		once = sync.OnceValues(func() (e entryProof, err error) {
			proof, err := o.Prove(ctx, index)
			if err == nil {
				e.header, _, err = journal.VerifyProof(proof.Bytes(), o.PublicKey())
			}
			if err == nil {
				e.lines, err = o.Opened(ctx, index)
			}
			return e, err
		})
		o.entries[index] = once
	}
	o.mu.Unlock()
	return once()
}

func (o *ours) close() error { return o.Close(context.Background()) }

type theirLog struct {
	*immudb.ImmuStore
	mu    sync.Mutex
	known *immudb.TxHeader // that a writer trusts
	keys  uint64
}

func newTheirs(b *testing.B) sealedLog {
	opts := immudb.DefaultOptions().WithSynced(true).WithMaxConcurrency(writers + provers).WithMaxActiveTransactions(2 * writers).WithLogger(quiet{})
	return &theirLog{ImmuStore: must(immudb.Open(filepath.Join(b.TempDir(), "immudb"), opts))}
}

type theirReceipt struct {
	key   []byte
	hdr   *immudb.TxHeader
	known *immudb.TxHeader
}

func (l *theirLog) write(ctx context.Context, line []byte) (any, error) {
	l.mu.Lock()
	l.keys++
	r := theirReceipt{key: fmt.Appendf(nil, "%016x", l.keys), known: l.known}
	l.mu.Unlock()
	tx, err := l.NewWriteOnlyTx(ctx)
	if err != nil {
		return nil, err
	}
	if err := tx.Set(r.key, nil, line); err != nil {
		return nil, err
	}
	r.hdr, err = tx.AsyncCommit(ctx) // durable; the index, which the log does not need, may follow
	return r, err
}

// prove does what the client's VerifiedSet does: the entry stands in its transaction, and that continues what was known.
func (l *theirLog) prove(_ context.Context, line []byte, receipt any) error {
	r := receipt.(theirReceipt)
	tx := immudb.NewTx(1, 64)
	if err := l.ReadTx(r.hdr.ID, false, tx); err != nil {
		return err
	}
	in, err := tx.Proof(r.key)
	if err != nil {
		return err
	}
	hdr := tx.Header()
	digest, err := immudb.EntrySpecDigestFor(hdr.Version)
	if err != nil {
		return err
	}
	if !immudb.VerifyInclusion(in, digest(&immudb.EntrySpec{Key: r.key, Value: line}), hdr.Eh) {
		return errors.New("the entry is not in its transaction")
	}
	from, to := r.known, hdr
	if from == nil {
		from = hdr
	}
	if from.ID > to.ID {
		from, to = to, from
	}
	dual, err := l.DualProof(from, to)
	if err != nil {
		return err
	}
	if !immudb.VerifyDualProof(dual, from.ID, to.ID, from.Alh(), to.Alh()) {
		return errors.New("the log does not continue what was known")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known == nil || l.known.ID < hdr.ID {
		l.known = hdr
	}
	return nil
}

func (l *theirLog) close() error { return l.Close() }

// quiet is a logger of theirs that says nothing.
type quiet struct{}

func (quiet) Errorf(string, ...any)   {}
func (quiet) Warningf(string, ...any) {}
func (quiet) Infof(string, ...any)    {}
func (quiet) Debugf(string, ...any)   {}
func (quiet) Close() error            { return nil }
