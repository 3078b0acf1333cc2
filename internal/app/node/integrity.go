package node

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/wardline/wardline/internal/integrity"
	"github.com/wardline/wardline/internal/integrity/archive"
	"github.com/wardline/wardline/internal/integrity/resources"
	"github.com/wardline/wardline/internal/integrity/tables"
)

// IntegrityConfig is what is compared, so that nobody changes a record unseen.
type IntegrityConfig struct {
	// Off switches it off: what is said is sealed, and nobody compares it.
	Off bool `yaml:"off"`
	// Routes are the ways of messages that Wardline hears at two points. The keys of a route are documented in
	// internal/integrity/passage.go.
	Routes []integrity.RouteConfig `yaml:"routes"`
	// Databases are files, each of which declares which tables of one database of another system are read back: internal/integrity/tables/declare.go documents
	// their keys.
	Databases []string `yaml:"databases"`
	// Archives are files, each of which declares how one image archive is read back over DICOMweb, and when: internal/integrity/archive/declare.go documents their
	// keys.
	Archives []string `yaml:"archives"`
	// FHIRServers are files, each of which declares which types of resources of one FHIR server are read back: internal/integrity/resources/declare.go documents
	// their keys.
	FHIRServers []string `yaml:"fhir_servers"`
	// SweepAt is the time of day at which their tables and types are read whole, as 15:04, and Sample how many rows or resources of each system are looked at in a
	// day besides.
	SweepAt string `yaml:"sweep_at"`
	Sample  int    `yaml:"sample"`
	// Timestamps is an authority that signs, with the time, what the journal holds. It works also when the room is off.
	Timestamps TimestampsConfig `yaml:"timestamps"`
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
	if err := c.Timestamps.check(); err != nil {
		return err
	}
	if _, err := time.Parse("15:04", c.SweepAt); err != nil || c.Sample < 0 {
		return errors.New("integrity: sweep_at is a time of day such as 02:30, and sample is not below 0")
	}
	for key, files := range map[string][]string{"databases": c.Databases, "archives": c.Archives, "fhir_servers": c.FHIRServers} {
		for _, file := range files {
			if !filepath.IsAbs(file) {
				return fmt.Errorf("integrity.%s: name %s by its whole path", key, file)
			}
		}
	}
	return nil
}

// openIntegrity opens the room that compares what systems say.
func (n *Node) openIntegrity(ctx context.Context) error {
	if n.config.Integrity.Off {
		return nil
	}
	for _, file := range n.config.Integrity.Databases {
		if _, err := tables.Load(file); err != nil {
			return fmt.Errorf("integrity.databases: %w", err)
		}
	}
	for _, file := range n.config.Integrity.Archives {
		if _, err := archive.Load(file); err != nil {
			return fmt.Errorf("integrity.archives: %w", err)
		}
	}
	var kept []integrity.KeptConfig
	for _, file := range n.config.Integrity.FHIRServers {
		d, err := resources.Load(file)
		if err != nil {
			return fmt.Errorf("integrity.fhir_servers: %w", err)
		}
		if k, ok := integrity.KeptOf(&d); ok {
			kept = append(kept, k)
		}
	}
	zone, err := n.config.Location()
	if err != nil {
		return err
	}
	expected, err := n.expected(zone)
	if err != nil {
		return err
	}
	n.integrity, err = integrity.OpenRoom(ctx, integrity.Config{
		Routes: n.config.Integrity.Routes, Kept: kept, Expected: expected, Zone: zone, Journal: n.journal, DB: n.db, Vault: n.vault, Taxonomy: n.taxonomy, Log: n.log,
	})
	return err
}

// sweepConfig is how other systems are read back.
func (n *Node) sweepConfig() (integrity.SweepConfig, error) {
	c := &n.config.Integrity
	at, err := time.Parse("15:04", c.SweepAt)
	if err != nil {
		return integrity.SweepConfig{}, err
	}
	zone, err := n.config.Location()
	return integrity.SweepConfig{
		DB: n.db, Journal: n.journal, Vault: n.vault, Taxonomy: n.taxonomy, Dir: n.config.Data, Zone: zone, Sample: c.Sample, Log: n.log,
		At: time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute,
	}, err
}

// sweep reads the databases of other systems back, until ctx ends.
func (n *Node) sweep(ctx context.Context, file string) error {
	d, err := tables.Load(file)
	if err != nil {
		return err
	}
	c, err := n.sweepConfig()
	if err != nil {
		return err
	}
	s, err := integrity.OpenSweeper(ctx, d, c)
	if err != nil {
		return err
	}
	return errors.Join(s.Run(ctx), s.Close())
}

// sweepResources reads a FHIR server back, until ctx ends.
func (n *Node) sweepResources(ctx context.Context, file string) error {
	d, err := resources.Load(file)
	if err != nil {
		return err
	}
	c, err := n.sweepConfig()
	if err != nil {
		return err
	}
	s, err := integrity.OpenResourceSweeper(ctx, d, c)
	if err != nil {
		return err
	}
	return errors.Join(s.Run(ctx), s.Close())
}

// sweepArchive reads an image archive back, until ctx ends.
func (n *Node) sweepArchive(ctx context.Context, file string) error {
	d, err := archive.Load(file)
	if err != nil {
		return err
	}
	c, err := n.sweepConfig()
	if err != nil {
		return err
	}
	s, err := integrity.OpenArchiveSweeper(ctx, d, c)
	if err != nil {
		return err
	}
	defer s.Close()
	return s.Run(ctx)
}
