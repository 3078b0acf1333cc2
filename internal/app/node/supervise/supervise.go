// Package supervise runs the parts of a node that may fail on their own, such as listeners.
package supervise

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"
)

// How long a part that failed rests before it is started again. A part that ran well for a while starts
// with the shortest rest again.
const (
	shortestRest = time.Second
	longestRest  = time.Minute
	ranWell      = 5 * time.Minute
)

// Supervisor runs parts. One that ends is started again, one that panics too, and none of them takes another
// with it. It serves any number of goroutines.
type Supervisor struct {
	log *slog.Logger

	mu     sync.Mutex
	failed map[string]error // by part, what it ended with last, until it has run well; guarded by mu
}

// New returns a Supervisor that tells log of every part that stops.
func New(log *slog.Logger) *Supervisor {
	return &Supervisor{log: log, failed: map[string]error{}}
}

// Run runs a part until ctx is done. It returns nil.
func (s *Supervisor) Run(ctx context.Context, part string, run func(context.Context) error) error {
	rest := shortestRest
	for ctx.Err() == nil {
		began := time.Now()
		well := time.AfterFunc(ranWell, func() { s.note(part, nil) })
		err := guarded(ctx, run)
		well.Stop()
		if ctx.Err() != nil {
			break
		}
		if err == nil {
			err = errors.New("ended by itself")
		}
		if time.Since(began) >= ranWell {
			rest = shortestRest
		}
		s.note(part, err)
		s.log.ErrorContext(ctx, "a part of the node stopped and will be started again", "part", part, "error", err, "rest", rest)
		select {
		case <-time.After(rest):
		case <-ctx.Done():
		}
		rest = min(2*rest, longestRest)
	}
	return nil
}

func (s *Supervisor) note(part string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		delete(s.failed, part)
		return
	}
	s.failed[part] = err
}

// Troubles lists the parts that do not run well, with what they ended with.
func (s *Supervisor) Troubles() map[string]error {
	s.mu.Lock()
	defer s.mu.Unlock()
	troubles := make(map[string]error, len(s.failed))
	for part, err := range s.failed {
		troubles[part] = err
	}
	return troubles
}

// panicked is a mistake of ours that a part ended with. What was passed to panic is not shown: it may
// hold what the part was reading.
type panicked struct{ stack []byte }

func (p *panicked) Error() string { return fmt.Sprintf("internal error\n%s", p.stack) }

func guarded(ctx context.Context, run func(context.Context) error) (err error) {
	defer func() {
		if recover() != nil {
			err = &panicked{debug.Stack()}
		}
	}()
	return run(ctx)
}
