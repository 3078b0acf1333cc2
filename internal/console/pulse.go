package console

import (
	"context"
	"sync"
	"time"

	"github.com/wardline/wardline/internal/collect"
)

// pulse remembers how much each sender sent in the last day, in half hours, so that a line can be drawn. It
// begins anew when the node starts: the journal has the books.
type pulse struct {
	mu      sync.Mutex
	senders map[string]*beats // guarded by mu
}

type beats struct {
	last  int64     // received, when last asked
	begun time.Time // of the newest step
	steps []uint64  // oldest first
}

const (
	beatStep   = 30 * time.Minute
	beatSteps  = 48
	mostPulses = 4096 // senders that lines are kept of
)

func newPulse() *pulse { return &pulse{senders: map[string]*beats{}} }

func (p *pulse) run(ctx context.Context, senders func() []collect.Standing, now func() time.Time) {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		p.note(senders(), now())
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (p *pulse) note(all []collect.Standing, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range all {
		s := &all[i]
		b := p.senders[s.Sender]
		if b == nil {
			if len(p.senders) >= mostPulses {
				continue
			}
			b = &beats{begun: now.Truncate(beatStep), steps: []uint64{0}}
			p.senders[s.Sender] = b
		}
		for now.Sub(b.begun) >= beatStep {
			b.begun = b.begun.Add(beatStep)
			if b.steps = append(b.steps, 0); len(b.steps) > beatSteps {
				b.steps = b.steps[1:]
			}
			if now.Sub(b.begun) > beatSteps*beatStep { // the clock was put forward
				b.begun, b.steps = now.Truncate(beatStep), []uint64{0}
			}
		}
		if grown := s.Received - b.last; grown > 0 {
			b.steps[len(b.steps)-1] += uint64(grown)
		}
		b.last = s.Received
	}
}

// of returns the steps of one sender, and of all together for "".
func (p *pulse) of(sender string) []uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if sender != "" {
		if b := p.senders[sender]; b != nil {
			return append([]uint64(nil), b.steps...)
		}
		return nil
	}
	var sum []uint64
	for _, b := range p.senders {
		for len(sum) < len(b.steps) {
			sum = append([]uint64{0}, sum...)
		}
		for i, v := range b.steps {
			sum[len(sum)-len(b.steps)+i] += v
		}
	}
	return sum
}
