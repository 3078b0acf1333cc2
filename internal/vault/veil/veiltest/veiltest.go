// Package veiltest gives tests a veil, and a vault whose keys are gone when the test is.
package veiltest

import (
	"github.com/wardline/wardline/internal/vault"
	"github.com/wardline/wardline/internal/vault/veil"
)

// Vault is a vault of its own.
func Vault() *vault.Vault {
	v, err := vault.Passing()
	if err != nil {
		panic("wardline: internal error: " + err.Error()) // the machine has no random numbers
	}
	return v
}

// New is a veil over a vault of its own.
func New() *veil.Veil { return veil.New(Vault()) }
