package node

import (
	"context"
	"errors"
	"sync"
)

// stage is a set of parts that run at the same time and are stopped at the same time: first those that let
// senders in, then those that work on what came in, so that nothing is left half done.
type stage struct {
	ctx    context.Context
	stop   context.CancelFunc
	parts  sync.WaitGroup
	mu     sync.Mutex
	errs   []error         // guarded by mu
	failed chan<- struct{} // told of a part that ended before it was stopped
}

func newStage(ctx context.Context, failed chan<- struct{}) *stage {
	s := &stage{failed: failed}
	s.ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	return s
}

// start runs a part until the stage is stopped. A part that ends by itself ends the node.
func (s *stage) start(run func(context.Context) error) {
	s.parts.Go(func() {
		err := run(s.ctx)
		if s.ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
			return
		}
		s.mu.Lock()
		s.errs = append(s.errs, err)
		s.mu.Unlock()
		select {
		case s.failed <- struct{}{}:
		default:
		}
	})
}

// end stops the parts, waits for them, and returns what they failed with.
func (s *stage) end() error {
	s.stop()
	s.parts.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.errs...)
}
