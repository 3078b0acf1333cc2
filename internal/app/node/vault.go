package node

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/vault"
)

// VaultKey is where the vault's key lies: beside the journal's, unless the configuration says otherwise.
func (c *Config) VaultKey() string {
	if c.VaultKeyFile != "" {
		return c.VaultKeyFile
	}
	return c.JournalConfig().Dir + ".vault"
}

// openVault opens the vault by its key, which is made at the first start. The database remembers which key it was: with
// another one what people wrote could not be read, and no token would be that of before.
func openVault(ctx context.Context, c *Config, db *store.DB) (*vault.Vault, error) {
	var mark string
	err := db.QueryRowContext(ctx, `SELECT mark FROM vault_mark WHERE id = 1`).Scan(&mark)
	used := err == nil
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("read the vault's mark: %w", err)
	}
	v, err := vault.Open(c.VaultKey(), !used)
	if err != nil {
		return nil, err
	}
	switch own := v.Token("vault", "mark"); {
	case !used:
		_, err = db.ExecContext(ctx, `INSERT INTO vault_mark (id, mark) VALUES (1, $1)`, own)
	case own != mark:
		err = fmt.Errorf("%w: %s is not the key that this data was made with: put that one back", vault.ErrKey, c.VaultKey())
	}
	if err != nil {
		return nil, err
	}
	if err := db.Once(ctx, "seal positions of an earlier version", marks{db, v}.sealOlder); err != nil {
		return nil, err
	}
	return v, nil
}
