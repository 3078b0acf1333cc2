package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/wardline/wardline/internal/app/canaries"
)

// canaryCmd is `wardline canary`.
type canaryCmd struct {
	Watch canaryWatchCmd  `cmd:"" help:"Watch the decoys of this machine, and tell a node who touches them."`
	Add   canaryAddCmd    `cmd:"" help:"Lay decoy files into folders."`
	List  canaryListCmd   `cmd:"" help:"List the decoy files of this machine."`
	Rm    canaryRemoveCmd `cmd:"" help:"Take decoy files away."`
}

type canaryWatchCmd struct {
	Config string `short:"c" required:"" type:"existingfile" placeholder:"FILE" help:"Configuration (docs/adding/canary.md)."`
	Check  bool   `help:"Say whether a watcher could work with this, and open nothing."`
}

// Run watches until it is told to stop.
func (c *canaryWatchCmd) Run(ctx context.Context, s streams) error {
	config, err := canaries.ReadConfig(c.Config)
	if err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if c.Check {
		_, err = fmt.Fprintf(s.out, "The configuration is good: %d folders and %d doors besides what stands in %s.\n", len(config.Folders), len(config.Doors), config.Registry)
		return err
	}
	return canaries.Watch(ctx, config, slog.New(slog.NewTextHandler(s.err, nil)))
}

// registryFlag is shared by the commands that change the registry of a machine.
type registryFlag struct {
	Registry string `required:"" placeholder:"FILE" help:"The file in which the decoys of this machine stand."`
}

type canaryAddCmd struct {
	registryFlag
	Folders []string `arg:"" name:"folder" type:"existingdir" help:"Folders that get two decoys each."`
}

// Run lays decoys out.
func (c *canaryAddCmd) Run(s streams) error { return canaries.Add(c.Registry, c.Folders, s.out) }

type canaryListCmd struct{ registryFlag }

// Run lists decoys.
func (c *canaryListCmd) Run(s streams) error { return canaries.List(c.Registry, s.out) }

type canaryRemoveCmd struct {
	registryFlag
	IDs []string `arg:"" name:"id" help:"Ids of decoys."`
}

// Run takes decoys away.
func (c *canaryRemoveCmd) Run(s streams) error { return canaries.Remove(c.Registry, c.IDs, s.out) }
