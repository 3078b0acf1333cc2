package files

import (
	"context"
	"log/slog"
	"time"

	"github.com/wardline/wardline/internal/collect"
)

// Steps follows files one step after the other, so that a test can change them in between.
type Steps struct{ f *follower }

// NewSteps begins to follow.
func NewSteps(c Config, s Setup, o collect.Options, in *collect.Intake) Steps {
	src := &source{config: c, setup: s, options: o, log: slog.New(slog.DiscardHandler)}
	return Steps{&follower{
		source: src, id: "files/" + c.Name, sender: in.Sender("files/"+c.Name, false),
		files: map[string]*tracked{}, known: map[string]Position{}, unsaved: map[string]bool{},
	}}
}

// Scan looks which files are there.
func (s Steps) Scan() { s.f.scan(time.Now()) }

// Followed is how many files are followed.
func (s Steps) Followed() int { return len(s.f.files) }

// Hide has a scan find nothing, as a list of a folder may that is read while a file is renamed.
func (s Steps) Hide() {
	paths := s.f.config.Paths
	s.f.config.Paths = nil
	for _, t := range s.f.files {
		path := t.path
		t.path = "/nowhere/at-all"
		defer func() { t.path = path }()
	}
	s.Scan()
	s.f.config.Paths = paths
}

// Read reads what the scans before found to be new. Before each file it calls between.
func (s Steps) Read(ctx context.Context, between func()) {
	for {
		t, _ := s.f.next(time.Now())
		if t == nil {
			return
		}
		t.busy, t.wake, t.again = true, false, time.Time{}
		between()
		s.f.looked(s.f.look(ctx, t), time.Now())
	}
}
