package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/index/child"
)

// nodeFlags name a node's configuration.
type nodeFlags struct {
	Config string `short:"c" type:"existingfile" placeholder:"FILE" help:"Configuration; everything in it may be left out."`
	Data   string `placeholder:"DIR" help:"Folder of the node's data, in place of the one that the configuration names."`
}

func (f *nodeFlags) read() (node.Config, error) {
	c, err := node.ReadConfig(f.Config)
	if f.Data != "" {
		c.Data = f.Data
	}
	return c, err
}

// upCmd is `wardline up`.
type upCmd struct {
	nodeFlags `embed:""`
	Debug     bool `help:"Log what is only of use to those who look for a mistake."`
}

// Run runs the node until it is told to stop.
func (c *upCmd) Run(ctx context.Context, s streams) error {
	config, err := c.read()
	if err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	level := slog.LevelInfo
	if c.Debug {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(s.err, &slog.HandlerOptions{Level: level}))
	n, err := node.Open(ctx, config, log)
	if err != nil {
		return err
	}
	defer func() {
		if err := n.Close(ctx); err != nil {
			log.Error("the node did not close well", "error", err)
		}
	}()
	if err := n.Welcome(ctx, s.out); err != nil {
		return err
	}
	return n.Run(ctx)
}

// searchProcessCmd is the process that searches, which the node starts.
type searchProcessCmd struct {
	Settings string `arg:""`
}

// Run serves until the node ends.
func (c *searchProcessCmd) Run() error { return child.Run([]string{c.Settings}) }
