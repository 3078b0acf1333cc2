//go:build !linux

package tap

import (
	"context"
	"errors"
)

var errSystem = errors.New("a tap can be replaced while it runs on Linux alone: stop it and start it")

func ready(context.Context) error { return errSystem }
func (*estate) replace() error    { return errSystem }
func inherit() (*estate, error)   { return nil, nil }
