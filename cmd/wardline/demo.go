package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/report"
	"github.com/wardline/wardline/internal/sim"
)

// demoCmd is `wardline demo`.
type demoCmd struct {
	Data string        `placeholder:"DIR" help:"Folder for the node's data; a temporary one that is deleted in the end unless stated."`
	Seed uint64        `default:"1" help:"Another number makes up another hospital and another night."`
	Over time.Duration `default:"30s" help:"Time in which the night in which machines are attacked is played."`
	Once bool          `help:"End when the first case is there."`
	Logs string        `placeholder:"DIR" help:"Run no node: only write the logs of the night there, for wardline scan."`
}

// Run plays the last week of an invented hospital.
func (c *demoCmd) Run(ctx context.Context, s streams) error {
	if c.Logs != "" {
		if err := sim.Write(c.Logs, c.Seed, time.Now().UTC().AddDate(0, 0, -1)); err != nil {
			return err
		}
		_, err := fmt.Fprintf(s.out, "The logs of a night at an invented hospital lie in %[1]s. See what stands in them:\n\n    wardline scan %[1]s\n", report.Clean(c.Logs))
		return err
	}
	log := slog.New(slog.NewTextHandler(s.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	return node.Demo(ctx, node.DemoConfig{Dir: c.Data, Seed: c.Seed, Over: c.Over, Once: c.Once}, s.out, log)
}
