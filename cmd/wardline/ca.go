package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/report"
)

// caCmd is `wardline ca`.
type caCmd struct {
	Show   caShowCmd   `cmd:"" help:"Print the certificate of this site's authority, for those who are to trust the node."`
	Client caClientCmd `cmd:"" help:"Issue a certificate by which a sender is known."`
}

type caShowCmd struct {
	nodeFlags `embed:""`
}

// Run prints the certificate.
func (c *caShowCmd) Run(s streams) error {
	config, err := c.read()
	if err != nil {
		return err
	}
	authority, err := node.Authority(&config)
	if err != nil {
		return err
	}
	_, err = s.out.Write(authority.PEM())
	return err
}

type caClientCmd struct {
	nodeFlags `embed:""`
	Name      string `arg:"" help:"What its events shall stand under."`
}

// Run writes two files into the present folder.
func (c *caClientCmd) Run(s streams) error {
	config, err := c.read()
	if err != nil {
		return err
	}
	authority, err := node.Authority(&config)
	if err != nil {
		return err
	}
	if c.Name != filepath.Base(c.Name) {
		return fmt.Errorf("%w: the name becomes that of two files, so it has no / in it", errUsage)
	}
	certificate, key, err := authority.Client(c.Name)
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.Name+".key", key, 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(c.Name+".pem", certificate, 0o644); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%[1]s.pem and %[1]s.key were written. Move them to the sender; the key is nowhere else.\n", report.Clean(c.Name))
	return err
}
