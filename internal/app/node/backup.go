package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/journal"
)

// What lies in the folder of a backup.
const (
	backupState     = "state.db"
	backupJournal   = "journal.tar"
	backupAuthority = "authority"
	backupRules     = "rules"
)

// Backup says what a backup holds.
type Backup struct {
	Dir     string `json:"dir"`
	Entries uint64 `json:"entries"` // of the journal
	Key     uint32 `json:"key"`     // number of the newest key that it takes to read it
}

// backup writes a backup into the folder that is asked for while the node goes on.
func (n *Node) backup(ctx context.Context, r *http.Request) (any, error) {
	var asked Backup
	if err := json.NewDecoder(io.LimitReader(r.Body, 64<<10)).Decode(&asked); err != nil || !filepath.IsAbs(asked.Dir) {
		return nil, errors.New("say {\"dir\": ...} with the whole path of a folder")
	}
	err := n.house.Do(ctx, access.SourceWrite, access.Object{Kind: "backup"}, map[string]string{"dir": asked.Dir}, func(ctx context.Context) (err error) {
		asked.Entries, err = n.backupTo(ctx, asked.Dir)
		return err
	})
	if err != nil {
		return nil, err
	}
	keys, err := journal.KeyIDs(n.config.JournalConfig().KeyFile)
	if err != nil {
		return nil, err
	}
	asked.Key = keys[len(keys)-1]
	return asked, nil
}

// backupTo writes the database first and the journal after it: the journal then holds all that the database knows of,
// and followers that are behind it catch up.
func (n *Node) backupTo(ctx context.Context, dir string) (entries uint64, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, fmt.Errorf("make the backup's folder: %w", err)
	}
	if n.config.State == "sqlite" {
		if err := n.db.Backup(ctx, filepath.Join(dir, backupState)); err != nil {
			return 0, err
		}
	}
	if err := copyDir(n.config.authority(), filepath.Join(dir, backupAuthority)); err != nil {
		return 0, fmt.Errorf("back up the authority: %w", err)
	}
	if err := copyDir(n.config.rulebookDir(), filepath.Join(dir, backupRules)); err != nil {
		return 0, fmt.Errorf("back up what is judged by: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, backupJournal), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, fmt.Errorf("back up the journal: %w", err)
	}
	point, err := n.journal.Backup(ctx, f)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return 0, errors.Join(err, os.Remove(f.Name())) // half of a journal is no backup
	}
	return point.Size, nil
}

// Restore puts a backup where the configuration wants the data to lie, which must be empty, and checks the journal. The
// journal's two keys, journal.key and journal.sign, and the vault's, journal.vault, are not part of a backup: keys is the folder in
// which they lie. A backup of before there was a vault has no key of one.
func Restore(ctx context.Context, c Config, from, keys string, progress func(done, total uint64)) (*journal.Report, error) {
	if rest, err := os.ReadDir(c.Data); err == nil && len(rest) > 0 {
		return nil, fmt.Errorf("%s holds data already: name an empty folder", c.Data)
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	where := c.JournalConfig()
	for _, to := range []string{where.KeyFile, where.SignFile} {
		if err := copyFile(filepath.Join(keys, filepath.Base(to)), to); err != nil {
			return nil, fmt.Errorf("restore the journal's keys: %w", err)
		}
	}
	if err := copyFile(filepath.Join(keys, filepath.Base(c.VaultKey())), c.VaultKey()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("restore the vault's key: %w", err)
	}
	if err := copyFile(filepath.Join(from, backupState), filepath.Join(c.Data, "state.db")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("restore the database: %w", err)
	}
	if err := copyDir(filepath.Join(from, backupAuthority), c.authority()); err != nil {
		return nil, fmt.Errorf("restore the authority: %w", err)
	}
	if err := copyDir(filepath.Join(from, backupRules), c.rulebookDir()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("restore what is judged by: %w", err)
	}
	f, err := os.Open(filepath.Join(from, backupJournal))
	if err != nil {
		return nil, fmt.Errorf("restore the journal: %w", err)
	}
	defer f.Close()
	return journal.Restore(ctx, f, where.Dir, journal.Check{KeyFile: where.KeyFile, Progress: progress})
}

// copyDir copies the files of one folder.
func copyDir(from, to string) error {
	files, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	for _, f := range files {
		if err := copyFile(filepath.Join(from, f.Name()), filepath.Join(to, f.Name())); err != nil {
			return err
		}
	}
	return nil
}

// copyFile copies a file with its rights, and never over another one.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}
