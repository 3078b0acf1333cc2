package access

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/access/passphrase"
	"github.com/wardline/wardline/internal/store"
)

// User is a person who may log in.
type User struct {
	ID       string
	Name     string // to log in with, in lower case
	Display  string // as others see it
	Roles    []Role
	Created  time.Time
	Login    time.Time // last one
	Disabled time.Time // zero when the person may log in
	Enrolled bool      // false while passphrase and second factor are to be set anew
	Issuer   string    // identity provider that the person logs in by, or empty
}

func (p User) actor() Actor { return Actor{ID: p.ID, Name: p.Name, Roles: p.Roles} }

func (p User) object() Object { return Object{Kind: "person", ID: p.ID, Owner: p.ID} }

const userColumns = `people.id, people.name, people.display, people.roles, people.created, people.login, people.disabled, people.passphrase, people.issuer`

// scanUser reads userColumns and what follows them. hash, when it is not nil, gets the hash of the passphrase.
func scanUser(row scanner, hash *string, more ...any) (User, error) {
	var p User
	var roles, pass string
	var created, login, disabled store.Time
	err := row.Scan(append([]any{&p.ID, &p.Name, &p.Display, &roles, &created, &login, &disabled, &pass, &p.Issuer}, more...)...)
	if err != nil {
		return User{}, err
	}
	if hash != nil {
		*hash = pass
	}
	p.Roles, p.Created, p.Login, p.Disabled, p.Enrolled = split[Role](roles), created.Time, login.Time, disabled.Time, pass != "" || p.Issuer != ""
	return p, nil
}

// person loads one.
func (h *House) person(ctx context.Context, id string) (User, error) {
	p, err := scanUser(h.db.QueryRowContext(ctx, `SELECT `+userColumns+` FROM people WHERE id = $1`, id), nil)
	if errors.Is(err, sql.ErrNoRows) {
		return User{}, ErrNobody
	}
	return p, err
}

// Users lists all people by name.
func (h *House) Users(ctx context.Context) ([]User, error) {
	a, _ := ActorOf(ctx)
	if err := h.allow(ctx, a, PeopleRead, Object{Kind: "person"}, nil); err != nil {
		return nil, err
	}
	rows, err := h.db.QueryContext(ctx, `SELECT `+userColumns+` FROM people ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("list people: %w", err)
	}
	defer func() { _ = rows.Close() }() // rows.Err tells what went wrong
	var all []User
	for rows.Next() {
		p, err := scanUser(rows, nil)
		if err != nil {
			return nil, fmt.Errorf("list people: %w", err)
		}
		all = append(all, p)
	}
	return all, rows.Err()
}

// SetRoles gives a person other roles, and ends the person's sessions. Nobody changes the own roles.
func (h *House) SetRoles(ctx context.Context, id string, roles []Role) error {
	roles, err := validRoles(roles)
	if err != nil {
		return err
	}
	return h.change(ctx, id, map[string]string{"change": "roles", "roles": join(roles)}, func(ctx context.Context, tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `UPDATE people SET roles = $1 WHERE id = $2 AND issuer = ''`, join(roles), id)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return orElse(err, ErrForeign)
		}
		return nil
	})
}

// Disable keeps a person out, and ends the person's sessions and reader tokens.
func (h *House) Disable(ctx context.Context, id string) error {
	return h.change(ctx, id, map[string]string{"change": "disable"}, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE people SET disabled = $1 WHERE id = $2`, store.At(h.now()), id)
		return err
	})
}

// Enable lets a person in again.
func (h *House) Enable(ctx context.Context, id string) error {
	return h.change(ctx, id, map[string]string{"change": "enable"}, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE people SET disabled = 0 WHERE id = $1`, id)
		return err
	})
}

// ResetFactor is for a person who lost the device or forgot the passphrase: nobody gets in as that person until the
// link with the secret, which is to be handed over in person, was used to set both anew.
func (h *House) ResetFactor(ctx context.Context, id string) (string, error) {
	p, err := h.person(ctx, id)
	if err != nil {
		return "", err
	}
	link := secret()
	err = h.change(ctx, id, map[string]string{"change": "reset factor"}, func(ctx context.Context, tx *sql.Tx) error {
		return h.reset(ctx, tx, p, link)
	})
	if err != nil {
		return "", err
	}
	return link, nil
}

// Rescue is ResetFactor for who can start programs on Wardline's own machine, when nobody who is admin gets in any
// more. It lets a person who was disabled in again.
func (h *House) Rescue(ctx context.Context, name string) (string, error) {
	p, err := scanUser(h.db.QueryRowContext(ctx, `SELECT `+userColumns+` FROM people WHERE name = $1`, strings.ToLower(name)), nil)
	if errors.Is(err, sql.ErrNoRows) {
		return "", ErrNobody
	}
	if err != nil {
		return "", err
	}
	link := secret()
	operator := Actor{ID: "operator", Name: "at the machine"}
	err = h.sealed(ctx, operator, PeopleWrite, p.object(), map[string]string{"change": "rescue"}, func(ctx context.Context) error {
		return h.db.Do(ctx, func(tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, `UPDATE people SET disabled = 0 WHERE id = $1`, p.ID); err != nil {
				return err
			}
			return errors.Join(h.reset(ctx, tx, p, link), endSessions(ctx, tx, p.ID))
		})
	})
	if err != nil {
		return "", err
	}
	return link, nil
}

func (h *House) reset(ctx context.Context, tx *sql.Tx, p User, link string) error {
	if p.Issuer != "" {
		return ErrForeign
	}
	// Without a passphrase nobody gets in, so the recovery codes are good for nothing; joining again replaces them.
	if _, err := tx.ExecContext(ctx, `UPDATE people SET passphrase = '', totp = '' WHERE id = $1`, p.ID); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM passkeys WHERE person = $1`, p.ID); err != nil {
		return err
	}
	return h.invite(ctx, tx, link, p.Name, p.Display, p.Roles, inviteLife)
}

// change does something to another person, ends the person's sessions, and makes sure that an admin is left.
func (h *House) change(ctx context.Context, id string, detail map[string]string, change func(context.Context, *sql.Tx) error) error {
	a, _ := ActorOf(ctx)
	p, err := h.person(ctx, id)
	if err != nil {
		return err
	}
	return h.Do(ctx, PeopleWrite, p.object(), detail, func(ctx context.Context) error {
		if a.ID == id {
			return errors.New("nobody changes the own account so: ask another admin")
		}
		return h.db.Do(ctx, func(tx *sql.Tx) error {
			if err := change(ctx, tx); err != nil {
				return err
			}
			if err := endSessions(ctx, tx, id); err != nil {
				return err
			}
			return adminLeft(ctx, tx)
		})
	})
}

func endSessions(ctx context.Context, tx *sql.Tx, person string) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE person = $1`, person)
	return err
}

func adminLeft(ctx context.Context, tx *sql.Tx) error {
	rows, err := tx.QueryContext(ctx, `SELECT roles FROM people WHERE disabled = 0 AND passphrase <> ''`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells what went wrong
	left := false
	for rows.Next() {
		var roles string
		if err := rows.Scan(&roles); err != nil {
			return err
		}
		left = left || slices.Contains(split[Role](roles), Admin)
	}
	if err := rows.Err(); err != nil || left {
		return err
	}
	return ErrLastAdmin
}

// RenewRecovery gives the person who acts new recovery codes. The old ones are not good any more.
func (h *House) RenewRecovery(ctx context.Context) ([]string, error) {
	a, _ := ActorOf(ctx)
	p, err := h.person(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	if p.Issuer != "" {
		return nil, ErrForeign
	}
	var codes []string
	err = h.Do(ctx, SelfWrite, p.object(), map[string]string{"change": "recovery codes"}, func(ctx context.Context) error {
		return h.db.Do(ctx, func(tx *sql.Tx) (err error) {
			codes, err = newRecovery(ctx, tx, a.ID)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// ChangePassphrase gives the person who acts another passphrase, ends all sessions, and returns a new one.
func (h *House) ChangePassphrase(ctx context.Context, old, pass string) (Session, error) {
	a, _ := ActorOf(ctx)
	p, err := h.person(ctx, a.ID)
	if err != nil {
		return Session{}, err
	}
	if err := h.allow(ctx, a, SelfWrite, p.object(), nil); err != nil {
		return Session{}, err
	}
	if err := passphrase.Check(pass, p.Name, p.Display); err != nil {
		return Session{}, err
	}
	known, err := h.knows(ctx, p.Name, old)
	if err != nil {
		return Session{}, err
	}
	if known.ID == "" {
		return Session{}, errors.Join(ErrLogin, h.refused(ctx, a, SelfWrite, p.object(), map[string]string{"change": "passphrase"}, "wrong passphrase"))
	}
	hash, err := h.hasher.Hash(ctx, pass)
	if err != nil {
		return Session{}, err
	}
	var s Session
	err = h.Do(ctx, SelfWrite, p.object(), map[string]string{"change": "passphrase"}, func(ctx context.Context) error {
		return h.db.Do(ctx, func(tx *sql.Tx) (err error) {
			if _, err := tx.ExecContext(ctx, `UPDATE people SET passphrase = $1 WHERE id = $2`, hash, p.ID); err != nil {
				return err
			}
			if err := endSessions(ctx, tx, p.ID); err != nil {
				return err
			}
			s, err = h.open(ctx, tx, p)
			return err
		})
	})
	if err != nil {
		return Session{}, err
	}
	return s, nil
}
