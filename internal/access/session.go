package access

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/store"
)

// How long a session lives.
const (
	sessionIdle = 15 * time.Minute
	sessionLife = 10 * time.Hour
	// seenStep is how exactly it is noted when a session was last used: a write for each click would be too many.
	seenStep = 20 * time.Second
)

// Verbs of the trail that need no role.
const (
	sessionOpen  Verb = "session.open"
	sessionClose Verb = "session.close"
	sessionProve Verb = "session.prove"
	personJoin   Verb = "person.join"
)

// Session is what a browser holds: Cookie is a secret of 256 bits that stands nowhere else.
type Session struct {
	Cookie  string
	Actor   Actor
	Expires time.Time // at the latest
}

// Login lets a person in who knows the passphrase and has the second factor: a code of the device or a
// recovery code. It returns ErrLogin, without saying what was wrong, or *TooMany.
func (h *House) Login(ctx context.Context, name, pass, code, ip string) (Session, error) {
	name = strings.ToLower(strings.TrimSpace(name))
	t, p, err := h.firstFactor(ctx, name, pass, ip)
	if err != nil {
		return Session{}, err
	}
	return h.letIn(ctx, p, t, ip, func(ctx context.Context, tx *sql.Tx) error { return h.useCode(ctx, tx, p.ID, code) })
}

// firstFactor books a try and returns who knows the passphrase.
func (h *House) firstFactor(ctx context.Context, name, pass, ip string) (try, User, error) {
	t, err := h.attempt(ctx, name, ip)
	if err != nil {
		return try{}, User{}, err
	}
	p, err := h.knows(ctx, name, pass)
	if err != nil {
		return try{}, User{}, err
	}
	if p.ID == "" {
		return try{}, User{}, h.loginRefused(ctx, name, ip)
	}
	return t, p, nil
}

// letIn opens a session if factor, the second one, says so.
func (h *House) letIn(ctx context.Context, p User, t try, ip string, factor func(context.Context, *sql.Tx) error) (Session, error) {
	var s Session
	err := h.sealed(ctx, p.actor(), sessionOpen, p.object(), map[string]string{"address": ip}, func(ctx context.Context) error {
		return h.db.Do(ctx, func(tx *sql.Tx) (err error) {
			if err := factor(ctx, tx); err != nil {
				return err
			}
			if err := t.succeeded(ctx, tx); err != nil {
				return err
			}
			s, err = h.open(ctx, tx, p)
			return err
		})
	})
	if err != nil {
		return Session{}, fmt.Errorf("log in: %w", err)
	}
	return s, nil
}

// knows returns the person who may log in with name and passphrase, or the zero one. It takes as long
// whether there is such a person or not.
func (h *House) knows(ctx context.Context, name, pass string) (User, error) {
	var hash string
	p, err := scanUser(h.db.QueryRowContext(ctx, `SELECT `+userColumns+` FROM people WHERE name = $1`, name), &hash)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return User{}, fmt.Errorf("log in: %w", err)
	}
	if !p.Disabled.IsZero() {
		hash = ""
	}
	ok, err := h.hasher.Matches(ctx, pass, hash)
	if err != nil {
		return User{}, fmt.Errorf("log in: %w", err)
	}
	if !ok {
		return User{}, nil
	}
	return p, nil
}

// loginRefused seals a wrong try. The name goes into the trail only if it is one: it might be a passphrase.
func (h *House) loginRefused(ctx context.Context, name, ip string) error {
	p, err := scanUser(h.db.QueryRowContext(ctx, `SELECT `+userColumns+` FROM people WHERE name = $1`, name), nil)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("log in: %w", err)
	}
	return errors.Join(ErrLogin, h.refused(ctx, p.actor(), sessionOpen, p.object(), map[string]string{"address": ip}, "wrong name or passphrase"))
}

// open makes a session, and clears those away that are over.
func (h *House) open(ctx context.Context, tx *sql.Tx, p User) (Session, error) {
	now := h.now().UTC()
	if _, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE seen < $1 OR opened < $2`, store.At(now.Add(-sessionIdle)), store.At(now.Add(-sessionLife))); err != nil {
		return Session{}, err
	}
	id, err := newID()
	if err != nil {
		return Session{}, err
	}
	s := Session{Cookie: secret(), Actor: p.actor(), Expires: now.Add(sessionLife)}
	s.Actor.Session, s.Actor.Proved = id, now
	if _, err := tx.ExecContext(ctx, `UPDATE people SET login = $1 WHERE id = $2`, store.At(now), p.ID); err != nil {
		return Session{}, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO sessions (id, hash, person, opened, seen, proved) VALUES ($1, $2, $3, $4, $4, $4)`,
		id, digest(s.Cookie), p.ID, store.At(now))
	return s, err
}

// Resume returns who a cookie is of, and prolongs the session, or returns ErrSession.
func (h *House) Resume(ctx context.Context, cookie string) (Actor, error) {
	a, seen, err := h.session(ctx, cookie)
	if err != nil {
		return Actor{}, err
	}
	if now := h.now(); now.Sub(seen) >= seenStep {
		if _, err := h.db.ExecContext(ctx, `UPDATE sessions SET seen = $1 WHERE id = $2`, store.At(now), a.Session); err != nil {
			return Actor{}, fmt.Errorf("resume session: %w", err)
		}
	}
	return a, nil
}

// Peek is Resume without prolonging the session, for what a page asks by itself while nobody may sit before it.
func (h *House) Peek(ctx context.Context, cookie string) (Actor, error) {
	a, _, err := h.session(ctx, cookie)
	return a, err
}

func (h *House) session(ctx context.Context, cookie string) (Actor, time.Time, error) {
	var id string
	var opened, seen, proved store.Time
	p, err := scanUser(h.db.QueryRowContext(ctx, `SELECT `+userColumns+`, s.id, s.opened, s.seen, s.proved
		FROM sessions s JOIN people ON people.id = s.person WHERE s.hash = $1`, digest(cookie)), nil, &id, &opened, &seen, &proved)
	if errors.Is(err, sql.ErrNoRows) {
		return Actor{}, time.Time{}, ErrSession
	}
	if err != nil {
		return Actor{}, time.Time{}, fmt.Errorf("resume session: %w", err)
	}
	now := h.now()
	over := now.Sub(seen.Time) > sessionIdle || now.Sub(opened.Time) > sessionLife || now.Before(opened.Add(-time.Minute))
	if over || !p.Disabled.IsZero() {
		return Actor{}, time.Time{}, ErrSession
	}
	a := p.actor()
	a.Session, a.Proved = id, proved.Time
	return a, seen.Time, nil
}

// Prove takes the second factor again, as some acts need, and returns the session under a new cookie.
func (h *House) Prove(ctx context.Context, cookie, code, ip string) (Session, error) {
	a, err := h.Resume(ctx, cookie)
	if err != nil {
		return Session{}, err
	}
	t, err := h.attempt(ctx, a.Name, ip)
	if err != nil {
		return Session{}, err
	}
	s, err := h.proved(ctx, a, t, func(ctx context.Context, tx *sql.Tx) error { return h.useCode(ctx, tx, a.ID, code) })
	if errors.Is(err, ErrLogin) {
		return Session{}, ErrCode
	}
	return s, err
}

// proved makes a session as good as new if factor says so.
func (h *House) proved(ctx context.Context, a Actor, t try, factor func(context.Context, *sql.Tx) error) (Session, error) {
	s := Session{Cookie: secret(), Actor: a}
	err := h.sealed(ctx, a, sessionProve, Object{Kind: "person", ID: a.ID, Owner: a.ID}, nil, func(ctx context.Context) error {
		return h.db.Do(ctx, func(tx *sql.Tx) error {
			if err := factor(ctx, tx); err != nil {
				return err
			}
			if err := t.succeeded(ctx, tx); err != nil {
				return err
			}
			now := h.now().UTC()
			s.Actor.Proved = now
			var opened store.Time
			err := tx.QueryRowContext(ctx, `UPDATE sessions SET hash = $1, proved = $2 WHERE id = $3 RETURNING opened`,
				digest(s.Cookie), store.At(now), a.Session).Scan(&opened)
			if errors.Is(err, sql.ErrNoRows) {
				return ErrSession
			}
			s.Expires = opened.Add(sessionLife)
			return err
		})
	})
	if err != nil {
		return Session{}, err
	}
	return s, nil
}

// Logout ends the session of a cookie. One that is over already is no error.
func (h *House) Logout(ctx context.Context, cookie string) error {
	a, _, err := h.session(ctx, cookie)
	if errors.Is(err, ErrSession) {
		return nil
	}
	if err != nil {
		return err
	}
	return h.sealed(ctx, a, sessionClose, Object{Kind: "session", ID: a.Session, Owner: a.ID}, nil, func(ctx context.Context) error {
		_, err := h.db.ExecContext(ctx, `DELETE FROM sessions WHERE id = $1`, a.Session)
		return err
	})
}

// LogoutAll ends all sessions of a person: one's own, or with people.write anybody's.
func (h *House) LogoutAll(ctx context.Context, id string) error {
	a, _ := ActorOf(ctx)
	p, err := h.person(ctx, id)
	if err != nil {
		return err
	}
	v := PeopleWrite
	if a.ID == id {
		v = SelfWrite
	}
	return h.Do(ctx, v, p.object(), map[string]string{"change": "end all sessions"}, func(ctx context.Context) error {
		_, err := h.db.ExecContext(ctx, `DELETE FROM sessions WHERE person = $1`, id)
		return err
	})
}
