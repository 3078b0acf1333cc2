package downtime

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
)

// Lock seals packs for a unit: for whoever has its key, or knows its passphrase (age, age-encryption.org/v1).
type Lock struct{ recipients []age.Recipient }

// Key opens what a Lock sealed.
type Key struct{ identities []age.Identity }

// What age and keys may be.
const (
	mostKeys        = 64
	longestKeys     = 64 << 10
	shortestSecret  = 12 // characters of a passphrase
	longestPack     = 64 << 20
	mostWorkToOpen  = 22 // of scrypt, as its logarithm: a file from elsewhere may ask for more than a PC has
	usualWorkToOpen = 18
)

// Errors of locks.
var (
	// ErrKey says that this is no key, or too weak a secret.
	ErrKey = errors.New("key of a downtime pack")
	// ErrWrongKey says that the pack is sealed for another key, or with another passphrase.
	ErrWrongKey = errors.New("this key does not open the pack")
	// ErrDamaged says that the file is no sealed pack, or is not as it was sealed.
	ErrDamaged = errors.New("this is no sealed pack, or it is damaged")
)

// LockFor seals for public keys, one a line (age1...); lines that begin with # are comments. Any of them opens.
func LockFor(keys string) (*Lock, error) {
	if len(keys) > longestKeys {
		return nil, fmt.Errorf("%w: the list is longer than the limit", ErrKey)
	}
	all, err := age.ParseRecipients(strings.NewReader(keys))
	if err != nil || len(all) > mostKeys {
		return nil, fmt.Errorf("%w: it must be one public key (age1...) a line, %d at most", ErrKey, mostKeys)
	}
	return &Lock{all}, nil
}

// LockWith seals with a passphrase. Making and opening take about a second each, so that guessing takes long.
func LockWith(passphrase string) (*Lock, error) {
	return lockWith(passphrase, usualWorkToOpen)
}

func lockWith(passphrase string, work int) (*Lock, error) {
	if len([]rune(passphrase)) < shortestSecret {
		return nil, fmt.Errorf("%w: a passphrase has %d characters at least: take four words", ErrKey, shortestSecret)
	}
	r, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return nil, fmt.Errorf("%w: the passphrase cannot be used", ErrKey)
	}
	r.SetWorkFactor(work)
	return &Lock{[]age.Recipient{r}}, nil
}

// KeyOf reads secret keys, one a line (AGE-SECRET-KEY-1...), as age-keygen writes them.
func KeyOf(keys string) (*Key, error) {
	if len(keys) > longestKeys {
		return nil, fmt.Errorf("%w: the file is longer than keys are", ErrKey)
	}
	all, err := age.ParseIdentities(strings.NewReader(keys))
	if err != nil || len(all) > mostKeys {
		return nil, fmt.Errorf("%w: the file holds no secret key (AGE-SECRET-KEY-1...)", ErrKey)
	}
	return &Key{all}, nil
}

// KeyFrom opens with a passphrase.
func KeyFrom(passphrase string) (*Key, error) {
	id, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, fmt.Errorf("%w: the passphrase is empty", ErrKey)
	}
	id.SetMaxWorkFactor(mostWorkToOpen)
	return &Key{[]age.Identity{id}}, nil
}

// NewKey makes a key for a unit: the secret half, and the public half by which packs are sealed.
func NewKey() (secret, public string, err error) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return "", "", fmt.Errorf("make a unit's key: %w", err)
	}
	return id.String(), id.Recipient().String(), nil
}

// Seal seals a pack.
func (l *Lock) Seal(plain []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := age.Encrypt(&out, l.recipients...)
	if err == nil {
		_, err = w.Write(plain)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("seal a downtime pack: %w", err)
	}
	return out.Bytes(), nil
}

// Open opens a pack; the errors are ErrWrongKey and ErrDamaged. Nothing is returned of one that is damaged anywhere.
func (k *Key) Open(sealed io.Reader) ([]byte, error) {
	r, err := age.Decrypt(io.LimitReader(sealed, longestPack+(1<<20)), k.identities...)
	var wrong *age.NoIdentityMatchError
	if errors.As(err, &wrong) {
		if hasPassphrase(wrong) {
			return nil, fmt.Errorf("%w: it is sealed with a passphrase, and this is another one or a key", ErrWrongKey)
		}
		return nil, fmt.Errorf("%w: it is sealed for another unit's key", ErrWrongKey)
	}
	if err != nil {
		return nil, ErrDamaged
	}
	plain, err := io.ReadAll(io.LimitReader(r, longestPack+1))
	if err != nil {
		return nil, ErrDamaged
	}
	if len(plain) > longestPack {
		return nil, fmt.Errorf("%w: it is larger than packs are", ErrDamaged)
	}
	return plain, nil
}

// hasPassphrase tells whether a file is sealed with one.
func hasPassphrase(wrong *age.NoIdentityMatchError) bool {
	for _, stanza := range wrong.StanzaTypes {
		if stanza == "scrypt" {
			return true
		}
	}
	return false
}
