package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/report"
)

// witnessCmd is `wardline witness`.
type witnessCmd struct {
	Show   witnessShowCmd   `cmd:"" help:"Print the introduction that another hospital needs to vouch for this one."`
	Add    witnessAddCmd    `cmd:"" help:"Take the introduction of another hospital: the two then vouch for each other."`
	Forget witnessForgetCmd `cmd:"" help:"End that a hospital and this one vouch for each other."`
	Status witnessStatusCmd `cmd:"" help:"Say who vouches for this node, up to where, and when it was heard last."`
}

type witnessShowCmd struct {
	nodeFlags `embed:""`
}

// Run prints the introduction alone, so that it can be sent as it is.
func (c *witnessShowCmd) Run(ctx context.Context, s streams) error {
	all, err := askNeighbours(ctx, &c.nodeFlags)
	if err != nil {
		return err
	}
	_, err = io.WriteString(s.out, all.Introduction)
	return err
}

func askNeighbours(ctx context.Context, flags *nodeFlags) (node.Neighbours, error) {
	config, err := flags.read()
	if err != nil {
		return node.Neighbours{}, err
	}
	var all node.Neighbours
	err = node.Control(ctx, &config, "/neighbours", nil, &all)
	return all, err
}

type witnessAddCmd struct {
	nodeFlags `embed:""`
	File      string `arg:"" help:"What wardline witness show printed at the other hospital; - for standard input."`
}

// Run introduces the hospital to the node that runs.
func (c *witnessAddCmd) Run(ctx context.Context, s streams) error {
	read := os.ReadFile
	if c.File == "-" {
		read = func(string) ([]byte, error) { return io.ReadAll(io.LimitReader(s.in, 64<<10)) }
	}
	text, err := read(c.File)
	if err != nil {
		return fmt.Errorf("read the introduction: %w", err)
	}
	config, err := c.read()
	if err != nil {
		return err
	}
	var done node.Introduced
	if err := node.Control(ctx, &config, "/neighbours", node.Introduced{Introduction: string(text)}, &done); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "This node and %s vouch for each other from now on, once they have taken the introduction of this node too (wardline witness show).\n\n"+
		"Compare by telephone the fingerprint of their key. Theirs is shown there by wardline witness status:\n\n    %s\n", report.Clean(done.Site), done.Fingerprint)
	return err
}

type witnessForgetCmd struct {
	nodeFlags `embed:""`
	Site      string `arg:"" help:"Name of the hospital, as wardline witness status lists it."`
}

// Run has the node that runs forget the hospital.
func (c *witnessForgetCmd) Run(ctx context.Context, s streams) error {
	config, err := c.read()
	if err != nil {
		return err
	}
	if err := node.Control(ctx, &config, "/neighbours", node.Introduced{Forget: c.Site}, &node.Introduced{}); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%s is a neighbour no longer. What it signed stays, and proves what it proved.\n", report.Clean(c.Site))
	return err
}

type witnessStatusCmd struct {
	nodeFlags `embed:""`
	Policy    bool `help:"Print instead the policy by which proofs of this node are checked (c2sp.org/tlog-policy)."`
}

// Run asks the node that runs.
func (c *witnessStatusCmd) Run(ctx context.Context, s streams) error {
	all, err := askNeighbours(ctx, &c.nodeFlags)
	if err != nil {
		return err
	}
	if c.Policy {
		_, err = io.WriteString(s.out, all.Policy)
		return err
	}
	fmt.Fprintf(s.out, "The journal has %d entries. Fingerprint of its key: %s\n", all.Size, all.Fingerprint)
	if t := all.Stamps; t != nil && t.At.IsZero() {
		fmt.Fprintf(s.out, "No authority stamped it yet. %s is asked.\n", report.Clean(t.URL))
	} else if t != nil {
		fmt.Fprintf(s.out, "It was stamped %s, with %d entries, by %s.\n", ago(t.At.Unix()), t.Size, report.Clean(t.URL))
	}
	if t := all.Stamps; t != nil && t.Trouble != "" {
		fmt.Fprintf(s.out, "The last try came to nothing: %s\n", report.Clean(t.Trouble))
	}
	if len(all.All) == 0 {
		_, err := fmt.Fprintln(s.out, "Nobody vouches for it. Exchange introductions with another hospital: wardline witness show, wardline witness add FILE")
		return errors.Join(err)
	}
	t := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NEIGHBOUR\tSTATE\tSIGNED OURS UP TO\tHEARD\tWE SIGNED THEIRS UP TO\tSIGNED")
	for _, n := range all.All {
		state := "vouches"
		switch {
		case n.Silent:
			state = "silent"
		case n.Heard == 0:
			state = "not heard yet"
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%d\t%s\n", report.Clean(n.Site), state, n.Size, ago(n.Heard), n.Their, ago(n.Signed))
	}
	return t.Flush()
}

// ago is a moment as people read it.
func ago(unix int64) string {
	if unix == 0 {
		return "never"
	}
	return time.Unix(unix, 0).Local().Format("2006-01-02 15:04:05")
}
