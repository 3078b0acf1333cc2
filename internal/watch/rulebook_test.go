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

// write puts a text in the place of the rules that are configured.
func (d *desktop) write(text string) {
	d.t.Helper()
	if err := os.WriteFile(d.file, []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// goingOn waits until something is about to go live, or nothing is.
func (d *desktop) goingOn(want bool) {
	d.t.Helper()
	until(d.t, "a change to begin or to end", func() bool { _, going := d.book.Going(); return going == want })
}

// begin has the change that is configured go live in the name of somebody who does not wait for it.
func (d *desktop) begin() watch.Proposal {
	d.t.Helper()
	p, differs, err := d.book.Look(d.t.Context())
	if err != nil || !differs {
		d.t.Fatal(p, err)
	}
	ctx, leave := context.WithCancel(d.t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := d.book.Activate(ctx, p.Version, nil)
		left <- err
	}()
	d.goingOn(true)
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		d.t.Error(err)
	}
	return p
}

// What is about to go live can be given up, and nothing else goes live meanwhile.
func TestOneChangeAtATime(t *testing.T) {
	w, file := newWard(t, sqlite(t)), filepath.Join(t.TempDir(), "rules.yml")
	(&desktop{ward: w, file: file}).write(rules)
	d := w.desktop(file)
	first := d.book.Set().Version()
	d.write(rules + ended)
	d.running(func() { // nobody watches, so that it cannot end
		d.goingOn(true)
		if _, err := d.book.Activate(t.Context(), "another", nil); !errors.Is(err, watch.ErrBusy) {
			t.Errorf("a second one: %v", err)
		}
		d.book.GiveUp()
		d.goingOn(false)
		if d.has("next.zip") || d.live.Set().Version() != first {
			t.Error("given up, and it is still there")
		}
		if _, err := d.book.Activate(t.Context(), first, nil); !errors.Is(err, watch.ErrOutdated) {
			t.Errorf("what nobody has looked at: %v", err)
		}
		d.begin()
	})
}

// A node that ends in the middle goes on with what was asked for, and not with what lies in the files then.
func TestAChangeOutlastsTheNode(t *testing.T) {
	w, file := newWard(t, sqlite(t)), filepath.Join(t.TempDir(), "rules.yml")
	(&desktop{ward: w, file: file}).write(rules)
	w.say(harmless(lately()))
	d := w.desktop(file)
	first := d.book.Set().Version()
	var wanted watch.Going
	d.write(rules + ended)
	d.running(func() {
		d.goingOn(true)
		wanted, _ = d.book.Going()
	})
	d.write(rules)
	if !d.has("next.zip") {
		t.Fatal("what was about to go live is forgotten")
	}
	d = w.desktop(file)
	if d.book.Set().Version() != first {
		t.Error("events are judged by what has not gone live")
	}
	if err := w.during(d.live, func(func() bool) {
		(&shift{w, d.live}).judged() // so that it is the past
		d.running(func() {
			until(t, "what was asked for, and then what is configured", func() bool {
				all, err := w.hunter().Answers(t.Context(), 10)
				return err == nil && len(all) == 2
			})
			d.goingOn(false)
		})
	}); err != nil {
		t.Fatal(err)
	}
	all, err := w.hunter().Answers(t.Context(), 10)
	if err != nil || all[1].Version != wanted.Version || all[1].Seen != 1 || all[0].Version != first || d.live.Set().Version() != first {
		t.Errorf("%+v, %v", all, err)
	}
}
