package main

import (
	"fmt"

	"github.com/wardline/wardline/internal/console"
)

// apiCmd is `wardline api`.
type apiCmd struct{}

// Run prints the description of the console's API.
func (apiCmd) Run(s streams) error {
	_, err := fmt.Fprintf(s.out, "%s\n", console.OpenAPI())
	return err
}
