package main

import (
	"fmt"

	"github.com/wardline/wardline/internal/app"
)

// mapCmd is `wardline map`.
type mapCmd struct {
	Check  mapCheckCmd  `cmd:"" help:"Say what would be taken of a house's map and of exports in CSV, and what not and why. Needs no node, and keeps nothing."`
	Import mapImportCmd `cmd:"" help:"Make a file of the house's map of an export in CSV, for people to look at and keep."`
}

// mapFlags are what both ask for.
type mapFlags struct {
	Map     string `placeholder:"PATH" help:"The house's own map, a file or a folder, whose services.yml and columns are taken, and with which exports are compared."`
	Columns string `placeholder:"NAME" help:"Which file of columns an export is read by; the first that fits unless stated."`
}

type mapCheckCmd struct {
	Paths    []string `arg:"" help:"Maps in YAML, folders of them, exports in CSV."`
	mapFlags `embed:""`
}

// Run checks.
func (c *mapCheckCmd) Run(s streams) error {
	return app.CheckMap(app.MapConfig{Paths: c.Paths, Map: c.Map, Columns: c.Columns}, s.out)
}

type mapImportCmd struct {
	File     string `arg:"" placeholder:"FILE.csv" help:"The export."`
	Out      string `short:"o" placeholder:"MAP.yml" help:"Where the map goes; - is the standard output. The file must not be there yet: people may have written in it."`
	mapFlags `embed:""`
}

// Run imports.
func (c *mapImportCmd) Run(s streams) error {
	if c.Out == "" {
		return fmt.Errorf("%w: say with -o where the map shall go", errUsage)
	}
	return app.ImportMap(app.MapConfig{Paths: []string{c.File}, Map: c.Map, Columns: c.Columns}, c.Out, s.out, s.err)
}
