// Package passphrase decides which passphrases are good enough, and keeps them so that nobody can read them.
package passphrase

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/alexedwards/argon2id"
	"golang.org/x/text/unicode/norm"
)

// MinLength is the least number of characters (OWASP ASVS 5.0, 6.2.1 and 6.2.9 with a margin).
const MinLength = 15

// maxBytes bounds what is hashed.
const maxBytes = 1024

// ErrBusy says that too many are logging in at once.
var ErrBusy = errors.New("too many are logging in at once: try again in a moment")

//go:embed common.txt
var common string

// Weak says why a passphrase is not taken. It never quotes it.
type Weak struct{ Reason string }

func (w *Weak) Error() string { return "choose another passphrase: " + w.Reason }

// Check returns *Weak when passphrase is too easy to guess. about is what an attacker knows of the person, such
// as the names.
func Check(passphrase string, about ...string) error {
	passphrase = norm.NFKC.String(passphrase)
	switch n := len([]rune(passphrase)); {
	case n < MinLength:
		return &Weak{fmt.Sprintf("it needs %d characters, such as four words that do not belong together", MinLength)}
	case len(passphrase) > maxBytes:
		return &Weak{"it is too long"}
	}
	bare := letters(passphrase)
	for _, a := range about {
		for _, word := range append(strings.FieldsFunc(a, func(r rune) bool { return !unicode.IsLetter(r) }), letters(a)) {
			if w := letters(word); len([]rune(w)) >= 4 && strings.Contains(bare, w) {
				return &Weak{"it contains your name"}
			}
		}
	}
	const digits = "0123456789" // that people put before or behind
	for line := range strings.Lines(common) {
		word := letters(line)
		same := bare == word || strings.Trim(word, digits) != "" && strings.Trim(bare, digits) == strings.Trim(word, digits)
		if word != "" && same && !strings.HasPrefix(line, "#") {
			return &Weak{"it is one of those that are tried first"}
		}
	}
	if monotonous(bare) {
		return &Weak{"it repeats itself, or follows the alphabet or the keyboard"}
	}
	return nil
}

// letters returns what counts of a text: its letters and digits, in lower case.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, norm.NFKC.String(s))
}

// monotonous finds a text that hardly anything new comes in: what it has already said, or the next
// character of a row.
func monotonous(bare string) bool {
	const row = "abcdefghijklmnopqrstuvwxyz qwertyuiop asdfghjkl zxcvbnm qwertzuiop yxcvbnm azertyuiop qsdfghjklm 01234567890"
	r := []rune(bare)
	fresh := min(len(r), 1)
	for i := 1; i < len(r); i++ {
		pair := string(r[i-1 : i+1])
		back := string([]rune{r[i], r[i-1]})
		known := strings.Contains(string(r[:i]), pair) || r[i] == r[i-1]
		if !known && !strings.Contains(row, pair) && !strings.Contains(row, back) {
			fresh++
		}
	}
	return fresh < 6
}

// Cost is how hard a hash is to compute.
type Cost struct {
	MiB, Passes uint32
}

// DefaultCost takes about a tenth of a second and 64 MiB.
func DefaultCost() Cost { return Cost{MiB: 64, Passes: 3} }

// maxWaiting is how many may wait for the two that are hashing.
const maxWaiting = 32

// Hasher hashes passphrases, two at a time, so that a flood of logins cannot take all memory. It
// serves any number of goroutines.
type Hasher struct {
	cost    Cost
	working chan struct{}
	waiting chan struct{}
}

// NewHasher returns a Hasher.
func NewHasher(c Cost) *Hasher {
	return &Hasher{c, make(chan struct{}, 2), make(chan struct{}, maxWaiting)}
}

// turn waits until it may hash, and returns what ends it.
func (h *Hasher) turn(ctx context.Context) (done func(), err error) {
	select {
	case h.waiting <- struct{}{}:
		defer func() { <-h.waiting }()
	default:
		return nil, ErrBusy
	}
	select {
	case h.working <- struct{}{}:
		return func() { <-h.working }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Hash returns the argon2id hash of a passphrase, with its salt and cost.
func (h *Hasher) Hash(ctx context.Context, passphrase string) (string, error) {
	done, err := h.turn(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	return argon2id.CreateHash(norm.NFKC.String(passphrase), &argon2id.Params{
		Memory: h.cost.MiB * 1024, Iterations: h.cost.Passes, Parallelism: 1, SaltLength: 16, KeyLength: 32,
	})
}

// Matches tells whether hash is that of passphrase. An empty hash is nobody's, and takes as long to find out.
func (h *Hasher) Matches(ctx context.Context, passphrase, hash string) (bool, error) {
	done, err := h.turn(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	if len(passphrase) > maxBytes {
		passphrase, hash = "", ""
	}
	nobody := hash == ""
	if nobody {
		hash = fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", h.cost.MiB*1024, h.cost.Passes)
	}
	ok, err := argon2id.ComparePasswordAndHash(norm.NFKC.String(passphrase), hash)
	return ok && !nobody, err
}
