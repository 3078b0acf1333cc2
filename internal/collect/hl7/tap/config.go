// Package tap is the process that stands between two systems and lets Wardline listen.
//
// It passes every byte, both ways, as it comes, and adds none: sender and receiver acknowledge each other as before. What it passed
// it writes to a spool (package spool), which the node reads. It knows no rules, no database and no node: what becomes of those
// cannot touch the feed. The way of a copy never holds up the way of the feed either; where the spool does not take a
// copy, the copy is lost, and the spool says so as soon as it takes anything again.
//
// What a tap cannot do is to pass anything while it does not run itself. So it does little, changes rarely, and hands its
// connections over when it is replaced (Run). For the rest, see docs/operation.md.
package tap

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"time"

	"github.com/wardline/wardline/content/strict"
	"github.com/wardline/wardline/internal/collect"
)

// Config is the configuration of a tap: one YAML file.
type Config struct {
	// Spool is the folder for the copies. The node names the same in its source of kind tap. It belongs on a disk of
	// its own or into memory (tmpfs), so that a full one is nobody's trouble but the tap's.
	Spool string `yaml:"spool"`

	// SpoolBytes is how much may lie there (4294967296 when left out): what a node may miss while it is down. Beyond it new copies are lost.
	SpoolBytes int64 `yaml:"spool_bytes"`

	// Keep is how long it may lie there (72h): then it is removed, and counted.
	Keep time.Duration `yaml:"keep"`

	// Buffer is how many bytes of copies may wait in memory for the disk, for all feeds together: 67108864 when left out.
	Buffer int64 `yaml:"buffer"`

	// Feeds are the connections that the tap stands in. All become senders of one source of the node.
	Feeds []Feed `yaml:"feeds"`
}

// Feed is one place where a tap stands. It needs connections without TLS: between two ends of TLS it would see nothing. The
// timeouts of a Stream mean nothing to it: it ends no connection of its own accord.
type Feed struct {
	collect.Stream `yaml:",inline"`
	// To is the address and port of the system that receives.
	To string `yaml:"to"`
}

const mostConfig = 256 << 10 // bytes

// ReadConfig reads a file.
func ReadConfig(path string) (Config, error) {
	var c Config
	text, err := strict.ReadFile(path, mostConfig)
	if err != nil {
		return c, err
	}
	if err := strict.Decode(text, &c); err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// Complete fills in what was left out, and says what is wrong, before anything is opened.
func (c *Config) Complete() error {
	c.SpoolBytes = cmp.Or(c.SpoolBytes, 4<<30)
	c.Keep = cmp.Or(c.Keep, 72*time.Hour)
	c.Buffer = cmp.Or(c.Buffer, 64<<20)
	switch {
	case !filepath.IsAbs(c.Spool):
		return errors.New("spool: name the folder for copies by its whole path, such as /var/lib/wardline-tap")
	case c.SpoolBytes < 1<<20 || c.Buffer < 1<<20:
		return errors.New("spool_bytes and buffer must be at least 1048576")
	case c.Keep < time.Minute:
		return errors.New("keep must be at least 1m")
	case len(c.Feeds) == 0:
		return errors.New("feeds: name at least one")
	}
	listens := map[string]bool{}
	for i := range c.Feeds {
		f := &c.Feeds[i]
		if err := f.Complete(); err != nil {
			return err
		}
		if _, _, err := net.SplitHostPort(f.To); err != nil {
			return errors.New("to: name the address and port of the system that receives, such as \"10.1.2.3:2575\"")
		}
		if f.TLS != nil {
			return errors.New("tls: a tap needs connections without it")
		}
		if listens[f.Listen] && !isAny(f.Listen) {
			return fmt.Errorf("listen: two feeds listen on %s", f.Listen)
		}
		listens[f.Listen] = true
	}
	return nil
}

// isAny tells whether an address leaves the port to the system.
func isAny(address string) bool {
	_, port, err := net.SplitHostPort(address)
	return err == nil && port == "0"
}
