package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/wardline/wardline/internal/report"
	"github.com/wardline/wardline/internal/sim"
)

// DemoConfig is one night at the invented hospital.
type DemoConfig struct {
	Dir    string    // folder for its logs; made when it is not there
	Report string    // file for the page
	Seed   uint64    // the same seed and night give the same logs
	Night  time.Time // the day on which the story begins
}

// Demo makes up a night at an invented hospital, scans its logs, and writes the table and the page.
func Demo(ctx context.Context, c DemoConfig, t Terminal) error {
	if err := onlyOurs(c.Dir, sim.Story(c.Seed, c.Night).Files); err != nil {
		return err
	}
	if err := sim.Write(c.Dir, c.Seed, c.Night); err != nil {
		return err
	}
	fmt.Fprintf(t.Out, "A night at an invented hospital lies in %s. What its logs say:\n\n", report.Clean(c.Dir))
	_, err := Scan(ctx, ScanConfig{Paths: []string{c.Dir}, Format: "table", Report: c.Report}, t)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.Out, "\nThe page with the evidence: %s\nTry it on your own logs:    wardline scan PATH...\n", report.Clean(c.Report))
	return err
}

// onlyOurs refuses a folder that holds anything but the logs of an earlier demonstration: they are
// written over, and all that the folder holds is scanned.
func onlyOurs(dir string, logs []sim.File) error {
	ours := map[string]bool{}
	for _, f := range logs {
		ours[filepath.Join(dir, filepath.FromSlash(f.Name))] = true
	}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || ours[p] {
			return err
		}
		return fmt.Errorf("%s holds other files: name an empty folder with --dir", report.Clean(dir))
	})
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return fmt.Errorf("prepare the demonstration: %w", err)
}
