package main

import (
	"fmt"
)

// configCmd is `wardline config`.
type configCmd struct {
	Check configCheckCmd `cmd:"" help:"Say whether a node could work with this configuration. Nothing is opened."`
	Show  configShowCmd  `cmd:"" help:"Print the whole configuration, defaults included."`
}

type configCheckCmd struct {
	nodeFlags `embed:""`
}

// Run checks and says so.
func (c *configCheckCmd) Run(s streams) error {
	config, err := c.read()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "The configuration is good. Data would lie in %s.\n", config.Data)
	return err
}

type configShowCmd struct {
	nodeFlags `embed:""`
}

// Run prints. Secrets are in files that the configuration names, so none is shown.
func (c *configShowCmd) Run(s streams) error {
	config, err := c.read()
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(s.out, config.String())
	return err
}
