package journal

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Config says where a journal lies and how it is kept.
type Config struct {
	// Dir is the folder of the journal; nothing else lies in it.
	Dir string
	// KeyFile holds the key-encryption key, without which nobody can read a body: keep a copy in a
	// safe place. It is made with the journal. Empty: Dir with ".key" behind.
	KeyFile string
	// SignFile holds the key that signs checkpoints. It is made with the journal. Empty: Dir with ".sign" behind.
	SignFile string
	// Origin is the name of the log in its checkpoints, such as "journal.st-example.org": without
	// spaces and "+". It cannot change later. Empty: that of the existing log, or a random one.
	Origin string
	// BatchAge is how long leaves wait for others to be written with them. Those that come while others are being
	// written go together anyway, so there is little to gain from waiting. 0: 2 ms.
	BatchAge time.Duration
	// SegmentSize is at how many bytes the next file of bodies begins. 0: 64 MiB.
	SegmentSize int64
	// SegmentAge is after how long the next file of bodies begins. Bodies are deleted by the file, so
	// it is also how exactly retention keeps its time. 0: 24 hours.
	SegmentAge time.Duration
	// KeepFree is the share of the disk that receiving must leave free, in percent. 0: 5.
	KeepFree int
	// Ballast is how many bytes are put aside for acts when the disk is full. 0: 256 MiB; negative: none.
	Ballast int64
	// Sentinel remembers outside of Dir how far the journal was. Without it a journal that was
	// deleted or put back to yesterday is not noticed.
	Sentinel Sentinel
}

// Mark is what a Sentinel remembers.
type Mark struct {
	Origin  string            `json:"origin"`
	Created time.Time         `json:"created"`
	Size    uint64            `json:"size"` // entries that were durable
	Root    [sha256.Size]byte `json:"root"` // of the tree of that size
}

// Sentinel keeps one Mark outside of the journal's folder, durably. Both functions or none are given.
type Sentinel struct {
	Load func(context.Context) (Mark, error) // the zero Mark when none was saved
	Save func(context.Context, Mark) error
}

func (s Sentinel) load(ctx context.Context) (Mark, error) {
	if s.Load == nil {
		return Mark{}, nil
	}
	m, err := s.Load(ctx)
	if err != nil {
		return Mark{}, fmt.Errorf("load the mark of the journal: %w", err)
	}
	return m, nil
}

func (s Sentinel) save(ctx context.Context, m Mark) error {
	if s.Save == nil {
		return nil
	}
	if err := s.Save(ctx, m); err != nil {
		return fmt.Errorf("save the mark of the journal: %w", err)
	}
	return nil
}

// complete checks cfg and puts the defaults in.
func (cfg Config) complete() (Config, error) {
	if cfg.Dir == "" {
		return Config{}, errors.New("the journal needs a folder")
	}
	if strings.ContainsAny(cfg.Origin, "+ \t\r\n") {
		return Config{}, errors.New(`the journal's origin must not contain spaces or "+"`)
	}
	if (cfg.Sentinel.Load == nil) != (cfg.Sentinel.Save == nil) {
		return Config{}, errors.New("the journal's sentinel needs both Load and Save")
	}
	if cfg.KeepFree < 0 || cfg.KeepFree > 90 {
		return Config{}, fmt.Errorf("the journal is to leave %d %% of the disk free: choose 1 to 90", cfg.KeepFree)
	}
	if cfg.KeyFile == "" {
		cfg.KeyFile = strings.TrimRight(cfg.Dir, "/") + ".key"
	}
	if cfg.SignFile == "" {
		cfg.SignFile = strings.TrimRight(cfg.Dir, "/") + ".sign"
	}
	if cfg.BatchAge <= 0 {
		cfg.BatchAge = 2 * time.Millisecond
	}
	if cfg.SegmentSize <= 0 {
		cfg.SegmentSize = 64 << 20
	}
	if cfg.SegmentAge <= 0 {
		cfg.SegmentAge = 24 * time.Hour
	}
	if cfg.KeepFree == 0 {
		cfg.KeepFree = 5
	}
	if cfg.Ballast == 0 {
		cfg.Ballast = 256 << 20
	}
	return cfg, nil
}
