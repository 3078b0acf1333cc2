package watch_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/watch"
)

// desktop is a rulebook over one file of rules, with a watcher that runs when the test wants it to.
type desktop struct {
	*ward
	file, dir string
	book      *watch.Rulebook
	live      *watch.Live
}

func (w *ward) desktop(file string) *desktop {
	w.t.Helper()
	d := &desktop{ward: w, file: file, dir: filepath.Join(filepath.Dir(file), "rules")}
	var err error
	d.book, err = watch.OpenRulebook(w.t.Context(), watch.RulebookConfig{
		Dir: d.dir, DB: w.db, Log: quiet(), System: access.Actor{ID: "system"},
		Pack: func(to io.Writer) error {
			text, err := os.ReadFile(d.file)
			if err == nil {
				_, err = to.Write(text)
			}
			return err
		},
		Load: func(r io.ReaderAt, size int64) (*watch.Set, []watch.Refusal, error) {
			text, err := io.ReadAll(io.NewSectionReader(r, 0, size))
			docs, _ := sigma.Parse("ward.yml", text, sigma.Options{})
			set, _ := watch.Compile(docs.Rules, docs.Correlations, nil, w.tax)
			return set, nil, err
		},
		Seal: func(ctx context.Context, _ string, act func(context.Context) error) error { return act(ctx) },
	})
	if err != nil {
		w.t.Fatal(err)
	}
	d.live = w.live(d.book.Set())
	d.book.Serve(w.hunter(func(c *watch.HunterConfig) { c.Live = d.live }))
	return d
}

// running runs the rulebook while act lasts.
func (d *desktop) running(act func()) {
	d.t.Helper()
	ctx, cancel := context.WithCancel(d.t.Context())
	done := make(chan error, 1)
	go func() { done <- d.book.Run(ctx) }()
	act()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		d.t.Error(err)
	}
}

func (d *desktop) has(file string) bool {
	_, err := os.Stat(filepath.Join(d.dir, file))
	return err == nil
}

// TestOneChangeAtATime: what is about to go live can be given up, and nothing else goes live meanwhile. A node that ends in the
// middle goes on with what was asked for.
func TestOneChangeAtATime(t *testing.T) {
	w, file := newWard(t, sqlite(t)), filepath.Join(t.TempDir(), "rules.yml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(rules)
	w.say(harmless(lately()))
	d := w.desktop(file)
	first := d.book.Set().Version()
	write(rules + ended)
	var wanted watch.Proposal
	d.running(func() { // nobody watches, so that it cannot end
		until(t, "the change to be found", func() bool { g, going := d.book.Going(); return going && g.Version != first })
		if _, err := d.book.Activate(t.Context(), "another", nil); !errors.Is(err, watch.ErrBusy) {
			t.Errorf("a second one: %v", err)
		}
		d.book.GiveUp()
		until(t, "it to be given up", func() bool { _, going := d.book.Going(); return !going })
		if d.has("next.zip") || d.live.Set().Version() != first {
			t.Error("given up, and it is still there")
		}
		var err error
		if wanted, _, err = d.book.Look(t.Context()); err != nil || len(wanted.New) != 1 {
			t.Fatal(wanted, err)
		}
		if _, err := d.book.Activate(t.Context(), first, nil); !errors.Is(err, watch.ErrOutdated) {
			t.Errorf("another version: %v", err)
		}
		ctx, leave := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() {
			_, err := d.book.Activate(ctx, wanted.Version, nil)
			left <- err
		}()
		until(t, "it to go on", func() bool { _, going := d.book.Going(); return going })
		leave()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if _, going := d.book.Going(); !going {
			t.Error("it ended because somebody left")
		}
	})
	// The node has ended, and the file is something else now.
	write(rules)
	if !d.has("next.zip") {
		t.Fatal("what was about to go live is forgotten")
	}
	d = w.desktop(file)
	if d.book.Set().Version() != first {
		t.Error("events are judged by what has not gone live")
	}
	if err := w.during(d.live, func(func() bool) {
		d.running(func() {
			until(t, "what was asked for, and then what is configured", func() bool {
				_, going := d.book.Going()
				return !going && !d.has("next.zip") && d.live.Set().Version() == first
			})
		})
	}); err != nil {
		t.Fatal(err)
	}
	all, err := w.hunter().Answers(t.Context(), 10)
	if err != nil || len(all) != 2 || all[1].Version != wanted.Version || all[1].Seen != 1 || all[0].Version != first {
		t.Errorf("%+v, %v", all, err)
	}
}
