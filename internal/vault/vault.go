// Package vault keeps what names a person apart from everything else: outside of it a patient is a token, from which
// nobody can tell who it is without the vault's key.
//
// A token is made from the value alone, so that the same identifier has the same token everywhere and can be searched
// for; a clear value lies sealed where it is needed. Keys are one file of the house.
package vault

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// ErrKey says that the key file cannot be used.
var ErrKey = errors.New("the vault's key cannot be used")

// ErrOpen says that something sealed was changed, or was sealed with another key or for another purpose.
var ErrOpen = errors.New("sealed with another key, for another purpose, or changed since")

// keySize is that of both keys: AES-256, and HMAC-SHA-256.
const keySize = 32

// Vault makes tokens and seals clear values. It serves any number of goroutines.
type Vault struct {
	hashers sync.Pool // of *hasher
	letters *base32.Encoding
	aead    tink.AEAD
}

// hasher makes an HMAC with the key of tokens. Making one costs more than using it, so that each is used again.
type hasher struct {
	mac  hash.Hash
	text []byte
}

// file is what a key file holds.
type file struct {
	Version int    `json:"version"`
	Tokens  []byte `json:"tokens"`
	Seal    []byte `json:"seal"`
}

// Open reads the keys at path. They are made when nothing is there and create allows it: in clear, so that the file's
// mode is 0600.
func Open(path string, create bool) (*Vault, error) {
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && create:
		text, err = generate(path)
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: %s is missing, but was used before: put it back from where you keep its copy", ErrKey, path)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%w: others may read %s: run chmod 600 on it, and ask who had access", ErrKey, path)
	}
	var f file
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil || f.Version != 1 || len(f.Tokens) != keySize || len(f.Seal) != keySize {
		return nil, fmt.Errorf("%w: %s holds no keys of a vault", ErrKey, path)
	}
	return of(f.Tokens, f.Seal)
}

// Passing returns a vault whose keys nobody keeps: for a look at files that leaves nothing behind.
func Passing() (*Vault, error) {
	keys := make([]byte, 2*keySize)
	if _, err := rand.Read(keys); err != nil {
		return nil, err
	}
	return of(keys[:keySize], keys[keySize:])
}

// Invented returns a vault whose keys anybody can work out from a seed, so that what is thought comes out the same whenever it is thought: for
// invented patients, and for a look at files of which no token, no hash and nothing sealed leaves the process.
func Invented(seed uint64) (*Vault, error) {
	text := strconv.AppendUint([]byte("invented "), seed, 10)
	tokens, seal := sha256.Sum256(append(text, " tokens"...)), sha256.Sum256(append(text, " seal"...))
	return of(tokens[:], seal[:])
}

func of(tokens, seal []byte) (*Vault, error) {
	aead, err := subtle.NewAESGCM(seal)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	v := &Vault{letters: lower(), aead: aead}
	v.hashers.New = func() any { return &hasher{mac: hmac.New(sha256.New, tokens)} }
	return v, nil
}

// generate makes keys and writes them so that they survive a power cut.
func generate(path string) ([]byte, error) {
	f := file{Version: 1, Tokens: make([]byte, keySize), Seal: make([]byte, keySize)}
	if _, err := rand.Read(f.Tokens); err != nil {
		return nil, err
	}
	if _, err := rand.Read(f.Seal); err != nil {
		return nil, err
	}
	text, err := json.Marshal(f)
	if err != nil {
		return nil, err
	}
	part := path + ".part"
	out, err := os.OpenFile(part, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = out.Write(append(text, '\n'))
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return nil, err
	}
	if err := os.Rename(part, path); err != nil {
		return nil, err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	return text, errors.Join(dir.Sync(), dir.Close())
}

// Prefix begins every token, so that people and programs can tell one.
const Prefix = "pt_"

// tokenBytes is how much of the HMAC a token holds: 100 bits, 20 letters. Two of 100 million identifiers share one with a
// probability of about 4 in 10^15.
const tokenBytes = 13

// Token returns what stands for value outside of the vault: Prefix and 20 small letters and digits. kind keeps
// values of different kinds apart: the number 7 of one authority is not that of another.
func (v *Vault) Token(kind, value string) string {
	sum := v.sum(kind, value)
	return Prefix + v.letters.EncodeToString(sum[:tokenBytes])[:20]
}

func lower() *base32.Encoding {
	return base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
}

// Hash returns a number by which equal values of a kind are told, such as the addresses of two people. It is never 0,
// but for the empty value, which equals nothing.
func (v *Vault) Hash(kind, value string) uint64 {
	if value == "" {
		return 0
	}
	sum := v.sum(kind, value)
	return max(binary.BigEndian.Uint64(sum[:]), 1)
}

func (v *Vault) sum(kind, value string) (sum [sha256.Size]byte) {
	h := v.hashers.Get().(*hasher)
	defer v.hashers.Put(h)
	h.mac.Reset()
	h.text = binary.BigEndian.AppendUint32(h.text[:0], uint32(len(kind)))
	h.text = append(append(h.text, kind...), value...)
	h.mac.Write(h.text)
	clear(h.text) // what was hashed must not lie about
	h.text = h.mac.Sum(h.text[:0])
	copy(sum[:], h.text)
	return sum
}

// Seal encrypts plain for a purpose; Open with the same purpose gives it back.
func (v *Vault) Seal(plain []byte, purpose string) ([]byte, error) {
	return v.aead.Encrypt(plain, []byte(purpose))
}

// Open decrypts what Seal made.
func (v *Vault) Open(sealed []byte, purpose string) ([]byte, error) {
	plain, err := v.aead.Decrypt(sealed, []byte(purpose))
	if err != nil {
		return nil, ErrOpen
	}
	return plain, nil
}
