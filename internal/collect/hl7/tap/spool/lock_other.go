//go:build !unix

package spool

import (
	"errors"
	"os"
)

var errSystem = errors.New("a tap needs a Unix system")

func lock(*os.File) error       { return errSystem }
func over(string) (bool, error) { return false, errSystem }
