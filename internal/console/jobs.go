package console

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/wardline/wardline/internal/access"
)

// jobs are pieces of work that take longer than a request. They go on when the browser is closed, can be looked
// at and stopped, and end with the node.
type jobs struct {
	queue chan *job

	mu  sync.Mutex
	all []*job // newest last; guarded by mu
}

// job is one piece of work.
type job struct {
	id    string
	kind  string // hunt, verify
	title string
	by    access.Actor
	began time.Time
	work  func(ctx context.Context, progress func(done, total uint64, seen int)) (any, error)
	stop  context.CancelFunc
	ctx   context.Context
	ended chan struct{}

	mu          sync.Mutex
	done, total uint64        // guarded by mu
	seen        int           // guarded by mu
	answer      any           // guarded by mu
	err         error         // guarded by mu
	moved       chan struct{} // closed and made anew when something changed; guarded by mu
}

const (
	mostWaiting = 8  // jobs that wait
	mostJobs    = 64 // jobs that are remembered
)

// errBusy says that too much waits already.
var errBusy = errors.New("eight questions wait already: let one end, or stop one")

func newJobs() *jobs { return &jobs{queue: make(chan *job, mostWaiting)} }

// start queues work that actor asked for. It is done with the rights that he has now, also when he leaves.
func (js *jobs) start(kind, title string, actor access.Actor, now time.Time, work func(context.Context, func(done, total uint64, seen int)) (any, error)) (*job, error) {
	ctx, stop := context.WithCancel(access.WithActor(context.Background(), actor))
	j := &job{id: rand.Text(), kind: kind, title: title, by: actor, began: now, work: work, ctx: ctx, stop: stop, ended: make(chan struct{}), moved: make(chan struct{})}
	select {
	case js.queue <- j:
	default:
		stop()
		return nil, errBusy
	}
	js.mu.Lock()
	defer js.mu.Unlock()
	js.all = append(js.all, j)
	for len(js.all) > mostJobs {
		at := slices.IndexFunc(js.all, func(j *job) bool { return !j.running() })
		if at < 0 {
			break
		}
		js.all = slices.Delete(js.all, at, at+1)
	}
	return j, nil
}

// atOnce is how many jobs are carried out at a time: a check of the whole journal does not hold up a question.
const atOnce = 2

// run carries jobs out in the order in which they were asked for, until ctx ends.
func (js *jobs) run(ctx context.Context) {
	var work sync.WaitGroup
	for range atOnce {
		work.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case j := <-js.queue:
					j.run(ctx)
				}
			}
		})
	}
	work.Wait()
}

func (j *job) run(ctx context.Context) {
	defer close(j.ended)
	defer context.AfterFunc(ctx, j.stop)()
	defer j.stop()
	answer, err := j.work(j.ctx, func(done, total uint64, seen int) {
		j.change(func() { j.done, j.total, j.seen = done, total, seen })
	})
	j.change(func() { j.answer, j.err = answer, err })
}

func (j *job) change(set func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	set()
	close(j.moved)
	j.moved = make(chan struct{})
}

func (j *job) running() bool {
	select {
	case <-j.ended:
		return false
	default:
		return true
	}
}

// state is how far the job is, and what tells of the next step.
func (j *job) state() (done, total uint64, seen int, moved <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.done, j.total, j.seen, j.moved
}

// result is how the job ended. It is asked after running says false.
func (j *job) result() (any, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.answer, j.err
}

// find returns the job of that id, nil when it is not remembered.
func (js *jobs) find(id string) *job {
	js.mu.Lock()
	defer js.mu.Unlock()
	if i := slices.IndexFunc(js.all, func(j *job) bool { return j.id == id }); i >= 0 {
		return js.all[i]
	}
	return nil
}

// last returns the newest job of a kind, nil when there was none.
func (js *jobs) last(kind string) *job {
	js.mu.Lock()
	defer js.mu.Unlock()
	for _, j := range slices.Backward(js.all) {
		if j.kind == kind {
			return j
		}
	}
	return nil
}

// active lists the jobs of a kind that are not done, oldest first.
func (js *jobs) active(kind string) []*job {
	js.mu.Lock()
	defer js.mu.Unlock()
	var out []*job
	for _, j := range js.all {
		if j.kind == kind && j.running() {
			out = append(out, j)
		}
	}
	return out
}
