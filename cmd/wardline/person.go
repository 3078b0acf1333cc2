package main

import (
	"context"
	"fmt"

	"github.com/wardline/wardline/internal/app/node"
)

// personCmd is `wardline person`.
type personCmd struct {
	Rescue personRescueCmd `cmd:"" help:"Print a link by which a person who lost the second factor joins anew."`
}

type personRescueCmd struct {
	nodeFlags `embed:""`
	Name      string `arg:"" help:"The name that the person signs in with."`
}

// Run asks the node that runs. It is sealed, as all that the operator does.
func (c *personRescueCmd) Run(ctx context.Context, s streams) error {
	config, err := c.read()
	if err != nil {
		return err
	}
	var link node.Link
	if err := node.Control(ctx, &config, "/rescue", node.Link{Name: c.Name}, &link); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%s opens this link, once, and is then asked for a new passphrase and second factor:\n\n    %s\n", link.Name, link.URL)
	return err
}
