// Package canaries is the small mode of Wardline that runs on other machines: it watches decoy files and opens decoy doors, and sends what it
// sees to a node. It knows no rules, no database and no journal, so that it stays small, and runs on Windows as well.
package canaries

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"golang.org/x/sync/errgroup"

	"github.com/wardline/wardline/content/strict"
	"github.com/wardline/wardline/internal/continuity/canary"
	"github.com/wardline/wardline/internal/continuity/canary/courier"
	"github.com/wardline/wardline/internal/continuity/canary/files"
	"github.com/wardline/wardline/internal/continuity/canary/listener"
)

// Config is the configuration of a watcher: one YAML file.
type Config struct {
	// Name is what the watcher is called in all that it tells, and its machine with it: the machine's own name when it is left out.
	Name string `yaml:"name"`
	// Registry is the file in which the decoys of this machine stand (wardline canary add).
	Registry string `yaml:"registry"`
	// Folders get two decoys each when the watcher begins and none is there.
	Folders []string `yaml:"folders"`
	// Doors are decoy ports.
	Doors []listener.Door `yaml:"doors"`

	courier.Config `yaml:",inline"`

	// Poll is how often all decoys are looked at besides (30s), Heartbeat how often the watcher says that it is there (1m), and Test how often a file is
	// planted in each folder to see whether it is noticed (1h; negative for never).
	Poll      time.Duration `yaml:"poll"`
	Heartbeat time.Duration `yaml:"heartbeat"`
	Test      time.Duration `yaml:"test"`
}

const mostConfig = 256 << 10 // bytes

// ReadConfig reads a file and says what is wrong with it, before anything is opened.
func ReadConfig(path string) (Config, error) {
	var c Config
	text, err := strict.ReadFile(path, mostConfig)
	if err != nil {
		return c, err
	}
	if err := strict.Decode(text, &c); err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	if err := c.complete(); err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

func (c *Config) complete() error {
	if c.Name == "" {
		name, err := os.Hostname()
		if err != nil {
			return fmt.Errorf("name: the machine has none: %w", err)
		}
		c.Name = name
	}
	c.Poll = cmp.Or(c.Poll, 30*time.Second)
	c.Heartbeat = cmp.Or(c.Heartbeat, time.Minute)
	switch {
	case len(c.Name) > 100 || strings.ContainsFunc(c.Name, unicode.IsControl):
		return errors.New("name: at most 100 characters, on one line")
	case !filepath.IsAbs(c.Registry):
		return errors.New("registry: name the file by its whole path")
	case c.Poll < time.Second || c.Heartbeat < time.Second:
		return errors.New("poll and heartbeat must be at least 1s")
	}
	for _, folder := range c.Folders {
		if !filepath.IsAbs(folder) {
			return errors.New("folders: name them by their whole paths")
		}
	}
	ids := map[string]bool{}
	for i := range c.Doors {
		if err := c.Doors[i].Check(); err != nil {
			return fmt.Errorf("doors: %w", err)
		}
		if ids[c.Doors[i].ID] {
			return fmt.Errorf("doors: two are called %s", c.Doors[i].ID)
		}
		ids[c.Doors[i].ID] = true
	}
	return c.Config.Check()
}

// Watch watches until ctx is done.
func Watch(ctx context.Context, c Config, log *slog.Logger) error {
	r, err := files.ReadRegistry(c.Registry)
	if err != nil {
		return err
	}
	if missing := r.Missing(c.Folders); len(missing) > 0 {
		if _, err := files.Add(c.Registry, missing, time.Now(), canary.Dice()); err != nil {
			return err
		}
		log.InfoContext(ctx, "decoys were laid out", "folders", len(missing))
	}
	post, err := courier.New(c.Config, c.Name, log)
	if err != nil {
		return err
	}
	w := files.New(files.Config{Registry: c.Registry, Host: c.Name, Poll: c.Poll, Test: c.Test, Out: post.Put, Log: log})
	sending, stop := context.WithCancel(context.WithoutCancel(ctx))
	sent := make(chan error, 1)
	go func() { sent <- post.Run(sending) }()
	group, watching := errgroup.WithContext(ctx)
	group.Go(func() error { return w.Run(watching) })
	if len(c.Doors) > 0 {
		group.Go(func() error { return listener.Run(watching, listener.Config{Doors: c.Doors, Out: post.Put, Log: log}) })
	}
	group.Go(func() error { return c.beat(watching, w, post) })
	err = group.Wait()
	stop()
	<-sent // it ends with nothing but its context
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	if err := post.Close(last); err != nil {
		log.WarnContext(ctx, "some reports could not be sent before the end: the next run sends them", "waiting", post.Waiting(), "error", err)
	}
	if !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// farewell is how long the end waits for the node to take what was told last.
const farewell = 3 * time.Second

// beat says each minute that the watcher is there, and once it is.
func (c *Config) beat(ctx context.Context, w *files.Watcher, post *courier.Courier) error {
	next := time.NewTimer(min(c.Heartbeat, 5*time.Second)) // by then all is watched
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-next.C:
		}
		h := w.Health()
		h.Doors = len(c.Doors)
		post.Beat(h)
		next.Reset(c.Heartbeat)
	}
}

// Add lays decoys into folders, and says which.
func Add(registry string, folders []string, out io.Writer) error {
	registry, err := filepath.Abs(registry)
	if err != nil {
		return err
	}
	added, err := files.Add(registry, folders, time.Now(), canary.Dice())
	if err != nil {
		return err
	}
	for i := range added {
		if _, err := fmt.Fprintf(out, "%s\t%s\n", added[i].ID, added[i].Path); err != nil {
			return err
		}
	}
	return nil
}

// List says which decoys there are, and what became of them.
func List(registry string, out io.Writer) error {
	r, err := files.ReadRegistry(registry)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tMADE\tSTATE\tMAY TOUCH IT\tPATH")
	for i := range r.Decoys {
		d := &r.Decoys[i]
		state := "whole"
		if !d.Lost.IsZero() {
			state = string(d.Act) + " " + d.Lost.Format("2006-01-02 15:04")
		}
		var allowed []string
		for _, a := range d.Allow {
			allowed = append(allowed, cmp.Or(a.Account, a.Host)+" until "+a.Until.Format(time.DateOnly))
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", d.ID, d.Made.Format(time.DateOnly), state, cmp.Or(strings.Join(allowed, ", "), "nobody"), d.Path)
	}
	return t.Flush()
}

// Remove takes decoys away.
func Remove(registry string, ids []string, out io.Writer) error {
	kept, err := files.Remove(registry, ids)
	if err != nil {
		return err
	}
	for _, path := range kept {
		if _, err := fmt.Fprintf(out, "left where it is, for it is not as it was laid out: %s\n", path); err != nil {
			return err
		}
	}
	return nil
}
