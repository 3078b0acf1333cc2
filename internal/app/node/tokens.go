package node

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/netip"
	"sync"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/collect/httpin"
)

// tokens remembers for some seconds whose a token is: a shipper shows the same one with each of a thousand requests.
type tokens struct {
	house *access.House
	now   func() time.Time

	mu    sync.Mutex
	known map[shown]known // guarded by mu
}

// shown is a token as it was used: what it may do can depend on where from. The token itself is not kept.
type shown struct {
	sum  [sha256.Size]byte
	from netip.Addr
}

type known struct {
	sender string
	until  time.Time
}

const (
	tokenRest  = 5 * time.Second // for which a token that was revoked may still be used
	mostTokens = 10_000
)

// sender tells whose token a secret is.
func (t *tokens) sender(ctx context.Context, secret string, from netip.Addr) (string, error) {
	key, now := shown{sha256.Sum256([]byte(secret)), from}, t.now()
	t.mu.Lock()
	k, ok := t.known[key]
	t.mu.Unlock()
	if ok && now.Before(k.until) {
		return k.sender, nil
	}
	actor, err := t.house.Bearer(ctx, secret, from.String())
	switch {
	case errors.Is(err, access.ErrToken):
		return "", httpin.ErrSecret
	case err != nil:
		return "", err
	case actor.Source == "":
		return "", httpin.ErrForbidden // a token for reading
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.known) >= mostTokens {
		clear(t.known)
	}
	t.known[key] = known{actor.Source, now.Add(tokenRest)}
	return actor.Source, nil
}
