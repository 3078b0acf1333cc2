package main

import (
	"fmt"

	"github.com/wardline/wardline/internal/app"
)

// versionCmd is `wardline version`.
type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(s streams) error {
	_, err := fmt.Fprintln(s.out, "wardline", app.Version())
	return err
}
