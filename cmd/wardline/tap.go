package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"os/signal"
	"syscall"

	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/hl7/tap"
)

// tapCmd is `wardline tap`.
type tapCmd struct {
	Config string         `short:"c" type:"existingfile" placeholder:"FILE" help:"Configuration; for one feed the flags below are enough."`
	Listen string         `placeholder:"ADDRESS" help:"Where the system that sends connects to, such as :2575, or systemd:NAME."`
	From   []netip.Prefix `placeholder:"NETWORK" help:"Networks that it may come from."`
	To     string         `placeholder:"ADDRESS" help:"The system that receives."`
	Spool  string         `placeholder:"DIR" help:"Folder for copies, which a source of kind tap of a node names too."`
	Check  bool           `help:"Say whether a tap could work with this, and open nothing."`
}

// Run passes on until it is told to stop. At a SIGHUP the binary that then lies in its place goes on, with all connections.
func (c *tapCmd) Run(ctx context.Context, s streams) error {
	config, err := c.read()
	if err == nil {
		err = config.Complete()
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if c.Check {
		_, err = fmt.Fprintf(s.out, "The configuration is good. Copies would lie in %s.\n", config.Spool)
		return err
	}
	upgrade := make(chan os.Signal, 1)
	signal.Notify(upgrade, syscall.SIGHUP)
	defer signal.Stop(upgrade)
	return tap.Run(ctx, config, slog.New(slog.NewTextHandler(s.err, nil)), upgrade)
}

func (c *tapCmd) read() (tap.Config, error) {
	one := c.Listen != "" || len(c.From) > 0 || c.To != "" || c.Spool != ""
	switch {
	case c.Config != "" && one:
		return tap.Config{}, errors.New("either --config, or --listen, --from, --to and --spool")
	case c.Config != "":
		return tap.ReadConfig(c.Config)
	}
	return tap.Config{Spool: c.Spool, Feeds: []tap.Feed{{Stream: collect.Stream{Listen: c.Listen, From: c.From}, To: c.To}}}, nil
}
