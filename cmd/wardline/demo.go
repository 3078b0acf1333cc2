package main

import (
	"context"
	"time"

	"github.com/wardline/wardline/internal/app"
)

// demoCmd is `wardline demo`.
type demoCmd struct {
	Dir    string `default:"wardline-demo" help:"Folder for the logs of the night; it is made when it is not there."`
	Report string `default:"wardline-report.html" placeholder:"FILE" help:"Where to write the page with the evidence (${default})."`
	Seed   uint64 `default:"1" help:"Another number makes up another night."`
}

// Run plays the night that has just passed.
func (c *demoCmd) Run(ctx context.Context, s streams) error {
	return app.Demo(ctx, app.DemoConfig{Dir: c.Dir, Report: c.Report, Seed: c.Seed, Night: time.Now().UTC().AddDate(0, 0, -1)}, s.terminal())
}
