package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/report"
)

// backupCmd is `wardline backup`.
type backupCmd struct {
	nodeFlags `embed:""`
	Dir       string `arg:"" help:"A new folder for the backup."`
}

// Run has the node that runs write a backup.
func (c *backupCmd) Run(ctx context.Context, s streams) error {
	config, err := c.read()
	if err != nil {
		return err
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return err
	}
	var made node.Backup
	if err := node.Control(ctx, &config, "/backups", node.Backup{Dir: dir}, &made); err != nil {
		return err
	}
	where := config.JournalConfig()
	_, err = fmt.Fprintf(s.out, "A backup with %d entries of the journal lies in %s.\nThe keys of the journal and of the vault are not in it. Keep copies of them elsewhere, or nobody can read it:\n    %s (the copy must hold key %d)\n    %s\n    %s\n",
		made.Entries, report.Clean(made.Dir), report.Clean(where.KeyFile), made.Key, report.Clean(where.SignFile), report.Clean(config.VaultKey()))
	return err
}

// restoreCmd is `wardline restore`.
type restoreCmd struct {
	nodeFlags `embed:""`
	Backup    string `arg:"" type:"existingdir" help:"The backup's folder."`
	Keys      string `required:"" type:"existingdir" placeholder:"DIR" help:"Folder with copies of journal.key, journal.sign and journal.vault."`
}

// Run puts the backup into the data folder, which must be empty.
func (c *restoreCmd) Run(ctx context.Context, s streams) error {
	config, err := c.read()
	if err != nil {
		return err
	}
	var done, total atomic.Int64
	stop := s.steps("Checking", "entry", &done, &total)
	r, err := node.Restore(ctx, config, c.Backup, c.Keys, func(d, t uint64) { done.Store(int64(d)); total.Store(int64(t)) })
	stop()
	if err != nil {
		return err
	}
	writeReport(s.out, r)
	if !r.Sound() {
		return errUnsound
	}
	if _, err := os.Stat(config.VaultKey()); errors.Is(err, fs.ErrNotExist) {
		name := report.Clean(filepath.Base(config.VaultKey()))
		if _, err := fmt.Fprintf(s.out, "%s was not with the keys. Put the copy of %s into %s before you start the node, unless the backup was made before there was one.\n",
			name, name, report.Clean(filepath.Dir(config.VaultKey()))); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(s.out, "The data lie in %s. Start the node with wardline up; search fills itself from the journal.\n", report.Clean(config.Data))
	return err
}
