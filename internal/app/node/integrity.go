package node

import (
	"context"
	"fmt"

	"github.com/wardline/wardline/internal/integrity"
)

// IntegrityConfig is what is compared, so that nobody changes a record unseen.
type IntegrityConfig struct {
	// Off switches it off: what is said is sealed, and nobody compares it.
	Off bool `yaml:"off"`
	// Routes are the ways of messages that Wardline hears at two points. The keys of a route are documented in
	// internal/integrity/passage.go.
	Routes []integrity.RouteConfig `yaml:"routes"`
}

func (c *IntegrityConfig) check() error {
	names := map[string]bool{}
	for i := range c.Routes {
		r := &c.Routes[i]
		if err := r.Check(); err != nil {
			return fmt.Errorf("integrity.routes: %w", err)
		}
		if names[r.Name] {
			return fmt.Errorf("integrity.routes: two are called %s; give each a name", r.Name)
		}
		names[r.Name] = true
	}
	return nil
}

// openIntegrity opens the room that compares what systems say.
func (n *Node) openIntegrity(ctx context.Context) error {
	if n.config.Integrity.Off {
		return nil
	}
	zone, err := n.config.Location()
	if err != nil {
		return err
	}
	n.integrity, err = integrity.OpenRoom(ctx, integrity.Config{
		Routes: n.config.Integrity.Routes, Zone: zone, Journal: n.journal, DB: n.db, Vault: n.vault, Taxonomy: n.taxonomy, Log: n.log,
	})
	return err
}
