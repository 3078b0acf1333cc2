package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/report"
)

// doctorCmd is `wardline doctor`.
type doctorCmd struct {
	nodeFlags `embed:""`
}

// errUnwell ends a checkup that found something.
var errUnwell = errors.New("something is to be done")

// Run looks, says what is wrong, and what to do.
func (c *doctorCmd) Run(ctx context.Context, s streams) error {
	config, err := c.read()
	if err != nil {
		return fmt.Errorf("the configuration is wrong, mend it first: %w", err)
	}
	found := node.Doctor(ctx, &config)
	for _, well := range found.Healthy {
		fmt.Fprintf(s.out, "✓ %s\n", report.Clean(well))
	}
	for _, wrong := range found.Complaints {
		fmt.Fprintf(s.out, "✗ %s\n  → %s\n", report.Clean(wrong.What), report.Clean(wrong.Do))
	}
	if len(found.Complaints) > 0 {
		return errUnwell
	}
	_, err = fmt.Fprintln(s.out, "All is well.")
	return err
}
