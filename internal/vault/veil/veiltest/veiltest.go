// Package veiltest gives tests a vault whose keys are always the same, so that what one process sealed another opens.
package veiltest

import (
	"os"
	"path/filepath"

	"github.com/wardline/wardline/internal/vault"
	"github.com/wardline/wardline/internal/vault/veil"
)

// keys protect nothing: they stand here.
const keys = `{"version":1,"tokens":"dG9rZW5zIG9mIHRlc3RzLCB3aGljaCBhbGwgc2hhcmU=","seal":"c2VhbHMgb2YgdGVzdHMsIHdoaWNoIGFsbCBzaGFyZSw="}`

// Vault is the vault of tests.
func Vault() *vault.Vault {
	dir, err := os.MkdirTemp("", "wardline-vault-")
	if err != nil {
		panic(err) // a test cannot go on without a temporary folder
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "key")
	if err := os.WriteFile(path, []byte(keys), 0o600); err != nil {
		panic(err)
	}
	v, err := vault.Open(path, false)
	if err != nil {
		panic(err)
	}
	return v
}

// New is a veil over the vault of tests that has heard of nobody.
func New() *veil.Veil { return veil.New(Vault()) }
