// Package files follows the files that systems write: logs that grow and are rotated, folders into which exports are
// dropped, event logs of Windows. Every record is handed in once, also when the node was stopped in between.
package files

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/wardline/wardline/internal/collect"
)

// Config is the part of the configuration that one source of files has.
type Config struct {
	// Name tells the source from others of its kind; its events come from files/<name>.
	Name string `yaml:"name"`
	// Paths are files, folders with all that lies below them, and patterns such as /var/log/*.log.
	Paths []string `yaml:"paths"`
	// Rescan is how often everything is looked at, should the system not tell what changed.
	Rescan time.Duration `yaml:"rescan"`
	// Settle is how long a file has to be quiet that can only be read as a whole, and before its last record is taken
	// when that may go on in further lines.
	Settle time.Duration `yaml:"settle"`
	// Unfinished is how long a file has to be quiet before a line without an end is taken for a whole one.
	Unfinished time.Duration `yaml:"unfinished"`
}

// DefaultConfig has all but the name and the paths.
func DefaultConfig() Config {
	return Config{Rescan: 10 * time.Second, Settle: 2 * time.Second, Unfinished: time.Minute}
}

// Setup is what the node gives to every source of files.
type Setup struct {
	Formats   []collect.Format // that files may have; the content decides
	Positions Positions
}

// Kind is the source "files".
func Kind(s Setup) collect.Kind {
	return collect.Kind{Name: "files", New: func(decode func(any) error, o collect.Options, log *slog.Logger) (collect.Source, error) {
		c := DefaultConfig()
		if err := decode(&c); err != nil {
			return nil, err
		}
		if err := c.check(); err != nil {
			return nil, fmt.Errorf("files: %w", err)
		}
		return &source{config: c, setup: s, options: o, log: log}, nil
	}}
}

func (c *Config) check() error {
	if c.Name == "" {
		return errors.New("name is missing: it becomes part of the name under which the events stand")
	}
	if len(c.Paths) == 0 {
		return errors.New("paths is missing: name files, folders or patterns")
	}
	for _, p := range c.Paths {
		if !filepath.IsAbs(p) {
			return errors.New("paths must be absolute")
		}
		if _, err := filepath.Match(p, ""); err != nil {
			return errors.New("one of paths is not a pattern: brackets must be closed")
		}
	}
	if c.Rescan <= 0 || c.Settle <= 0 || c.Unfinished <= 0 {
		return errors.New("rescan, settle and unfinished must be above zero")
	}
	return nil
}

type source struct {
	config  Config
	setup   Setup
	options collect.Options
	log     *slog.Logger
}

var _ collect.Source = (*source)(nil)

// Run implements collect.Source.
func (s *source) Run(ctx context.Context, in *collect.Intake) error {
	id := "files/" + s.config.Name
	known, err := s.setup.Positions.Load(ctx, id)
	if err != nil {
		return fmt.Errorf("files: load positions: %w", err)
	}
	f := &follower{
		source: s, id: id, sender: in.Sender(id, false),
		files: map[string]*tracked{}, known: map[string]Position{}, unsaved: map[string]bool{},
	}
	for _, p := range known {
		f.known[p.Key] = p
	}
	return f.run(ctx)
}
