package access

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"
)

// step is how long a code of RFC 6238 is good for; one before and one after are taken, too.
const step = 30 * time.Second

// stepOf returns which step code is of, or 0. Codes of steps up to used are not taken again (RFC 6238 5.2).
func stepOf(code, secret string, now time.Time, used int64) int64 {
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	var found int64
	for skew := time.Duration(-1); skew <= 1; skew++ {
		at := now.Add(skew * step)
		want, err := totp.GenerateCode(secret, at)
		n := at.Unix() / int64(step/time.Second)
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && n > used && found == 0 {
			found = n
		}
	}
	return found
}

// recoveryCodes is how many codes stand in for a lost device, each once.
const recoveryCodes = 10

// newRecovery replaces the recovery codes of a person and returns them, which is the only time that they are seen.
func newRecovery(ctx context.Context, tx *sql.Tx, person string) ([]string, error) {
	if _, err := tx.ExecContext(ctx, `DELETE FROM recovery WHERE person = $1`, person); err != nil {
		return nil, err
	}
	codes := make([]string, recoveryCodes)
	for i := range codes {
		var b [10]byte
		rand.Read(b[:]) // never fails
		code := encode(b[:])
		codes[i] = code[:4] + "-" + code[4:8] + "-" + code[8:12] + "-" + code[12:]
		if _, err := tx.ExecContext(ctx, `INSERT INTO recovery (hash, person) VALUES ($1, $2)`, recoveryHash(codes[i]), person); err != nil {
			return nil, err
		}
	}
	return codes, nil
}

// recoveryHash takes a code however it was typed.
func recoveryHash(code string) string {
	return digest(strings.ToLower(strings.NewReplacer("-", "", " ", "").Replace(code)))
}

// useCode takes a code of the person once: of the device, or a recovery code, which is all that somebody with nothing but
// passkeys has where they cannot be used. It returns ErrLogin when it is neither.
func (h *House) useCode(ctx context.Context, tx *sql.Tx, person, code string) error {
	var secret string
	var used int64
	err := tx.QueryRowContext(ctx, `SELECT totp, totp_step FROM people WHERE id = $1`, person).Scan(&secret, &used)
	if err != nil {
		return err
	}
	if step := stepOf(code, secret, h.now(), used); secret != "" && step > 0 {
		_, err := tx.ExecContext(ctx, `UPDATE people SET totp_step = $1 WHERE id = $2`, step, person)
		return err
	}
	gone, err := tx.ExecContext(ctx, `DELETE FROM recovery WHERE person = $1 AND hash = $2`, person, recoveryHash(code))
	if err != nil {
		return err
	}
	if n, err := gone.RowsAffected(); err != nil || n == 0 {
		return orElse(err, ErrLogin)
	}
	return nil
}

// Factors is what a person signs in with beside the passphrase.
type Factors struct {
	Elsewhere bool // the person signs in by an identity provider, and has none here
	App       bool // an authenticator app
	Recovery  int  // codes that are left
}

// Factors tells the person who acts what there is; OwnPasskeys lists the passkeys.
func (h *House) Factors(ctx context.Context) (Factors, error) {
	a, _ := ActorOf(ctx)
	var f Factors
	var issuer, secret string
	err := h.db.QueryRowContext(ctx, `SELECT issuer, totp, (SELECT count(*) FROM recovery WHERE person = people.id) FROM people WHERE id = $1`, a.ID).
		Scan(&issuer, &secret, &f.Recovery)
	if errors.Is(err, sql.ErrNoRows) {
		return Factors{}, ErrNobody
	}
	if err != nil {
		return Factors{}, fmt.Errorf("look up factors: %w", err)
	}
	f.Elsewhere, f.App = issuer != "", secret != ""
	return f, nil
}

func orElse(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}
