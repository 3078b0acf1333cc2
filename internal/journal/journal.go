package journal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/sync/semaphore"

	"github.com/wardline/wardline/internal/journal/seal"
	"github.com/wardline/wardline/internal/journal/tree"
)

// ErrFull says that the disk has no room for more. Senders are to try again later.
var ErrFull = errors.New("the journal's disk is full: free some space, receiving goes on by itself")

// ErrClosed says that the journal takes nothing more.
var ErrClosed = errors.New("the journal is closed")

// ErrFailed says that a write failed and that the journal has not come back yet.
var ErrFailed = errors.New("the journal could not write: it tries to come back by itself")

// Journal is open for reading and writing; one process holds it.
type Journal struct {
	cfg    Config
	log    *slog.Logger
	key    *seal.Key
	signer note.Signer
	verify note.Verifier

	publicKey string // of verify, as text
	files     tree.Files
	lock      *os.File
	zip       *zstd.Encoder // of the one writer
	bodies    *bodies
	created   time.Time
	started   time.Time
	keeper    *keeper
	recent    recent
	ballast   ballast

	rotating  sync.Mutex    // held by who changes the key
	rotations atomic.Uint64 // how often the key changed since the start: segments of before are ended

	bulk, acts *semaphore.Weighted // bytes that wait to be written, of what is received and of what Wardline does
	size       atomic.Uint64       // durable entries
	marked     atomic.Uint64       // of them, those that the sentinel knows of
	full       atomic.Bool         // no room for what is received

	mu     sync.Mutex
	state  error          // guarded by mu: nil while open, else ErrFailed or ErrClosed
	open   map[Kind]*pack // guarded by mu: still take lines
	queued [2][]*pack     // guarded by mu: wait for the writer, what Wardline does before what is received
	work   chan struct{}  // has an element when something was queued or the state changed
	grown  chan struct{}  // guarded by mu: closed and replaced when size grows or the journal is closed

	stop    context.CancelFunc
	closing chan struct{} // closed by Close
	done    chan struct{} // closed when the writer has ended
	tended  chan struct{} // closed when tend has ended
}

// Size is the number of durable entries.
func (j *Journal) Size() uint64 { return j.size.Load() }

// Healthy tells what keeps the journal from doing all that it is for: ErrClosed, ErrFailed, ErrFull, ErrClock or
// ErrBlind. It does not look at the disk; see Verify.
func (j *Journal) Healthy() error {
	j.mu.Lock()
	state := j.state
	j.mu.Unlock()
	switch {
	case state != nil:
		return state
	case j.full.Load():
		return ErrFull
	}
	return j.keeper.healthy()
}

// Add takes a copy of a line into the next entry of its kind. It blocks while too much waits to be
// written, which is how senders are slowed down, and fails when ctx ends, or with ErrFull, ErrFailed or ErrClosed.
// Lines of one kind that one goroutine adds stay in order; there is none between kinds.
func (j *Journal) Add(ctx context.Context, l Line) (*Receipt, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	if err := j.refusal(l.Kind); err != nil {
		return nil, err
	}
	release, err := j.reserve(ctx, l.Kind, l.cost())
	if err != nil {
		return nil, err
	}
	r := NewReceipt()
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.state != nil {
		release()
		return nil, j.state
	}
	p := j.open[l.Kind]
	if p != nil && !p.fits(l) {
		j.enqueue(p)
		p = nil
	}
	if p == nil {
		p = newPack(l.Kind)
		j.open[l.Kind] = p
		time.AfterFunc(quiet, func() { j.settleDown(p) })
	}
	p.add(l, r, release)
	if p.fullUp() {
		j.enqueue(p)
	}
	return r, nil
}

// Append makes lines of one kind one entry, or several if they are too many, and returns the place of the first
// once all are durable. When ctx ends before, they may or may not become durable.
func (j *Journal) Append(ctx context.Context, lines ...Line) (Place, error) {
	packs, cost, err := packLines(lines)
	if err != nil {
		return Place{}, err
	}
	kind := lines[0].Kind
	if err := j.refusal(kind); err != nil {
		return Place{}, err
	}
	release, err := j.reserve(ctx, kind, cost)
	if err != nil {
		return Place{}, err
	}
	packs[len(packs)-1].release = append(packs[len(packs)-1].release, release)
	j.mu.Lock()
	if state := j.state; state != nil {
		j.mu.Unlock() // from here on it may have come back, and these lines are in no pack
		release()
		return Place{}, state
	}
	if p := j.open[kind]; p != nil {
		j.enqueue(p) // lines that were added before come before
	}
	for _, p := range packs {
		j.enqueue(p)
	}
	j.mu.Unlock()
	var first Place
	for i, p := range packs {
		place, err := p.receipts[0].Wait(ctx)
		if err != nil {
			return Place{}, err
		}
		if i == 0 {
			first = place
		}
	}
	return first, nil
}

// refusal tells why nothing of that kind is taken now.
func (j *Journal) refusal(k Kind) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.state != nil {
		return j.state
	}
	if k.received() && j.full.Load() {
		return ErrFull
	}
	return nil
}

// reserve waits until cost bytes may wait to be written, and returns what gives them back.
func (j *Journal) reserve(ctx context.Context, k Kind, cost int64) (func(), error) {
	room := j.acts
	if k.received() {
		room = j.bulk
	}
	cost = min(cost, maxWaiting)
	if err := room.Acquire(ctx, cost); err != nil {
		return nil, fmt.Errorf("wait for the journal: %w", err)
	}
	return func() { room.Release(cost) }, nil
}

// enqueue hands a pack to the writer. j.mu is held.
func (j *Journal) enqueue(p *pack) {
	if j.open[p.header.Kind] == p {
		delete(j.open, p.header.Kind)
	}
	p.close()
	lane := 0
	if p.header.Kind.received() {
		lane = 1
	}
	j.queued[lane] = append(j.queued[lane], p)
	j.wake()
}

func (j *Journal) wake() {
	select {
	case j.work <- struct{}{}:
	default:
	}
}

// settleDown closes a pack that has been quiet for a while, or open for too long.
func (j *Journal) settleDown(p *pack) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.open[p.header.Kind] != p {
		return
	}
	if wait := p.wait(time.Now()); wait > 0 {
		time.AfterFunc(wait, func() { j.settleDown(p) })
		return
	}
	j.enqueue(p)
}

// grow says that entries below size are durable, and wakes who waits for them.
func (j *Journal) grow(size uint64) {
	if size > j.size.Load() {
		j.size.Store(size)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	close(j.grown)
	j.grown = make(chan struct{})
}

// end returns the number of durable entries and a channel that is closed when there are more.
func (j *Journal) end() (uint64, <-chan struct{}, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if errors.Is(j.state, ErrClosed) {
		return j.size.Load(), j.grown, ErrClosed
	}
	return j.size.Load(), j.grown, nil
}
