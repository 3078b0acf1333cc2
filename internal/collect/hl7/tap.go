package hl7

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/hl7/tap/spool"
)

// TapConfig is what a source tap reads: the spool of a process `wardline tap`, which stands between systems that send each other HL7
// messages. What passes between them is configured there; see package tap.
type TapConfig struct {
	// Name begins the ids of its senders (tap): tap/10.1.2.3 is the system that sends, and tap/10.1.2.9:2575 the
	// one that receives, whose acknowledgements are events as well. tap/spool has the books of what nobody can tell
	// whose it was.
	Name string `yaml:"name"`

	// Spool is the folder for copies, as the tap's configuration names it. The node must be able to read and to remove what lies there.
	Spool string `yaml:"spool"`

	// LargestMessage is the most bytes of a message that Wardline looks at: 2097152 when left out, 16777216 at most. Larger ones
	// are counted.
	LargestMessage int `yaml:"largest_message"`
}

func (c *TapConfig) complete() error {
	if c.Name == "" {
		c.Name = "tap"
	}
	if c.LargestMessage == 0 {
		c.LargestMessage = usualMessage
	}
	switch {
	case c.LargestMessage < 1<<10 || c.LargestMessage > largestMessage:
		return errors.New("tap: largest_message must be between 1024 and 16777216")
	case !filepath.IsAbs(c.Spool):
		return errors.New("tap: spool: name the folder for copies of a wardline tap by its whole path, such as /var/lib/wardline-tap")
	}
	return nil
}

// TapSetup is what the node lends to its sources of kind tap.
type TapSetup struct {
	// KeyFile holds the key that opens spools. It is made when it is not there.
	KeyFile string
	// Load returns how far each run of a source was taken in; Save keeps that, durably, and forgets those in gone.
	Load func(ctx context.Context, source string) (map[string][]byte, error)
	Save func(ctx context.Context, source string, changed map[string][]byte, gone []string) error
}

// Tap is the source of messages that other systems send each other.
func Tap(setup TapSetup) collect.Kind {
	return collect.Kind{Name: "tap", New: func(decode func(any) error, o collect.Options, log *slog.Logger) (collect.Source, error) {
		var c TapConfig
		if err := decode(&c); err != nil {
			return nil, err
		}
		if err := c.complete(); err != nil {
			return nil, err
		}
		o.Limits.Record = c.LargestMessage
		return &tapped{c: c, setup: setup, o: o, log: log}, nil
	}}
}

// tapped follows a spool.
type tapped struct {
	c     TapConfig
	setup TapSetup
	o     collect.Options
	log   *slog.Logger
}

var _ collect.Source = (*tapped)(nil)

// Run takes in what lies in the spool, and what comes, until ctx is done.
func (t *tapped) Run(ctx context.Context, in *collect.Intake) error {
	key, err := spool.LoadKey(t.setup.KeyFile)
	if err != nil {
		return err
	}
	// What was read is finished when the node stops; what waits in a journal that takes nothing is read again.
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	const patience = 10 * time.Second
	defer context.AfterFunc(ctx, func() { time.AfterFunc(patience, cancel) })()
	f := &follower{tapped: t, in: in, key: key, taken: newTaken(), runs: map[string]*run{}}
	if err := f.load(ctx); err != nil {
		return err
	}
	defer f.close()
	for {
		moved, err := f.step(ctx, late)
		if err == nil && (time.Since(f.saved) > pause || ctx.Err() != nil) {
			err = f.save(late)
		}
		if err != nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		if moved {
			continue
		}
		select {
		case <-time.After(glance):
		case <-ctx.Done():
		}
	}
}

const (
	pause  = 100 * time.Millisecond // between positions that are kept: what a node that is killed takes in twice
	glance = 25 * time.Millisecond  // between looks into the spool when nothing moves
)

// follower is the spool as one Run of the source follows it.
type follower struct {
	*tapped
	in    *collect.Intake
	key   *spool.Key
	taken *taken
	runs  map[string]*run
	saved time.Time

	published time.Time
}

func (f *follower) load(ctx context.Context) error {
	marks, err := f.setup.Load(ctx, f.id())
	if err != nil {
		return fmt.Errorf("tap: load positions: %w", err)
	}
	for id, text := range marks {
		r := f.newRun(id)
		if err := json.Unmarshal(text, &r.mark); err != nil {
			return errors.New("tap: a position in a spool is damaged: restore the database")
		}
		r.recall()
		f.runs[id] = r
	}
	return nil
}

// id is under which name positions are kept, and what cannot be told apart is booked.
func (f *follower) id() string { return f.c.Name + "/spool" }

// step takes in a piece of what is there of each run.
func (f *follower) step(ctx, late context.Context) (moved bool, err error) {
	const usual = 10 * time.Second
	if time.Since(f.published) > usual { // the folder may be another by now: a disk that was mounted
		if err := f.key.Publish(f.c.Spool); err != nil {
			return false, fmt.Errorf("put the node's key into the tap's spool: is the folder there, and may the node write into it? %w", err)
		}
		f.published = time.Now()
	}
	list, err := spool.List(f.c.Spool)
	if err != nil {
		return false, fmt.Errorf("look into the tap's spool: %w", err)
	}
	for id := range f.runs {
		if !slices.ContainsFunc(list, func(r spool.Run) bool { return r.ID == id }) {
			list = append(list, spool.Run{ID: id, Over: true}) // its last file was removed, and that was not written down yet
		}
	}
	for i := range list {
		r := f.runs[list[i].ID]
		if r == nil {
			r = f.newRun(list[i].ID)
			f.runs[r.id] = r
		}
		r.there = list[i]
		if ctx.Err() != nil {
			break
		}
		further, err := r.step(late)
		if err != nil {
			return false, err
		}
		moved = moved || further
	}
	return moved, nil
}

// save keeps how far each run was taken in, and then removes what is not needed any more.
func (f *follower) save(ctx context.Context) error {
	changed := map[string][]byte{}
	for id, r := range f.runs {
		if !r.moved {
			continue
		}
		text, err := json.Marshal(&r.mark)
		if err != nil {
			return err
		}
		changed[id] = text
	}
	if len(changed) > 0 {
		if err := f.setup.Save(ctx, f.id(), changed, nil); err != nil {
			return fmt.Errorf("tap: keep positions: %w", err)
		}
	}
	f.saved = time.Now()
	var gone []string
	for id, r := range f.runs {
		r.moved = false
		over, err := r.clear()
		if err != nil {
			return fmt.Errorf("remove from the tap's spool what was taken in: %w", err)
		}
		if over {
			gone = append(gone, id)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	maps.DeleteFunc(f.runs, func(id string, _ *run) bool { return slices.Contains(gone, id) })
	if err := f.setup.Save(ctx, f.id(), nil, gone); err != nil {
		return fmt.Errorf("tap: keep positions: %w", err)
	}
	return nil
}

func (f *follower) close() {
	for _, r := range f.runs {
		r.closeFile()
	}
}
