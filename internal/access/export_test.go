package access

import "github.com/wardline/wardline/internal/access/passphrase"

// Rights is the table.
const Rights = rights

// HashCheaply spares the tests the tenth of a second that a hash is meant to take.
func (h *House) HashCheaply() { h.hasher = passphrase.NewHasher(passphrase.Cost{MiB: 1, Passes: 1}) }
