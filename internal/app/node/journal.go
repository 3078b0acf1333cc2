package node

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
)

// JournalConfig says where the journal of a node lies.
func (c *Config) JournalConfig() journal.Config {
	cfg := journal.Config{Dir: c.Journal.Dir, KeyFile: c.Journal.KeyFile, Ballast: c.Journal.Ballast}
	if cfg.Dir == "" {
		cfg.Dir = filepath.Join(c.Data, "journal")
	}
	if cfg.KeyFile == "" {
		cfg.KeyFile = cfg.Dir + ".key"
	}
	cfg.SignFile = cfg.Dir + ".sign"
	return cfg
}

// kept is JournalConfig with the memory of how far the journal was.
func (c *Config) kept(db *store.DB) journal.Config {
	cfg := c.JournalConfig()
	cfg.Origin, cfg.Sentinel = "journal."+c.Site, sentinel(db)
	return cfg
}

// Recover makes the journal of a node that is stopped usable again: see journal.Recover.
func Recover(ctx context.Context, c Config, reason string, log *slog.Logger) (journal.Recovered, error) {
	db, err := openState(ctx, &c)
	if err != nil {
		return journal.Recovered{}, err
	}
	actor, _ := access.ActorOf(operator(ctx))
	r, err := journal.Recover(ctx, c.kept(db), actor.Name, reason, log)
	return r, errors.Join(err, db.Close())
}

// Remembered is what is known of the journal outside of its folder: by the node that runs, or by the database of one that does not. It is the zero
// Mark when nothing is.
func Remembered(ctx context.Context, c *Config) (m journal.Mark, err error) {
	if err = Control(ctx, c, "/mark", nil, &m); !errors.Is(err, ErrDown) {
		return m, err
	}
	if _, err := os.Stat(filepath.Join(c.Data, "state.db")); c.State == "sqlite" && errors.Is(err, fs.ErrNotExist) {
		return journal.Mark{}, nil
	}
	db, err := openState(ctx, c)
	if err != nil {
		return journal.Mark{}, err
	}
	m, err = sentinel(db).Load(ctx)
	return m, errors.Join(err, db.Close())
}

// Proof is the proof that an entry stands in the journal, as C2SP tlog-proof writes it.
type Proof struct {
	Text string `json:"text"`
}

// PublicKey is the key that proofs are checked with, as C2SP signed-note writes it.
type PublicKey struct {
	Key string `json:"key"`
}

// Rotation is a change of the key that bodies are encrypted by.
type Rotation struct {
	Reason string `json:"reason"`
	Key    uint32 `json:"key,omitempty"` // number of the new one
	File   string `json:"file,omitempty"`
}

// rotateKey changes the key in the name of the operator.
func (n *Node) rotateKey(ctx context.Context, r *http.Request) (any, error) {
	var asked Rotation
	if err := json.NewDecoder(io.LimitReader(r.Body, 64<<10)).Decode(&asked); err != nil {
		return nil, errors.New("say {\"reason\": ...}")
	}
	actor, _ := access.ActorOf(ctx)
	err := n.house.Do(ctx, access.SourceWrite, access.Object{Kind: "key"}, nil, func(ctx context.Context) (err error) {
		asked.Key, err = n.journal.RotateKey(ctx, actor.Name, asked.Reason)
		return err
	})
	asked.File = n.config.JournalConfig().KeyFile
	return asked, err
}

func (n *Node) proof(ctx context.Context, r *http.Request) (any, error) {
	entry, err := strconv.ParseUint(r.URL.Query().Get("entry"), 10, 64)
	if err != nil {
		return nil, errors.New("an entry is a number")
	}
	p, err := n.journal.Prove(ctx, entry)
	if err != nil {
		return nil, err
	}
	return Proof{string(p.Bytes())}, nil
}
