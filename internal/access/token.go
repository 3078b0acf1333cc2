package access

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/store"
)

// TokenLife is the longest life of a token, and what it gets when it asks for none.
const TokenLife = 90 * 24 * time.Hour

// TokenSpec describes a token that a program shall have.
type TokenSpec struct {
	Name   string
	Role   Role          // Sender or Reader
	Source string        // of a Sender: the name that its events come in under
	Scope  []Verb        // of a Reader: what it is for; when it is empty, all that its role and its maker may but what must be named
	CIDR   string        // networks or addresses it is used from, separated by spaces; anywhere when it is empty
	TTL    time.Duration // at most TokenLife, which 0 stands for
}

// Token is a token as it is listed: without its secret, which is seen once.
type Token struct {
	ID      string
	Spec    TokenSpec
	Maker   string // id of the person
	Created time.Time
	Expires time.Time
	Used    time.Time // last, to ten minutes
	Revoked time.Time
}

// Issue makes a token and returns its secret, "wl_<id>_<secret>". A sender may hand in events under its source and
// nothing else. A reader never may more than its role, its scope, and whoever made it.
func (h *House) Issue(ctx context.Context, spec TokenSpec) (string, error) {
	a, _ := ActorOf(ctx)
	if err := spec.check(a); err != nil {
		return "", err
	}
	id, key := secret()[:16], secret()
	detail := map[string]string{
		"change": "issue", "name": spec.Name, "role": string(spec.Role), "source": spec.Source,
		"scope": join(spec.Scope), "cidr": spec.CIDR, "days": fmt.Sprint(int(spec.TTL / (24 * time.Hour))),
	}
	err := h.Do(ctx, TokenWrite, Object{Kind: "token", ID: id}, detail, func(ctx context.Context) error {
		now := h.now()
		_, err := h.db.ExecContext(ctx, `INSERT INTO tokens (id, hash, name, role, source, scope, cidr, maker, created, expires, used, revoked)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, 0)`, id, digest(key), spec.Name, string(spec.Role), spec.Source,
			join(spec.Scope), spec.CIDR, a.ID, store.At(now), store.At(now.Add(spec.TTL)))
		return err
	})
	if err != nil {
		return "", err
	}
	return "wl_" + id + "_" + key, nil
}

// check completes a spec, or says what is wrong with it.
func (s *TokenSpec) check(maker Actor) error {
	s.Name = strings.Join(strings.Fields(cut(s.Name, 100)), " ")
	s.CIDR = strings.Join(strings.Fields(s.CIDR), " ")
	if s.TTL == 0 {
		s.TTL = TokenLife
	}
	switch _, err := networks(s.CIDR); {
	case err != nil:
		return err
	case s.Name == "":
		return errors.New("name the token after what uses it")
	case s.TTL < 0 || s.TTL > TokenLife:
		return errors.New("a token lives 90 days at most")
	case s.Role == Sender && (len(s.Source) > 64 || !validName(s.Source)):
		return errors.New("name the source that the token sends as: 2 to 64 small letters, digits, dots, hyphens or underscores")
	case s.Role == Sender && len(s.Scope) > 0, s.Role == Reader && s.Source != "":
		return errors.New("a sender has a source and no scope, a reader a scope and no source")
	case s.Role != Sender && s.Role != Reader:
		return errors.New("a token is sender or reader")
	}
	usual, named := Grants(maker)
	for _, v := range s.Scope {
		if !slices.Contains(usual, v) && !slices.Contains(named, v) {
			return fmt.Errorf("%s: a token may not do more than you, nor than a reader", v)
		}
	}
	return nil
}

// Grants lists what a reader token made by such a person may do, which is what both may without limits: as a rule, and
// when its scope names it.
func Grants(maker Actor) (usual, named []Verb) {
	for _, v := range Verbs() {
		asked := Actor{ID: "token", Token: "token", Roles: []Role{Reader}}
		switch {
		case !slices.Contains(Reaches(maker, v), All):
		case slices.Contains(Reaches(asked, v), All):
			usual = append(usual, v)
		default:
			asked.Scope = []Verb{v}
			if slices.Contains(Reaches(asked, v), All) {
				named = append(named, v)
			}
		}
	}
	return usual, named
}

// networks reads networks and addresses.
func networks(text string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, word := range strings.Fields(text) {
		p, err := netip.ParsePrefix(word)
		if addr, err2 := netip.ParseAddr(word); err2 == nil {
			p, err = addr.Prefix(addr.BitLen())
		}
		if err != nil || len(all) == 32 {
			return nil, errors.New("name at most 32 networks such as 10.1.0.0/16, or addresses, with spaces between")
		}
		all = append(all, p.Masked())
	}
	return all, nil
}

// Bearer returns whom a token stands for, or ErrToken. ip is where it was used from.
func (h *House) Bearer(ctx context.Context, token, ip string) (Actor, error) {
	id, key, ok := strings.Cut(strings.TrimPrefix(token, "wl_"), "_")
	if !ok || !strings.HasPrefix(token, "wl_") || len(token) > 200 {
		return Actor{}, ErrToken
	}
	var hash string
	t, err := scanToken(h.db.QueryRowContext(ctx, `SELECT `+tokenColumns+` FROM tokens WHERE id = $1`, store.Text(id)), &hash)
	if errors.Is(err, sql.ErrNoRows) {
		return Actor{}, ErrToken
	}
	if err != nil {
		return Actor{}, fmt.Errorf("look up token: %w", err)
	}
	now := h.now()
	right := subtle.ConstantTimeCompare([]byte(hash), []byte(digest(key))) == 1
	if !right || !t.Revoked.IsZero() || !now.Before(t.Expires) || !t.usedFrom(ip) {
		return Actor{}, ErrToken
	}
	a := Actor{ID: "token:" + t.ID, Name: t.Spec.Name, Roles: []Role{t.Spec.Role}, Token: t.ID, Source: t.Spec.Source, Scope: t.Spec.Scope}
	if t.Spec.Role == Reader {
		if a.Scope, a.Maker, err = h.readerScope(ctx, t); err != nil {
			return Actor{}, err
		}
	}
	if now.Sub(t.Used) >= 10*time.Minute {
		// Whether it can be noted must not decide about what a hospital sends.
		_, _ = h.db.ExecContext(ctx, `UPDATE tokens SET used = $1 WHERE id = $2`, store.At(now), t.ID)
	}
	return a, nil
}

// readerScope holds a reader to what its maker may do today, and says who that is.
func (h *House) readerScope(ctx context.Context, t Token) (scope []Verb, name string, err error) {
	maker, err := h.person(ctx, t.Maker)
	if err != nil {
		return nil, "", fmt.Errorf("look up token: %w", err)
	}
	if !maker.Disabled.IsZero() {
		return nil, "", ErrToken
	}
	scope, named := Grants(maker.actor())
	if len(t.Spec.Scope) > 0 {
		scope = slices.DeleteFunc(append(scope, named...), func(v Verb) bool { return !slices.Contains(t.Spec.Scope, v) })
	}
	if len(scope) == 0 { // which would stand for all
		return nil, "", ErrToken
	}
	return scope, maker.Name, nil
}

func (t Token) usedFrom(ip string) bool {
	allowed, err := networks(t.Spec.CIDR)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(ip)
	if len(allowed) == 0 {
		return true
	}
	return err == nil && slices.ContainsFunc(allowed, func(p netip.Prefix) bool { return p.Contains(addr.Unmap().WithZone("")) })
}

// Tokens lists all tokens, the last made first.
func (h *House) Tokens(ctx context.Context) ([]Token, error) {
	a, _ := ActorOf(ctx)
	if err := h.allow(ctx, a, PeopleRead, Object{Kind: "token"}, nil); err != nil {
		return nil, err
	}
	rows, err := h.db.QueryContext(ctx, `SELECT `+tokenColumns+` FROM tokens ORDER BY created DESC, id`)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	defer func() { _ = rows.Close() }() // rows.Err tells what went wrong
	var all []Token
	for rows.Next() {
		t, err := scanToken(rows, nil)
		if err != nil {
			return nil, fmt.Errorf("list tokens: %w", err)
		}
		all = append(all, t)
	}
	return all, rows.Err()
}

// Revoke makes a token invalid at once.
func (h *House) Revoke(ctx context.Context, id string) error {
	return h.Do(ctx, TokenWrite, Object{Kind: "token", ID: id}, map[string]string{"change": "revoke"}, func(ctx context.Context) error {
		done, err := h.db.ExecContext(ctx, `UPDATE tokens SET revoked = $1 WHERE id = $2 AND revoked = 0`, store.At(h.now()), id)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return orElse(err, errors.New("there is no such token, or it is revoked already"))
		}
		return nil
	})
}

const tokenColumns = `id, hash, name, role, source, scope, cidr, maker, created, expires, used, revoked`

func scanToken(row scanner, hash *string) (Token, error) {
	var t Token
	var kept, scope string
	var created, expires, used, revoked store.Time
	err := row.Scan(&t.ID, &kept, &t.Spec.Name, &t.Spec.Role, &t.Spec.Source, &scope, &t.Spec.CIDR, &t.Maker, &created, &expires, &used, &revoked)
	if err != nil {
		return Token{}, err
	}
	if hash != nil {
		*hash = kept
	}
	t.Spec.Scope, t.Spec.TTL = split[Verb](scope), expires.Sub(created.Time)
	t.Created, t.Expires, t.Used, t.Revoked = created.Time, expires.Time, used.Time, revoked.Time
	return t, nil
}
