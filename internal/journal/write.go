package journal

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/wardline/wardline/format/evidence"
	"github.com/wardline/wardline/internal/journal/seal"
	"github.com/wardline/wardline/internal/journal/segment"
	"github.com/wardline/wardline/internal/journal/tree"
	"github.com/wardline/wardline/internal/journal/wal"
)

const (
	maxBatch  = 32 // packs that share a sync, half of them of each lane
	maxFlight = 64 // packs whose leaf is on its way into the tree
	// How long the journal waits before it tries to come back: the first time, and at most.
	firstPause, longestPause = 100 * time.Millisecond, 5 * time.Second
)

// life is all that is open for writing between two failures.
type life struct {
	j        *Journal
	tree     *tree.Tree
	ahead    *wal.Log
	planter  *planter
	segments map[Kind]*openSegment // of the writer
	flights  chan flight
	dead     chan struct{} // closed by die, when a leaf could not be written
	die      func()
}

type openSegment struct {
	name  string
	began time.Time
	*segment.Writer
	key      *seal.Data
	rotation uint64 // of the key-encryption key that the data key is sealed with, or of one before
}

// flight is a pack whose body is durable and whose leaf is on its way into the tree, or word that a segment is
// complete once all flights before it have landed.
type flight struct {
	*pack
	leaf     []byte
	index    uint64
	complete string
}

func newLife(j *Journal, t *tree.Tree, ahead *wal.Log, size uint64) *life {
	l := &life{j: j, tree: t, ahead: ahead, planter: newPlanter(t, ahead, size), segments: map[Kind]*openSegment{}, flights: make(chan flight, maxFlight), dead: make(chan struct{})}
	l.die = sync.OnceFunc(func() { close(l.dead) })
	return l
}

// run writes until the journal is closed. After a failure it begins again, with all that was in flight refused.
func (j *Journal) run(ctx context.Context, l *life) {
	defer close(j.done)
	for l != nil {
		err := l.work(ctx)
		if err == nil {
			return
		}
		j.fail(ctx, err)
		l = j.comeBack(ctx)
	}
}

// work writes packs until the journal is closed, then returns nil, or until something fails.
func (l *life) work(ctx context.Context) error {
	landed, planted := make(chan error, 1), make(chan error, 1)
	go func() { landed <- l.land() }()
	go func() { planted <- l.plant(ctx) }()
	var failure error
	for failure == nil {
		packs, more := l.j.take(l.dead)
		if !more {
			break // closed, or dead
		}
		if failure = l.write(packs); failure != nil {
			for _, p := range packs {
				p.settle(0, refused(failure))
			}
		}
	}
	close(l.flights)
	failure = errors.Join(failure, <-landed)
	l.planter.end()
	failure = errors.Join(failure, <-planted)
	if failure == nil {
		failure = l.shutdown(ctx)
	}
	return errors.Join(failure, l.abandon())
}

func refused(err error) error { return fmt.Errorf("%w (%w)", ErrFailed, err) }

// take waits for packs to be written, but not long. more is false when the journal is closed and all is written,
// or when a leaf failed.
func (j *Journal) take(dead <-chan struct{}) (packs []*pack, more bool) {
	select {
	case <-dead:
		return nil, false
	default:
	}
	if packs, more = j.pick(); len(packs) > 0 || !more {
		return packs, more
	}
	idle := time.NewTimer(tendInterval)
	defer idle.Stop()
	select {
	case <-dead:
	case <-j.work:
	case <-idle.C:
	}
	return nil, true
}

// pick takes what is queued, what Wardline does before what was received, but not only that.
func (j *Journal) pick() (packs []*pack, more bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for lane := range j.queued {
		n := min(len(j.queued[lane]), maxBatch/2)
		packs = append(packs, j.queued[lane][:n]...)
		j.queued[lane] = j.queued[lane][n:]
	}
	return packs, len(packs) > 0 || !errors.Is(j.state, ErrClosed)
}

// write makes the bodies of packs durable, then hands their leaves to the tree. On an error none of them flies.
func (l *life) write(packs []*pack) error {
	if err := l.completeOld(time.Now()); err != nil {
		return fmt.Errorf("end a segment: %w", err)
	}
	var touched []*openSegment
	for _, p := range packs {
		s, err := l.segment(p.header.Kind)
		if err != nil {
			return fmt.Errorf("begin a segment: %w", err)
		}
		if len(touched) == 0 || touched[len(touched)-1] != s {
			touched = append(touched, s)
		}
		if err := l.append(s, p); err != nil {
			return fmt.Errorf("write a body: %w", err)
		}
	}
	for _, s := range touched {
		if err := s.Sync(); err != nil {
			return fmt.Errorf("sync bodies: %w", err)
		}
	}
	// Crash here: the bodies are on the disk and no leaf speaks of them. Nobody was told that they are safe.
	for _, p := range packs {
		l.flights <- flight{pack: p, leaf: p.header.Leaf()}
	}
	return nil
}

// append seals a pack and appends it, not yet durable.
func (l *life) append(s *openSegment, p *pack) error {
	h := &p.header
	h.Segment, h.Offset = s.name, s.Offset()
	plain, err := content(h, p.body, l.j.zip)
	if err != nil {
		return err
	}
	sealed, err := s.key.Seal(plain, h.Offset)
	if err != nil {
		return err
	}
	h.Hash, h.Size = sha256.Sum256(sealed), int64(len(sealed))
	p.body = nil
	return s.Append(sealed)
}

// content returns what is encrypted of a pack: the seed of its salts and its lines, compressed. It puts the root of the lines into the
// header. The seed lies with the lines, so when they are deleted nobody can try lines against their root any more.
func content(h *Header, body []byte, zip *zstd.Encoder) ([]byte, error) {
	var seed [evidence.SeedSize]byte
	if _, err := rand.Read(seed[:]); err != nil {
		return nil, err
	}
	h.Lines = evidence.NewLines(seed, body).Root()
	return zip.EncodeAll(body, append(make([]byte, 0, len(seed)+len(body)/4), seed[:]...)), nil
}

// completeOld ends the segments that are old enough, or whose key is. What was written to them is durable.
func (l *life) completeOld(now time.Time) error {
	for k, s := range l.segments {
		if s.Offset() < l.j.cfg.SegmentSize && now.Sub(s.began) < l.j.cfg.SegmentAge && s.rotation == l.j.rotations.Load() {
			continue
		}
		delete(l.segments, k)
		if err := s.Close(); err != nil {
			return err
		}
		l.flights <- flight{complete: s.name}
	}
	return nil
}

// segment returns the file that bodies of a kind go to.
func (l *life) segment(k Kind) (*openSegment, error) {
	if s := l.segments[k]; s != nil {
		return s, nil
	}
	now, rotation := time.Now(), l.j.rotations.Load()
	name := string(k) + "/" + now.UTC().Format("20060102T150405Z") + "-" + randomName()
	key, wrapped, err := l.j.key.NewData(name)
	if err != nil {
		return nil, err
	}
	meta, err := json.Marshal(segmentMeta{name, headerTime(now), wrapped})
	if err != nil {
		return nil, err
	}
	l.j.keeper.writing(name, true)
	w, err := segment.Create(filepath.Join(segmentsPath(l.j.cfg.Dir), filepath.FromSlash(name)), meta)
	if err != nil {
		return nil, err
	}
	s := &openSegment{name, now, w, key, rotation}
	l.segments[k] = s
	return s, nil
}

// segmentMeta is what the head of a segment says.
type segmentMeta struct {
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
	Key     []byte    `json:"key"` // data key, encrypted by the key-encryption key
}

// land makes the leaves of all flights that wait durable, answers for them, and takes the next. After a failure all later flights are refused.
func (l *life) land() error {
	var failure error
	for f := range l.flights {
		batch := []flight{f}
		for len(batch) < maxFlight && len(l.flights) > 0 {
			batch = append(batch, <-l.flights)
		}
		if failure == nil {
			if failure = l.keep(batch); failure != nil {
				l.die()
			}
		}
		for _, f := range batch {
			switch {
			case f.pack == nil:
				l.j.keeper.writing(f.complete, failure != nil)
			case failure != nil:
				f.settle(0, refused(failure))
			default:
				f.settle(f.index, nil)
			}
		}
	}
	return failure
}

// keep makes leaves durable and fills in their indices.
func (l *life) keep(batch []flight) error {
	leaves := make([][]byte, 0, len(batch))
	for _, f := range batch {
		if f.pack != nil {
			leaves = append(leaves, f.leaf)
		}
	}
	first, err := l.planter.keep(leaves)
	if err == nil {
		err = l.tree.Ready() // asked last: see plant
	}
	if err != nil {
		return fmt.Errorf("write a leaf: %w", err)
	}
	// Crash here: the entries are durable and nobody was told. They may come twice, for their senders send them again.
	index := first
	for i := range batch {
		if batch[i].pack != nil {
			batch[i].index = index
			index++
		}
	}
	for i, leaf := range leaves {
		l.j.keeper.learn(l.j, first+uint64(i), leaf)
		l.j.recent.add(first+uint64(i), leaf)
	}
	l.j.grow(index)
	return nil
}

// plant puts leaves into the tree. When that fails the journal ends, to begin anew with what the write-ahead log has.
func (l *life) plant(ctx context.Context) error {
	err := l.planter.run(ctx)
	if err != nil {
		l.die()
	}
	return err
}

// shutdown leaves a checkpoint that speaks of everything.
func (l *life) shutdown(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := l.tree.Shutdown(ctx); err != nil {
		l.j.log.WarnContext(ctx, "journal closed before its last checkpoint was published", slog.Any("error", err))
	}
	return l.ahead.Clear()
}

// abandon closes the files. All flights have landed.
func (l *life) abandon() error {
	l.tree.Stop()
	err := l.ahead.Close()
	for _, s := range l.segments {
		err = errors.Join(err, s.Close())
	}
	return err
}

// fail refuses everything that waits, and what comes until the journal is back.
func (j *Journal) fail(ctx context.Context, cause error) {
	j.mu.Lock()
	if j.state == nil {
		j.state = ErrFailed
	}
	waiting := append(j.queued[0], j.queued[1]...)
	j.queued = [2][]*pack{}
	for _, p := range j.open {
		waiting = append(waiting, p)
	}
	clear(j.open)
	j.mu.Unlock()
	for _, p := range waiting {
		p.settle(0, refused(cause))
	}
	j.log.ErrorContext(ctx, "journal could not write, nothing is acknowledged until it is back", slog.Any("error", cause))
	j.tendSpace(ctx)
}

// comeBack begins again until it works. It returns nil when the journal was closed meanwhile.
func (j *Journal) comeBack(ctx context.Context) *life {
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		select {
		case <-j.closing:
			return nil
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
		j.tendSpace(ctx)
		l, err := j.begin(ctx)
		if err != nil {
			j.log.ErrorContext(ctx, "journal is not back yet", slog.Any("error", err))
			continue
		}
		j.mu.Lock()
		if errors.Is(j.state, ErrFailed) {
			j.state = nil
		}
		j.mu.Unlock()
		j.log.InfoContext(ctx, "journal is back", slog.Uint64("entries", j.Size()))
		return l
	}
}

// Close takes nothing more, writes what waits and publishes a last checkpoint. When ctx ends before,
// what was not yet acknowledged may be lost.
func (j *Journal) Close(ctx context.Context) error {
	j.mu.Lock()
	if errors.Is(j.state, ErrClosed) {
		j.mu.Unlock()
		return nil
	}
	if j.state == nil {
		for _, p := range j.open {
			j.enqueue(p)
		}
	}
	j.state = ErrClosed
	close(j.closing)
	close(j.grown)
	j.grown = make(chan struct{})
	j.mu.Unlock()
	j.wake()
	defer j.stop()
	select {
	case <-j.done:
	case <-ctx.Done():
		return fmt.Errorf("close journal: %w", ctx.Err())
	}
	<-j.tended
	return errors.Join(j.saveMark(ctx), j.keeper.save(), j.bodies.close(), j.lock.Close())
}
