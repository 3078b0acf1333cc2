package main

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/wardline/wardline/internal/app"
	"github.com/wardline/wardline/internal/finding"
)

// scanCmd is `wardline scan`.
type scanCmd struct {
	Paths        []string `arg:"" help:"Files and folders to read; - is standard input. Formats are told by content; gzip, zstd and zip are unpacked."`
	Rules        []string `short:"r" placeholder:"PLACE" help:"Rules to run: a file, a folder, a zip archive such as a SigmaHQ release, or 'builtin' (the default)."`
	Indicators   []string `short:"i" placeholder:"FILE" help:"Known bad values: a list, CSV, STIX 2.1 bundle or MISP JSON."`
	Placeholders string   `placeholder:"FILE" help:"YAML map that binds the %names% of rules to this site's values."`
	Mappings     string   `placeholder:"DIR" help:"Folder of mapping files for further access-log exports in CSV."`
	Zone         string   `placeholder:"PLACE" help:"Whose clocks times show that state no offset, such as Europe/Berlin; UTC unless stated."`
	Format       string   `short:"f" enum:"table,jsonl,ocsf" default:"table" help:"How to write findings: ${enum}."`
	Report       string   `placeholder:"FILE" help:"Also write the findings as one self-contained HTML page."`
	FailOn       string   `placeholder:"LEVEL" help:"Exit with 3 when a finding is at or above: informational, low, medium, high, critical."`
	AllEvents    bool     `help:"List every matched event, not the first ten of each finding."`
	Events       bool     `help:"Run no rules; print every decoded event as one line of JSON."`
	Stats        bool     `help:"End with a line of statistics, as JSON on standard error."`
	Workers      int      `help:"Files read at once; as many as there are processors unless stated."`
}

// Run scans.
func (c *scanCmd) Run(ctx context.Context, s streams) error {
	if c.FailOn != "" && finding.Rank(c.FailOn) == 0 {
		return fmt.Errorf("%w: --fail-on takes informational, low, medium, high or critical", errUsage)
	}
	if os.Getenv("GOGC") == "" {
		// Reading thousands of rules leaves much behind. It is collected early, for a scan runs beside other people's work.
		const early = 25
		debug.SetGCPercent(early)
	}
	found, err := app.Scan(ctx, app.ScanConfig{
		Paths: c.Paths, Rules: c.Rules, Indicators: c.Indicators, Placeholders: c.Placeholders, Mappings: c.Mappings, Zone: c.Zone,
		Format: c.Format, Report: c.Report, AllEvents: c.AllEvents, Events: c.Events, Stats: c.Stats, Workers: c.Workers,
	}, s.terminal())
	if err != nil {
		return err
	}
	if c.FailOn != "" && len(found) > 0 && finding.Rank(found[0].Rule.Level) >= finding.Rank(c.FailOn) {
		return errFindings
	}
	return nil
}
