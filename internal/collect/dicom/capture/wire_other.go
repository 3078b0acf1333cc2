//go:build !linux

package capture

import (
	"errors"
	"os"
)

// wire is a socket that sees all frames of a network interface.
type wire struct{ *os.File }

func openWire(string, []uint16) (*wire, error) {
	return nil, errors.New("dicom-capture: only Linux can listen to an interface here: give recordings to the source files")
}

func (*wire) dropped() int { return 0 }
