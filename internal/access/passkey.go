package access

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/wardline/wardline/internal/store"
)

// Passkeys lets people use a passkey or a security key in place of a code (Web Authentication, level 3). They are bound
// to the address of the console, so no other site can ask for them.
type Passkeys struct {
	h      *House
	w      *webauthn.WebAuthn
	origin string
}

// Origin is the only address of the console at which browsers use them.
func (k *Passkeys) Origin() string { return k.origin }

// maxPasskeys is how many a person may have.
const maxPasskeys = 10

// Passkeys returns them for a console at origin, such as "https://wardline.example.org:8443". Browsers refuse
// them where the host is a mere address.
func (h *House) Passkeys(origin string) (*Passkeys, error) {
	u, err := url.Parse(origin)
	switch {
	case err != nil || u.Host == "" || u.Scheme+"://"+u.Host != origin:
		return nil, errors.New("passkeys: an origin is https:// and a host name, and a port if it is not 443")
	case net.ParseIP(u.Hostname()) != nil:
		return nil, errors.New("passkeys: browsers do not use them where the console has an address instead of a name")
	case u.Scheme != "https" && u.Hostname() != "localhost":
		return nil, errors.New("passkeys: browsers do not use them without https")
	}
	w, err := webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: "Wardline", RPOrigins: []string{origin},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			UserVerification: protocol.VerificationPreferred, ResidentKey: protocol.ResidentKeyRequirementDiscouraged,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("passkeys: %w", err)
	}
	return &Passkeys{h, w, origin}, nil
}

// Passkey is one of a person's, as it is listed.
type Passkey struct {
	ID      string // base64url
	Name    string // that the person gave it
	Created time.Time
	Used    time.Time
}

// holder is a person as the library knows one.
type holder struct {
	User
	keys []webauthn.Credential
}

func (p holder) WebAuthnID() []byte                         { return []byte(p.ID) }
func (p holder) WebAuthnName() string                       { return p.Name }
func (p holder) WebAuthnDisplayName() string                { return p.Display }
func (p holder) WebAuthnCredentials() []webauthn.Credential { return p.keys }

// Ticket is what a browser needs: Options go to navigator.credentials as they are, and Secret comes back with the
// answer.
type Ticket struct {
	Options json.RawMessage
	Secret  string
}

// ceremony is what is kept of one.
type ceremony struct {
	Data webauthn.SessionData
	User string
	Try  try
}

// Begin lets the person who acts add a passkey.
func (k *Passkeys) Begin(ctx context.Context) (Ticket, error) {
	a, _ := ActorOf(ctx)
	p, err := k.holder(ctx, a.ID)
	if err != nil {
		return Ticket{}, err
	}
	if err := k.h.allow(ctx, a, SelfWrite, p.object(), nil); err != nil {
		return Ticket{}, err
	}
	if p.Issuer != "" {
		return Ticket{}, ErrForeign
	}
	if len(p.keys) >= maxPasskeys {
		return Ticket{}, ErrManyKeys
	}
	return k.create(ctx, "add passkey", p, "person "+p.ID)
}

// ErrManyKeys says that a person has as many passkeys as there may be.
var ErrManyKeys = fmt.Errorf("you have %d passkeys, and more there cannot be: remove one first", maxPasskeys)

// create asks the browser for a new passkey of p.
func (k *Passkeys) create(ctx context.Context, kind string, p holder, whose string) (Ticket, error) {
	var known []protocol.CredentialDescriptor
	for _, c := range p.keys {
		known = append(known, c.Descriptor())
	}
	options, data, err := k.w.BeginRegistration(p, webauthn.WithExclusions(known))
	if err != nil {
		return Ticket{}, fmt.Errorf("begin passkey: %w", err)
	}
	return k.ticket(ctx, kind, whose, options, ceremony{Data: *data, User: p.ID})
}

// created checks what the browser answered, and returns what enters the new passkey under a name.
func (k *Passkeys) created(p holder, c *ceremony, name string, answer []byte) (func(context.Context, *sql.Tx) error, error) {
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return nil, ErrPasskey // what the library says quotes the answer
	}
	made, err := k.w.CreateCredential(p, c.Data, parsed)
	if err != nil {
		return nil, ErrPasskey
	}
	text, err := json.Marshal(made)
	if err != nil {
		return nil, fmt.Errorf("add passkey: %w", err)
	}
	return func(ctx context.Context, tx *sql.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM passkeys WHERE person = $1`, p.ID).Scan(&n); err != nil {
			return err
		}
		if n >= maxPasskeys {
			return ErrManyKeys
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO passkeys (id, person, name, credential, created, used) VALUES ($1, $2, $3, $4, $5, 0)`,
			keyID(made.ID), p.ID, name, string(text), store.At(k.h.now()))
		if store.Duplicate(err) {
			return ErrPasskey
		}
		return err
	}, nil
}

// BeginJoin lets somebody who joins have a passkey as the second factor in place of an app; enrolment is what House.Begin
// returned.
func (k *Passkeys) BeginJoin(ctx context.Context, enrolment, ip string) (Ticket, error) {
	e, err := k.h.enrolment(ctx, enrolment)
	if err != nil {
		return Ticket{}, err
	}
	return k.create(ctx, "join", e.holder(), network(ip))
}

// FinishJoin does what House.Confirm does, with a new passkey in place of a code.
func (k *Passkeys) FinishJoin(ctx context.Context, enrolment, ticket, name string, answer []byte) (Session, []string, error) {
	e, err := k.h.enrolment(ctx, enrolment)
	if err != nil {
		return Session{}, nil, err
	}
	var c ceremony
	if err := k.h.finish(ctx, "join", ticket, &c); err != nil {
		return Session{}, nil, err
	}
	if c.User != e.person {
		return Session{}, nil, ErrPasskey
	}
	enter, err := k.created(e.holder(), &c, displayName(name, "passkey"), answer)
	if err != nil {
		return Session{}, nil, err
	}
	return k.h.joined(ctx, e, "passkey", enter)
}

// holder is the person who is about to join.
func (e enrolment) holder() holder {
	return holder{User: User{ID: e.person, Name: e.name, Display: e.display}}
}

// Finish adds the passkey that the browser answered with, under a name such as "blue key".
func (k *Passkeys) Finish(ctx context.Context, ticket, name string, answer []byte) error {
	a, _ := ActorOf(ctx)
	var c ceremony
	if err := k.h.finish(ctx, "add passkey", ticket, &c); err != nil {
		return err
	}
	p, err := k.holder(ctx, c.User)
	if err != nil {
		return err
	}
	if p.ID != a.ID {
		return ErrPasskey
	}
	name = displayName(name, "passkey")
	enter, err := k.created(p, &c, name, answer)
	if err != nil {
		return err
	}
	return k.h.Do(ctx, SelfWrite, p.object(), map[string]string{"change": "add passkey", "name": name}, func(ctx context.Context) error {
		return k.h.db.Do(ctx, func(tx *sql.Tx) error { return enter(ctx, tx) })
	})
}

// BeginLogin takes name and passphrase, as Login does, and returns what to ask the passkey. It returns ErrLogin
// also when the person has none.
func (k *Passkeys) BeginLogin(ctx context.Context, name, pass, ip string) (Ticket, error) {
	t, user, err := k.h.firstFactor(ctx, strings.ToLower(strings.TrimSpace(name)), pass, ip)
	if err != nil {
		return Ticket{}, err
	}
	return k.ask(ctx, "log in", user.ID, ip, t)
}

// FinishLogin lets the person in whose passkey answered.
func (k *Passkeys) FinishLogin(ctx context.Context, ticket string, answer []byte, ip string) (Session, error) {
	p, c, used, err := k.answered(ctx, "log in", ticket, answer)
	if err != nil {
		return Session{}, err
	}
	return k.h.letIn(ctx, p.User, c.Try, ip, used)
}

// BeginProve asks for the passkey again; see House.Prove.
func (k *Passkeys) BeginProve(ctx context.Context, cookie, ip string) (Ticket, error) {
	a, err := k.h.Resume(ctx, cookie)
	if err != nil {
		return Ticket{}, err
	}
	t, err := k.h.attempt(ctx, a.Name, ip)
	if err != nil {
		return Ticket{}, err
	}
	return k.ask(ctx, "prove", a.ID, ip, t)
}

// FinishProve returns the session under a new cookie, as House.Prove does.
func (k *Passkeys) FinishProve(ctx context.Context, cookie, ticket string, answer []byte) (Session, error) {
	a, err := k.h.Resume(ctx, cookie)
	if err != nil {
		return Session{}, err
	}
	p, c, used, err := k.answered(ctx, "prove", ticket, answer)
	if err != nil {
		return Session{}, err
	}
	if p.ID != a.ID {
		return Session{}, ErrPasskey
	}
	return k.h.proved(ctx, a, c.Try, used)
}

// ask makes a challenge for one of the person's passkeys.
func (k *Passkeys) ask(ctx context.Context, kind, person, ip string, t try) (Ticket, error) {
	p, err := k.holder(ctx, person)
	if err != nil {
		return Ticket{}, err
	}
	if len(p.keys) == 0 {
		return Ticket{}, errors.Join(ErrLogin, k.h.refused(ctx, p.actor(), sessionOpen, p.object(), map[string]string{"address": ip}, "no passkey"))
	}
	options, data, err := k.w.BeginLogin(p)
	if err != nil {
		return Ticket{}, fmt.Errorf("ask for passkey: %w", err)
	}
	return k.ticket(ctx, kind, network(ip), options, ceremony{Data: *data, User: p.ID, Try: t})
}

func (k *Passkeys) ticket(ctx context.Context, kind, whose string, options any, c ceremony) (Ticket, error) {
	text, err := json.Marshal(options)
	if err != nil {
		return Ticket{}, fmt.Errorf("ask for passkey: %w", err)
	}
	secret, err := k.h.begin(ctx, kind, whose, c)
	return Ticket{text, secret}, err
}

// answered checks an answer. used notes that the passkey was used; a counter that did not grow means that there are two of it.
func (k *Passkeys) answered(ctx context.Context, kind, ticket string, answer []byte) (p holder, c ceremony, used func(context.Context, *sql.Tx) error, err error) {
	if err := k.h.finish(ctx, kind, ticket, &c); err != nil {
		return p, c, nil, err
	}
	if p, err = k.holder(ctx, c.User); err != nil {
		return p, c, nil, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil || !p.Disabled.IsZero() || !p.Enrolled {
		return p, c, nil, ErrPasskey
	}
	key, err := k.w.ValidateLogin(p, c.Data, parsed)
	if err != nil {
		return p, c, nil, errors.Join(ErrPasskey, k.h.refused(ctx, p.actor(), sessionOpen, p.object(), nil, "wrong passkey"))
	}
	if key.Authenticator.CloneWarning {
		return p, c, nil, errors.Join(ErrPasskey, k.h.refused(ctx, p.actor(), sessionOpen, p.object(), nil, "the passkey's counter did not grow: there may be a copy of it"))
	}
	text, err := json.Marshal(key)
	if err != nil {
		return p, c, nil, fmt.Errorf("check passkey: %w", err)
	}
	return p, c, func(ctx context.Context, tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `UPDATE passkeys SET credential = $1, used = $2 WHERE id = $3 AND person = $4`,
			string(text), store.At(k.h.now()), keyID(key.ID), p.ID)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return orElse(err, ErrPasskey) // it was removed meanwhile
		}
		return nil
	}, nil
}

func (k *Passkeys) holder(ctx context.Context, id string) (holder, error) {
	user, err := k.h.person(ctx, id)
	if err != nil {
		return holder{}, err
	}
	rows, err := k.h.db.QueryContext(ctx, `SELECT credential FROM passkeys WHERE person = $1 ORDER BY created, id`, id)
	if err != nil {
		return holder{}, fmt.Errorf("read passkeys: %w", err)
	}
	defer func() { _ = rows.Close() }() // rows.Err tells what went wrong
	p := holder{User: user}
	for rows.Next() {
		var text string
		var c webauthn.Credential
		if err := errors.Join(rows.Scan(&text), json.Unmarshal([]byte(text), &c)); err != nil {
			return holder{}, fmt.Errorf("read passkeys: %w", err)
		}
		p.keys = append(p.keys, c)
	}
	return p, rows.Err()
}

func keyID(id []byte) string { return base64.RawURLEncoding.EncodeToString(id) }

// OwnPasskeys lists the passkeys of the person who acts.
func (h *House) OwnPasskeys(ctx context.Context) ([]Passkey, error) {
	a, _ := ActorOf(ctx)
	rows, err := h.db.QueryContext(ctx, `SELECT id, name, created, used FROM passkeys WHERE person = $1 ORDER BY created, id`, a.ID)
	if err != nil {
		return nil, fmt.Errorf("list passkeys: %w", err)
	}
	defer func() { _ = rows.Close() }() // rows.Err tells what went wrong
	var all []Passkey
	for rows.Next() {
		var p Passkey
		var created, used store.Time
		if err := rows.Scan(&p.ID, &p.Name, &created, &used); err != nil {
			return nil, fmt.Errorf("list passkeys: %w", err)
		}
		p.Created, p.Used = created.Time, used.Time
		all = append(all, p)
	}
	return all, rows.Err()
}

// RemovePasskey makes one of the own passkeys invalid. The last one stays with whoever has no app: recovery codes run out.
func (h *House) RemovePasskey(ctx context.Context, id string) error {
	keys, err := h.OwnPasskeys(ctx)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(keys, func(k Passkey) bool { return k.ID == id })
	if at < 0 {
		return ErrNoKey
	}
	a, _ := ActorOf(ctx)
	detail := map[string]string{"change": "remove passkey", "name": keys[at].Name}
	return h.Do(ctx, SelfWrite, Object{Kind: "person", ID: a.ID, Owner: a.ID}, detail, func(ctx context.Context) error {
		return h.db.Do(ctx, func(tx *sql.Tx) error {
			done, err := tx.ExecContext(ctx, `DELETE FROM passkeys WHERE id = $1 AND person = $2`, id, a.ID)
			if err != nil {
				return err
			}
			if n, err := done.RowsAffected(); err != nil || n == 0 {
				return orElse(err, ErrNoKey)
			}
			var left int
			err = tx.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM passkeys WHERE person = $1) + (SELECT count(*) FROM people WHERE id = $1 AND totp <> '')`, a.ID).Scan(&left)
			if err != nil || left > 0 {
				return err
			}
			return ErrLastFactor
		})
	})
}
