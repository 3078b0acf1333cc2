package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/wardline/wardline/internal/access/passphrase"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/vault"
)

//go:embed schema
var schema embed.FS

// Sealer makes lines durable, and says where they lie. The journal is one.
type Sealer interface {
	// Append returns once the lines are durable. See journal.Journal.Append.
	Append(context.Context, ...journal.Line) (journal.Place, error)
}

// House knows people, sessions and tokens, and keeps the trail of what they did. It serves any number of
// goroutines.
type House struct {
	db     *store.DB
	vault  *vault.Vault // seals what people write
	seal   Sealer
	now    func() time.Time
	hasher *passphrase.Hasher
	hung   chan struct{} // full of appends that do not come back; see sealed

	mu    sync.Mutex
	doing map[string]struct{} // ids of the acts that are being carried out; guarded by mu
}

// Open opens the house in db. Acts are sealed by seal, and what people write in them by v; now is the clock.
func Open(ctx context.Context, db *store.DB, v *vault.Vault, seal Sealer, now func() time.Time) (*House, error) {
	if err := db.Migrate(ctx, "access", schema); err != nil {
		return nil, err
	}
	h := &House{
		db: db, vault: v, seal: seal, now: now,
		hasher: passphrase.NewHasher(passphrase.DefaultCost()),
		hung:   make(chan struct{}, 64),
		doing:  map[string]struct{}{},
	}
	if err := db.Once(ctx, "seal acts of an earlier version", h.sealOlder); err != nil {
		return nil, err
	}
	return h, nil
}

// sealOlder seals what a version wrote that had no vault.
func (h *House) sealOlder(ctx context.Context) error {
	for _, column := range []struct{ table, name, purpose string }{
		{"acts", "detail", sealedAct}, {"acts", "why", sealedAct}, {"proposals", "detail", sealedProposal}, {"proposals", "terms", sealedProposal},
	} {
		err := store.Rewrite(ctx, h.db, store.Column{Table: column.table, Key: "id", Name: column.name}, func(_, text string) (string, error) {
			return h.vault.SealOld(text, column.purpose)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// The errors that a page tells apart. What they say is for the person who reads them.
var (
	ErrLogin      = errors.New("the name, the passphrase or the code is wrong")
	ErrSession    = errors.New("you are not logged in, or were for too long: log in again")
	ErrProve      = errors.New("this needs your second factor again, for it was given more than 5 minutes ago")
	ErrToken      = errors.New("the token is not valid here")
	ErrInvited    = errors.New("the link is not valid, was used or is too old: ask for a new one")
	ErrCode       = errors.New("the code is wrong: see that the clock of your device is right, and take a new code")
	ErrPasskey    = errors.New("the passkey was not accepted: begin again, or use a code")
	ErrNoKey      = errors.New("you have no such passkey: it may be removed already")
	ErrLastFactor = errors.New("this is your only second factor: add another passkey first")
	ErrName       = errors.New("the name is taken, or is not 2 to 64 letters, digits, dots, hyphens or underscores")
	ErrNobody     = errors.New("there is no such person")
	ErrLastAdmin  = errors.New("somebody must be left who is admin: give another person the role first")
	ErrRoles      = errors.New("name at least one role, of those that people have")
)

// TooMany says that there were too many wrong tries.
type TooMany struct{ Wait time.Duration }

func (e *TooMany) Error() string {
	return fmt.Sprintf("too many wrong tries: wait %d minutes", int(e.Wait/time.Minute)+1)
}

// secret returns 256 bits that nobody can guess, as 52 letters and digits.
func secret() string {
	var b [32]byte
	rand.Read(b[:]) // never fails
	return encode(b[:])
}

func encode(b []byte) string {
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b))
}

// digest is what is kept of a secret. Secrets of so many bits need no salt.
func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// newID returns a UUIDv7.
func newID() (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("make an id: %w", err)
	}
	return id.String(), nil
}

func join[T ~string](all []T) string {
	words := make([]string, len(all))
	for i, s := range all {
		words[i] = string(s)
	}
	return strings.Join(words, " ")
}

func split[T ~string](text string) []T {
	var all []T
	for _, word := range strings.Fields(text) {
		all = append(all, T(word))
	}
	return all
}

// validName tells whether a person may log in by that name, which is in lower case.
func validName(name string) bool {
	return len(name) >= 2 && len(name) <= 64 && !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '.' && r != '-' && r != '_'
	})
}

// validRoles returns the roles in the order of the table, or ErrRoles.
func validRoles(roles []Role) ([]Role, error) {
	var valid []Role
	for _, r := range PeopleRoles() {
		if slices.Contains(roles, r) {
			valid = append(valid, r)
		}
	}
	for _, r := range roles {
		if !slices.Contains(valid, r) {
			return nil, ErrRoles
		}
	}
	if len(valid) == 0 {
		return nil, ErrRoles
	}
	return valid, nil
}
