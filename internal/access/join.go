package access

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"image/png"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/wardline/wardline/internal/access/passphrase"
	"github.com/wardline/wardline/internal/store"
)

// How long a link is good for.
const (
	setupLife  = 24 * time.Hour
	inviteLife = 72 * time.Hour
	enrolLife  = 30 * time.Minute
)

// FirstRoles are the roles of the person who sets Wardline up: in a small clinic there is nobody else.
func FirstRoles() []Role { return []Role{Senior, Privacy, Admin} }

// SetupSecret returns the secret of the link by which the first person joins, and true while there
// is none. Each call makes the one before invalid.
func (h *House) SetupSecret(ctx context.Context) (string, bool, error) {
	link := secret()
	open := false
	err := h.db.Do(ctx, func(tx *sql.Tx) error {
		nobody, err := isEmpty(ctx, tx)
		open = nobody
		if err != nil || !nobody {
			return err
		}
		return h.invite(ctx, tx, link, "", "", FirstRoles(), setupLife)
	})
	if err != nil {
		return "", false, fmt.Errorf("make setup link: %w", err)
	}
	if !open {
		link = ""
	}
	return link, open, nil
}

// isEmpty tells whether nobody has a passphrase here. Who comes by an identity provider does not count: the house
// needs somebody who gets in when that is down.
func isEmpty(ctx context.Context, tx *sql.Tx) (bool, error) {
	var n int
	err := tx.QueryRowContext(ctx, `SELECT count(*) FROM people WHERE issuer = ''`).Scan(&n)
	return n == 0, err
}

// Invite returns the secret of a link by which a new person joins under that name, with those roles, within 72
// hours. An older invitation of that name is not good any more.
func (h *House) Invite(ctx context.Context, name, display string, roles []Role) (string, error) {
	name = strings.ToLower(strings.TrimSpace(name))
	if !validName(name) {
		return "", ErrName
	}
	roles, err := validRoles(roles)
	if err != nil {
		return "", err
	}
	link := secret()
	detail := map[string]string{"change": "invite", "name": name, "roles": join(roles)}
	err = h.Do(ctx, PeopleWrite, Object{Kind: "person"}, detail, func(ctx context.Context) error {
		return h.db.Do(ctx, func(tx *sql.Tx) error {
			var n int
			if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM people WHERE name = $1`, name).Scan(&n); err != nil {
				return err
			}
			if n > 0 {
				return ErrName
			}
			return h.invite(ctx, tx, link, name, displayName(display, name), roles, inviteLife)
		})
	})
	if err != nil {
		return "", err
	}
	return link, nil
}

func displayName(display, name string) string {
	if display = strings.Join(strings.Fields(cut(display, 100)), " "); display == "" {
		return name
	}
	return display
}

// invite replaces the invitation of that name.
func (h *House) invite(ctx context.Context, tx *sql.Tx, link, name, display string, roles []Role, life time.Duration) error {
	now := h.now()
	if _, err := tx.ExecContext(ctx, `DELETE FROM invitations WHERE name = $1 OR expires < $2`, name, store.At(now)); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO invitations (hash, name, display, roles, expires) VALUES ($1, $2, $3, $4, $5)`,
		digest(link), name, display, join(roles), store.At(now.Add(life)))
	return err
}

// Enrolment is what somebody who joins needs to set up the second factor. It is shown once.
type Enrolment struct {
	ID         string // secret; Confirm takes it
	Name       string // to log in with
	TOTPSecret string // base 32, to be typed in
	OTPAuthURL string
	QR         []byte // PNG of OTPAuthURL
}

// Begin takes the passphrase of somebody who holds a link. name and display count for the first person
// only: who was invited has them from the invitation. It returns ErrInvited, ErrName or *passphrase.Weak.
func (h *House) Begin(ctx context.Context, link, name, display, pass string) (Enrolment, error) {
	var invited struct{ name, display string }
	var expires store.Time
	err := h.db.QueryRowContext(ctx, `SELECT name, display, expires FROM invitations WHERE hash = $1`, digest(link)).
		Scan(&invited.name, &invited.display, &expires)
	if errors.Is(err, sql.ErrNoRows) || err == nil && expires.Before(h.now()) {
		return Enrolment{}, ErrInvited
	}
	if err != nil {
		return Enrolment{}, fmt.Errorf("join: %w", err)
	}
	if invited.name != "" {
		name, display = invited.name, invited.display
	}
	name = strings.ToLower(strings.TrimSpace(name))
	if !validName(name) {
		return Enrolment{}, ErrName
	}
	display = displayName(display, name)
	if err := passphrase.Check(pass, name, display, "wardline"); err != nil {
		return Enrolment{}, err
	}
	hash, err := h.hasher.Hash(ctx, pass)
	if err != nil {
		return Enrolment{}, fmt.Errorf("join: %w", err)
	}
	e, err := newEnrolment(name)
	if err != nil {
		return Enrolment{}, fmt.Errorf("join: %w", err)
	}
	now := h.now()
	err = h.db.Do(ctx, func(tx *sql.Tx) error {
		// One enrolment at a time: who begins again gets another device code.
		if _, err := tx.ExecContext(ctx, `DELETE FROM enrolments WHERE invitation = $1 OR expires < $2`, digest(link), store.At(now)); err != nil {
			return err
		}
		person, err := willBe(ctx, tx, name)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO enrolments (hash, invitation, person, name, display, passphrase, totp, tries, expires)
			VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8)`, digest(e.ID), digest(link), person, name, display, hash, e.TOTPSecret, store.At(now.Add(enrolLife)))
		return err
	})
	if err != nil {
		return Enrolment{}, fmt.Errorf("join: %w", err)
	}
	return e, nil
}

// willBe returns the id that somebody joins under: the same person as before, when the second factor was taken away.
func willBe(ctx context.Context, tx *sql.Tx, name string) (id string, err error) {
	err = tx.QueryRowContext(ctx, `SELECT id FROM people WHERE name = $1 AND passphrase = '' AND issuer = ''`, name).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return newID()
	}
	return id, err
}

func newEnrolment(name string) (Enrolment, error) {
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "Wardline", AccountName: name})
	if err != nil {
		return Enrolment{}, err
	}
	image, err := key.Image(256, 256)
	if err != nil {
		return Enrolment{}, err
	}
	var qr bytes.Buffer
	if err := png.Encode(&qr, image); err != nil {
		return Enrolment{}, err
	}
	return Enrolment{ID: secret(), Name: name, TOTPSecret: key.Secret(), OTPAuthURL: key.URL(), QR: qr.Bytes()}, nil
}

// Confirm takes the first code of the new device. The person has joined then, and is let in; the codes are for the day
// on which the device is lost. It returns ErrCode, or ErrInvited when it was too late or wrong too often.
func (h *House) Confirm(ctx context.Context, enrolment, code string) (Session, []string, error) {
	e, step, err := h.enrolled(ctx, enrolment, code)
	if err != nil {
		return Session{}, nil, err
	}
	return h.joined(ctx, e, "app", func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE people SET totp = $1, totp_step = $2 WHERE id = $3`, e.totp, step, e.person)
		return err
	})
}

// joined makes the person of an enrolment and lets the person in; factor enters the second one, which was shown.
func (h *House) joined(ctx context.Context, e enrolment, with string, factor func(context.Context, *sql.Tx) error) (Session, []string, error) {
	var s Session
	var codes []string
	joining := Actor{ID: e.person, Name: e.name}
	detail := map[string]string{"name": e.name, "factor": with}
	err := h.sealed(ctx, joining, personJoin, Object{Kind: "person", ID: e.person, Owner: e.person}, detail, func(ctx context.Context) error {
		return h.db.Do(ctx, func(tx *sql.Tx) error {
			p, err := h.settle(ctx, tx, e)
			if err != nil {
				return err
			}
			if err := factor(ctx, tx); err != nil {
				return err
			}
			if codes, err = newRecovery(ctx, tx, p.ID); err != nil {
				return err
			}
			s, err = h.open(ctx, tx, p)
			return err
		})
	})
	if err != nil {
		return Session{}, nil, err
	}
	return s, codes, nil
}

type enrolment struct{ invitation, person, name, display, hash, totp string }

const enrolmentColumns = `invitation, person, name, display, passphrase, totp, tries, expires`

// enrolment finds one that may still be finished, or returns ErrInvited.
func (h *House) enrolment(ctx context.Context, id string) (e enrolment, err error) {
	var tries int
	var expires store.Time
	err = h.db.QueryRowContext(ctx, `SELECT `+enrolmentColumns+` FROM enrolments WHERE hash = $1`, digest(id)).
		Scan(&e.invitation, &e.person, &e.name, &e.display, &e.hash, &e.totp, &tries, &expires)
	if errors.Is(err, sql.ErrNoRows) || err == nil && (tries >= maxTries || expires.Before(h.now())) {
		return enrolment{}, ErrInvited
	}
	if err != nil {
		return enrolment{}, fmt.Errorf("join: %w", err)
	}
	return e, nil
}

// enrolled finds an enrolment and checks its code, at most five times.
func (h *House) enrolled(ctx context.Context, id, code string) (e enrolment, step int64, err error) {
	err = h.db.Do(ctx, func(tx *sql.Tx) error {
		var tries int
		var expires store.Time
		err := tx.QueryRowContext(ctx, `UPDATE enrolments SET tries = tries + 1 WHERE hash = $1
			RETURNING `+enrolmentColumns, digest(id)).
			Scan(&e.invitation, &e.person, &e.name, &e.display, &e.hash, &e.totp, &tries, &expires)
		if errors.Is(err, sql.ErrNoRows) || err == nil && (tries > maxTries || expires.Before(h.now())) {
			e.totp = ""
			return nil // the try is booked
		}
		return err
	})
	if err != nil {
		return e, 0, fmt.Errorf("join: %w", err)
	}
	if e.totp == "" {
		return e, 0, ErrInvited
	}
	if step = stepOf(code, e.totp, h.now(), 0); step == 0 {
		return e, 0, ErrCode
	}
	return e, step, nil
}

// settle uses the invitation up and writes the person down, who may be there already with a device that was lost. There is no
// second factor then.
func (h *House) settle(ctx context.Context, tx *sql.Tx, e enrolment) (User, error) {
	var roles string
	err := tx.QueryRowContext(ctx, `DELETE FROM invitations WHERE hash = $1 RETURNING roles`, e.invitation).Scan(&roles)
	if errors.Is(err, sql.ErrNoRows) {
		return User{}, ErrInvited
	}
	if err != nil {
		return User{}, err
	}
	done, err := tx.ExecContext(ctx, `INSERT INTO people (id, name, display, roles, passphrase, totp, totp_step, created, login, disabled)
		VALUES ($1, $2, $3, $4, $5, '', 0, $6, 0, 0)
		ON CONFLICT (name) DO UPDATE SET passphrase = excluded.passphrase, totp = '', totp_step = 0
		WHERE people.id = excluded.id AND people.passphrase = '' AND people.issuer = ''`,
		e.person, e.name, e.display, roles, e.hash, store.At(h.now()))
	if err != nil {
		return User{}, err
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return User{}, orElse(err, ErrName) // somebody else has the name since
	}
	p, err := scanUser(tx.QueryRowContext(ctx, `SELECT `+userColumns+` FROM people WHERE name = $1`, e.name), nil)
	if err == nil && !p.Disabled.IsZero() {
		return User{}, ErrInvited
	}
	return p, err
}
