package digest

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// siteKeySize is the least that a site's key has: as much as the hash gives (RFC 5869 2.2, RFC 2104 3).
const siteKeySize = 32

// ErrKey says that a site's key is too short.
var ErrKey = errors.New("the site's key has less than 32 bytes")

// Site makes the keys under which digests leave the site. It serves any number of goroutines.
//
// A plain digest of a blood group can be guessed by anybody who tries eight. A keyed digest cannot: it is an HMAC-SHA-256
// with a key that only the site can make, another one for every record. That key is made by HKDF-SHA-256 (RFC 5869) of
// three parts, of which each alone is worth nothing:
//
//   - the site's key, so that who steals the database of salts can guess nothing;
//   - the record's salt, 32 random bytes that are kept beside the record and nowhere else, so that who steals the site's key can guess
//     nothing of a record whose salt is gone;
//   - the record's id, so that a salt that was used twice by mistake still gives two keys.
//
// To erase a record is to delete its salt. From then on nobody, the site included, can make its key again: whether by the site's key,
// by the content, or by both. What was sealed of it stays where it is, in this site's tree, with the peers that witness it, in
// bundles of evidence. It still proves that something stood there, at that time, unchanged; it no longer tells anybody what, and no guess
// can be checked against it. The tree stays whole, for the keyed digest is what its leaf holds.
//
// Four things deleting the salt does not do, which whoever erases has to see to. Plain digests of the record, and rows, blocks and chunks that hold them
// alone, can be guessed from without any key: they are to be deleted with it. Backups hold the salt as long as they are kept. Keys that were
// given away to open a digest, in a redacted bundle of evidence, stay with those who have them. And a salt must never have been sealed
// in a log, from which nothing can be deleted. One salt serves all versions of a record, so that they go together.
type Site struct {
	key []byte
}

// NewSite returns the site with that secret key of at least 32 random bytes, of which it keeps a copy.
func NewSite(key []byte) (*Site, error) {
	if len(key) < siteKeySize {
		return nil, ErrKey
	}
	return &Site{append([]byte(nil), key...)}, nil
}

// Salt is what has to be deleted for a record to be erased.
type Salt [32]byte

// NewSalt returns a random salt, for one record.
func NewSalt() Salt {
	var s Salt
	rand.Read(s[:]) // never fails: the process ends rather
	return s
}

// RecordKey makes and checks the keyed digests of one record, and of all its versions. It is itself secret.
type RecordKey struct {
	key Sum
}

// String keeps the key out of logs.
func (k RecordKey) String() string { return "record key" }

// GoString keeps the key out of logs.
func (k RecordKey) GoString() string { return "record key" }

// recordPurpose says in HKDF what a key is for, so that no other use of the site's key gives the same.
const recordPurpose = "wardline integrity record key 1\x00"

// Record returns the key of the record with that id and salt.
func (s *Site) Record(id string, salt Salt) RecordKey {
	key, err := hkdf.Key(sha256.New, s.key, salt[:], recordPurpose+id, sha256.Size)
	if err != nil {
		panic("wardline: internal error: no key of 32 bytes: " + err.Error())
	}
	return RecordKey{Sum(key)}
}

// Keyed is a digest in the form in which it may leave the site.
type Keyed struct {
	Label Label
	MAC   Sum
}

// Seal returns the keyed form of d: the HMAC-SHA-256 of its label, a zero byte and its sum.
func (k RecordKey) Seal(d Digest) Keyed {
	h := hmac.New(sha256.New, k.key[:])
	h.Write(append(append([]byte(d.Label), 0), d.Sum[:]...))
	return Keyed{d.Label, Sum(h.Sum(nil))}
}

// Opens tells whether sealed is the keyed form of d.
func (k RecordKey) Opens(sealed Keyed, d Digest) bool {
	own := k.Seal(d)
	return own.Label == sealed.Label && hmac.Equal(own.MAC[:], sealed.MAC[:])
}

const keyedPrefix = "hmac:"

// String returns the text of k: hmac, the label and the sum in 64 small hexadecimal digits, with colons between.
func (k Keyed) String() string {
	return keyedPrefix + string(k.Label) + ":" + hex.EncodeToString(k.MAC[:])
}

// ParseKeyed reads what String wrote, as strictly as Parse does.
func ParseKeyed(text string) (Keyed, error) {
	rest, ok := strings.CutPrefix(text, keyedPrefix)
	if !ok {
		return Keyed{}, fmt.Errorf("%w: not a keyed one", ErrText)
	}
	d, err := Parse(rest)
	return Keyed{d.Label, d.Sum}, err
}

// MarshalText implements encoding.TextMarshaler.
func (k Keyed) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (k *Keyed) UnmarshalText(text []byte) (err error) {
	*k, err = ParseKeyed(string(text))
	return err
}
