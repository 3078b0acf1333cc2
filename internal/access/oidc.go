package access

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/wardline/wardline/internal/store"
)

// OIDCConfig says which identity provider people may log in by (OpenID Connect Core 1.0, authorization code with
// PKCE). The second factor is then the provider's to ask for.
type OIDCConfig struct {
	Issuer   string            // exactly as the provider writes it, https
	ClientID string            // Wardline's, at the provider
	Secret   string            // of the client; empty for a public one
	Redirect string            // the console's page that Finish serves
	Scopes   []string          // besides openid and profile, where the provider wants some for the groups
	Groups   string            // claim that lists a person's groups; "groups" when it is empty
	Roles    map[string][]Role // what groups mean; who is in none of them is not let in
	Client   *http.Client      // to reach the provider with; a sensible one when it is nil
}

// The errors of a login by an identity provider.
var (
	ErrOIDC       = errors.New("the identity provider did not let you in: begin again; if it stays so, tell your administrator")
	ErrOIDCGroups = errors.New("you are in no group that may use Wardline: ask for it where your account is kept")
	ErrOIDCName   = errors.New("your name at the identity provider is taken here, or is none that can be used: tell your administrator")
	ErrForeign    = errors.New("this person logs in by an identity provider: change the account there")
)

// OIDC logs people in by an identity provider. It serves any number of goroutines.
type OIDC struct {
	h      *House
	cfg    OIDCConfig
	client *http.Client

	mu       sync.Mutex
	provider *oidc.Provider // guarded by mu; nil until it was reached once
	reaching *reaching      // guarded by mu; nil while nobody reaches for it
}

// reaching is one try to reach the provider, for all who wait for it.
type reaching struct {
	done     chan struct{}  // closed when the rest is settled
	provider *oidc.Provider // nil when it was not reached
}

// OIDC checks cfg and returns what logs people in. It does not reach for the provider yet, which may be down.
func (h *House) OIDC(cfg OIDCConfig) (*OIDC, error) {
	issuer, err := url.Parse(cfg.Issuer)
	if err != nil || issuer.Scheme != "https" || issuer.Host == "" || issuer.RawQuery != "" || issuer.Fragment != "" {
		return nil, errors.New("oidc: the issuer is an https URL without ? and #")
	}
	redirect, err := url.Parse(cfg.Redirect)
	if err != nil || redirect.Host == "" || redirect.Scheme != "https" && redirect.Hostname() != "localhost" {
		return nil, errors.New("oidc: the redirect is the https URL of a page of the console")
	}
	if cfg.ClientID == "" || len(cfg.Roles) == 0 {
		return nil, errors.New("oidc: it needs the id of the client, and groups that mean roles")
	}
	for group, roles := range cfg.Roles {
		if _, err := validRoles(roles); err != nil {
			return nil, fmt.Errorf("oidc: group %s: %w", group, err)
		}
	}
	if cfg.Groups == "" {
		cfg.Groups = "groups"
	}
	base := http.DefaultTransport
	if cfg.Client != nil && cfg.Client.Transport != nil {
		base = cfg.Client.Transport
	}
	return &OIDC{h: h, cfg: cfg, client: &http.Client{
		Transport: limited{base},
		Timeout:   reachTime,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return errors.New("the provider redirects, which it need not")
		},
	}}, nil
}

// reachTime is how long anybody waits for one answer of the provider.
const reachTime = 10 * time.Second

// limited reads at most 1 MiB of what a provider answers.
type limited struct{ http.RoundTripper }

func (l limited) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := l.RoundTripper.RoundTrip(r)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, 1<<20), resp.Body}
	}
	return resp, err
}

// oidcCeremony is what is kept while the browser is at the provider.
type oidcCeremony struct {
	State, Nonce, Verifier string
	Fresh                  bool
}

// Begin returns where to send the browser, and a ticket that it keeps in a cookie until Finish. fresh has the
// provider ask for everything again, as acts with ErrProve need.
func (o *OIDC) Begin(ctx context.Context, fresh bool, ip string) (location, ticket string, err error) {
	config, _, err := o.reach(ctx)
	if err != nil {
		return "", "", err
	}
	c := oidcCeremony{State: secret(), Nonce: secret(), Verifier: oauth2.GenerateVerifier(), Fresh: fresh}
	if ticket, err = o.h.begin(ctx, "oidc", network(ip), c); err != nil {
		return "", "", err
	}
	options := []oauth2.AuthCodeOption{oidc.Nonce(c.Nonce), oauth2.S256ChallengeOption(c.Verifier)}
	if fresh {
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	return config.AuthCodeURL(c.State, options...), ticket, nil
}

// reach returns how to talk to the provider, and what checks its tokens.
func (o *OIDC) reach(ctx context.Context) (*oauth2.Config, *oidc.IDTokenVerifier, error) {
	provider := o.discover(ctx)
	if provider == nil {
		return nil, nil, fmt.Errorf("%w (its configuration cannot be read)", ErrOIDC)
	}
	config := &oauth2.Config{
		ClientID: o.cfg.ClientID, ClientSecret: o.cfg.Secret, RedirectURL: o.cfg.Redirect,
		Endpoint: provider.Endpoint(), Scopes: append([]string{oidc.ScopeOpenID, "profile"}, o.cfg.Scopes...),
	}
	return config, provider.Verifier(&oidc.Config{
		ClientID: o.cfg.ClientID, Now: o.h.now, SupportedSigningAlgs: []string{oidc.RS256, oidc.PS256, oidc.ES256, oidc.EdDSA},
	}), nil
}

// discover returns the provider, nil when it cannot be reached. Whoever comes first reaches for it, and those who come
// meanwhile share what comes of it.
func (o *OIDC) discover(ctx context.Context) *oidc.Provider {
	o.mu.Lock()
	if o.provider != nil {
		defer o.mu.Unlock()
		return o.provider
	}
	shared := o.reaching
	if shared != nil {
		o.mu.Unlock()
		select {
		case <-shared.done:
			return shared.provider
		case <-ctx.Done():
			return nil
		}
	}
	mine := &reaching{done: make(chan struct{})}
	o.reaching = mine
	o.mu.Unlock()
	// The first one's browser may go away; the others still wait.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), reachTime)
	defer cancel()
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, o.client), o.cfg.Issuer)
	if err == nil {
		mine.provider = provider
	}
	o.mu.Lock()
	o.provider, o.reaching = mine.provider, nil
	o.mu.Unlock()
	close(mine.done)
	return mine.provider
}

// claims is what of an ID token counts.
type claims struct {
	subject, name, display string
	groups                 []string
	proved                 time.Time
}

// Finish lets the person in who comes back from the provider, with the query that the browser brings and the ticket
// of its cookie. The roles are those of the groups, today's.
func (o *OIDC) Finish(ctx context.Context, ticket string, query url.Values, ip string) (Session, error) {
	var c oidcCeremony
	if err := o.h.finish(ctx, "oidc", ticket, &c); err != nil {
		return Session{}, err
	}
	// Another site may send a browser here with its own code (RFC 6749 10.12), or mix providers up (RFC 9207).
	foreign := query.Get("iss") != "" && query.Get("iss") != o.cfg.Issuer
	if subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(c.State)) != 1 || foreign || query.Get("code") == "" {
		return Session{}, ErrOIDC
	}
	who, err := o.claims(ctx, c, query.Get("code"))
	if err != nil {
		return Session{}, err
	}
	roles := o.roles(who.groups)
	if len(roles) == 0 {
		return Session{}, errors.Join(ErrOIDCGroups, o.h.refused(ctx, Actor{}, sessionOpen, Object{Kind: "person"}, map[string]string{"address": ip, "by": o.cfg.Issuer}, "in no group that has a role"))
	}
	return o.letIn(ctx, who, roles, ip)
}

// claims trades the code for an ID token and checks it (OpenID Connect Core 1.0, 3.1.3.7).
func (o *OIDC) claims(ctx context.Context, c oidcCeremony, code string) (claims, error) {
	config, verifier, err := o.reach(ctx)
	if err != nil {
		return claims{}, err
	}
	ctx = oidc.ClientContext(ctx, o.client)
	token, err := config.Exchange(ctx, code, oauth2.VerifierOption(c.Verifier))
	if err != nil {
		return claims{}, fmt.Errorf("%w (it did not take the code)", ErrOIDC)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := verifier.Verify(ctx, raw)
	if err != nil {
		return claims{}, fmt.Errorf("%w (its token does not hold)", ErrOIDC)
	}
	var said struct {
		Party    string `json:"azp"`
		Time     int64  `json:"auth_time"`
		Username string `json:"preferred_username"`
		Name     string `json:"name"`
	}
	all := map[string]any{}
	if err := errors.Join(id.Claims(&said), id.Claims(&all)); err != nil {
		return claims{}, fmt.Errorf("%w (its claims cannot be read)", ErrOIDC)
	}
	exact := id.Issuer == o.cfg.Issuer && len(id.Audience) == 1 && id.Audience[0] == o.cfg.ClientID && (said.Party == "" || said.Party == o.cfg.ClientID)
	if !exact || id.Subject == "" || len(id.Subject) > 255 || subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(c.Nonce)) != 1 {
		return claims{}, fmt.Errorf("%w (its token is for something else)", ErrOIDC)
	}
	who := claims{subject: id.Subject, name: strings.ToLower(said.Username), display: said.Name}
	if said.Time > 0 {
		who.proved = time.Unix(said.Time, 0).UTC()
	}
	if c.Fresh && o.h.now().Sub(who.proved) > proofAge {
		return claims{}, fmt.Errorf("%w (it did not ask you again)", ErrOIDC)
	}
	groups, _ := all[o.cfg.Groups].([]any)
	for _, g := range groups {
		if name, ok := g.(string); ok {
			who.groups = append(who.groups, name)
		}
	}
	return who, nil
}

func (o *OIDC) roles(groups []string) []Role {
	var roles []Role
	for _, g := range groups {
		roles = append(roles, o.cfg.Roles[g]...)
	}
	roles, err := validRoles(roles)
	if err != nil {
		return nil
	}
	return roles
}

// letIn finds the person by issuer and subject, and by nothing else: names and addresses may be given to
// another person there.
func (o *OIDC) letIn(ctx context.Context, who claims, roles []Role, ip string) (Session, error) {
	h := o.h
	p, err := scanUser(h.db.QueryRowContext(ctx, `SELECT `+userColumns+` FROM people WHERE issuer = $1 AND subject = $2`, o.cfg.Issuer, store.Text(who.subject)), nil)
	isNew := errors.Is(err, sql.ErrNoRows)
	if err != nil && !isNew {
		return Session{}, fmt.Errorf("log in: %w", err)
	}
	if isNew {
		if !validName(who.name) {
			return Session{}, ErrOIDCName
		}
		if p.ID, err = newID(); err != nil {
			return Session{}, err
		}
		p.Name, p.Display = who.name, displayName(who.display, who.name)
	}
	changed := !slices.Equal(p.Roles, roles)
	p.Roles = roles
	detail := map[string]string{"address": ip, "by": o.cfg.Issuer, "roles": join(roles)}
	if !p.Disabled.IsZero() {
		return Session{}, errors.Join(ErrOIDC, h.refused(ctx, p.actor(), sessionOpen, p.object(), detail, "disabled"))
	}
	var s Session
	err = h.sealed(ctx, p.actor(), sessionOpen, p.object(), detail, func(ctx context.Context) error {
		return h.db.Do(ctx, func(tx *sql.Tx) (err error) {
			switch {
			case isNew:
				_, err = tx.ExecContext(ctx, `INSERT INTO people (id, name, display, roles, passphrase, totp, totp_step, created, login, disabled, issuer, subject)
					VALUES ($1, $2, $3, $4, '', '', 0, $5, 0, 0, $6, $7)`, p.ID, p.Name, p.Display, join(roles), store.At(h.now()), o.cfg.Issuer, store.Text(who.subject))
			case changed:
				_, err = tx.ExecContext(ctx, `UPDATE people SET roles = $1 WHERE id = $2`, join(roles), p.ID)
				err = errors.Join(err, endSessions(ctx, tx, p.ID))
			}
			if err != nil {
				return err
			}
			if s, err = h.open(ctx, tx, p); err != nil {
				return err
			}
			s.Actor.Proved = who.proved
			_, err = tx.ExecContext(ctx, `UPDATE sessions SET proved = $1 WHERE id = $2`, store.At(who.proved), s.Actor.Session)
			return err
		})
	})
	if store.Duplicate(err) {
		return Session{}, ErrOIDCName
	}
	if err != nil {
		return Session{}, fmt.Errorf("log in: %w", err)
	}
	return s, nil
}
