package node

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console"
	"github.com/wardline/wardline/internal/continuity"
)

func (n *Node) openConsole(ctx context.Context) error {
	provider, err := n.provider()
	if err != nil {
		return err
	}
	keys, err := n.house.Passkeys(n.consoleURL())
	if err != nil {
		n.log.InfoContext(ctx, "nobody can use a passkey here, only codes of an app", "address", n.consoleURL(), "reason", err)
	}
	zone, err := n.config.Location()
	if err != nil {
		return err
	}
	c := console.Config{
		Site: n.config.Site, Zone: zone, Now: time.Now,
		House: n.house, Desk: n.desk, Live: n.live, Hunter: n.hunter, Index: n.index, Journal: n.journal, DB: n.db, Veil: n.veil,
		JournalDir: n.config.JournalConfig().Dir, Taxonomy: n.taxonomy, Senders: n.intake.Standings,
		Rulebook: n.rulebook, Doors: n.doors(), OIDC: provider, Passkeys: keys, Integrity: n.integrity, Continuity: n.continuity, Alone: !n.config.Console.TwoPeople, Log: n.log,
	}
	if n.neighbours != nil {
		c.Neighbours = n.neighbours.standings
	}
	if n.packs != nil {
		c.Packs, c.Paper, c.Shelf = n.packs.readiness, n.packs.paper, n.packs.shelf
		c.Recover = func(ctx context.Context, unit string, from, to time.Time, by string) (*continuity.List, error) {
			return n.recover(ctx, Recovery{unit, from, to}, by)
		}
		if c.Cards, err = n.config.Continuity.Card.prefixes(); err != nil {
			return err
		}
	}
	if n.prober != nil {
		c.Servers = n.prober.Status
	}
	if n.privacy != nil {
		c.Privacy, c.Hospital = n.privacy, n.hospital
	}
	n.console, err = console.New(ctx, c)
	return err
}

// provider is the house's own identity provider; nil when none is configured.
func (n *Node) provider() (*access.OIDC, error) {
	c := n.config.Console.OIDC
	if c.Issuer == "" {
		return nil, nil
	}
	var secret []byte
	if c.SecretFile != "" {
		var err error
		if secret, err = os.ReadFile(c.SecretFile); err != nil {
			return nil, fmt.Errorf("console.oidc.secret_file: %w", err)
		}
	}
	return n.house.OIDC(access.OIDCConfig{
		Issuer: c.Issuer, ClientID: c.ClientID, Secret: strings.TrimSpace(string(secret)), Redirect: n.consoleURL() + "/oidc/back",
		Scopes: c.Scopes, Groups: c.GroupsClaim, Roles: c.Roles,
	})
}

// serveConsole answers browsers until ctx is done.
func (n *Node) serveConsole(ctx context.Context) error {
	own, err := n.serverTLS()
	if err != nil {
		return err
	}
	own.NextProtos = []string{"h2", "http/1.1"}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", n.config.Console.Listen)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", n.console.Handler())
	mux.HandleFunc(witnessPath+"/", n.neighbours.serve)
	for pattern, handle := range n.extra {
		mux.HandleFunc(pattern, handle)
	}
	n.log.InfoContext(ctx, "the console is open", "address", listener.Addr().String())
	return serve(ctx, tls.NewListener(listener, own), mux, n.log)
}

// doors says where senders reach this node.
func (n *Node) doors() console.Doors {
	d := console.Doors{Host: n.host()}
	for _, s := range n.listed {
		var at struct {
			Listen  string
			Plain   bool
			Streams []struct {
				Listen string
				TLS    *struct{}
			}
		}
		if err := s.own.Decode(&at); err != nil {
			continue // checked when the source was made
		}
		switch {
		case s.Kind == "http" && at.Plain:
			d.HTTP = "http://" + n.reached(at.Listen)
		case s.Kind == "http":
			d.HTTP = "https://" + n.reached(at.Listen)
		case s.Kind == "mllp" && len(at.Streams) > 0:
			d.MLLP = n.reached(at.Streams[0].Listen)
		case s.Kind == "syslog":
			for _, stream := range at.Streams {
				if stream.TLS != nil {
					d.Syslog = n.reached(stream.Listen)
				}
			}
		}
	}
	return d
}

// reached is a listener's address as others see it.
func (n *Node) reached(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen // systemd:NAME
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = n.host()
	}
	return net.JoinHostPort(host, port)
}

// host is the name that others reach this node by.
func (n *Node) host() string {
	if names := n.config.Console.Names; len(names) > 0 {
		return names[0]
	}
	if name, err := os.Hostname(); err == nil {
		return name
	}
	return "localhost"
}

// consoleURL is where a browser reaches the console.
func (n *Node) consoleURL() string {
	return "https://" + strings.TrimSuffix(n.reached(n.config.Console.Listen), ":443")
}
