package node

import (
	"context"
	"log/slog"
	"path/filepath"

	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
)

// journalConfig says where the journal of a node lies.
func journalConfig(c *Config, db *store.DB) journal.Config {
	cfg := journal.Config{Dir: c.Journal.Dir, KeyFile: c.Journal.KeyFile, Origin: "journal." + c.Site}
	if cfg.Dir == "" {
		cfg.Dir = filepath.Join(c.Data, "journal")
	}
	if db != nil {
		cfg.Sentinel = sentinel(db)
	}
	return cfg
}

func openJournal(ctx context.Context, c *Config, db *store.DB, log *slog.Logger) (*journal.Journal, error) {
	return journal.Open(ctx, journalConfig(c, db), log)
}
