package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/wardline/wardline/internal/app/canaries"
	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/continuity"
	"github.com/wardline/wardline/internal/continuity/canary"
	"github.com/wardline/wardline/internal/report"
)

// canaryCmd is `wardline canary`.
type canaryCmd struct {
	Make  canaryMakeCmd   `cmd:"" help:"Make decoys that the node which runs watches for: patients, accounts, doors ... Say what to do with them."`
	Watch canaryWatchCmd  `cmd:"" help:"Watch the decoys of this machine, and tell a node who touches them."`
	Add   canaryAddCmd    `cmd:"" help:"Lay decoy files into folders."`
	List  canaryListCmd   `cmd:"" help:"List the decoys of the node that runs, or with --registry the decoy files of this machine."`
	Rm    canaryRemoveCmd `cmd:"" help:"Take decoys away from the node that runs, or with --registry decoy files from this machine."`
}

type canaryWatchCmd struct {
	Config string `short:"c" required:"" type:"existingfile" placeholder:"FILE" help:"Configuration (docs/adding/canary.md)."`
	Check  bool   `help:"Say whether a watcher could work with this, and open nothing."`
}

// Run watches until it is told to stop.
func (c *canaryWatchCmd) Run(ctx context.Context, s streams) error {
	config, err := canaries.ReadConfig(c.Config)
	if err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if c.Check {
		_, err = fmt.Fprintf(s.out, "The configuration is good: %d folders and %d doors besides what stands in %s.\n", len(config.Folders), len(config.Doors), config.Registry)
		return err
	}
	return canaries.Watch(ctx, config, slog.New(slog.NewTextHandler(s.err, nil)))
}

type canaryAddCmd struct {
	Registry string   `required:"" placeholder:"FILE" help:"The file in which the decoys of this machine stand."`
	Folders  []string `arg:"" name:"folder" type:"existingdir" help:"Folders that get two decoys each."`
}

// Run lays decoys out.
func (c *canaryAddCmd) Run(s streams) error { return canaries.Add(c.Registry, c.Folders, s.out) }

type canaryListCmd struct {
	nodeFlags `embed:""`
	Registry  string `placeholder:"FILE" help:"The file in which the decoys of this machine stand. Without it the node is asked."`
}

// Run lists decoys.
func (c *canaryListCmd) Run(ctx context.Context, s streams) error {
	if c.Registry != "" {
		return canaries.List(c.Registry, s.out)
	}
	config, err := c.read()
	if err != nil {
		return err
	}
	var d node.Decoys
	if err := node.Control(ctx, &config, "/decoys", nil, &d); err != nil {
		return err
	}
	if len(d.All) == 0 {
		_, err := fmt.Fprintln(s.out, "The node watches no decoys. Make one: wardline canary make account --where \"directory of the house\"")
		return err
	}
	t := tabwriter.NewWriter(s.out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tWHERE\tWATCHED FROM\tSTATE")
	for i := range d.All {
		v := &d.All[i]
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", v.ID, report.Clean(v.Where), v.Armed.Local().Format("2006-01-02 15:04"), v.Proof.Say(time.Now()))
	}
	return t.Flush()
}

type canaryRemoveCmd struct {
	nodeFlags `embed:""`
	Registry  string   `placeholder:"FILE" help:"The file in which the decoys of this machine stand. Without it the node is asked."`
	Reason    string   `placeholder:"TEXT" help:"Why the node shall not watch for them any more, as it shall stand in the journal."`
	IDs       []string `arg:"" name:"id" help:"Ids of decoys."`
}

// Run takes decoys away.
func (c *canaryRemoveCmd) Run(ctx context.Context, s streams) error {
	if c.Registry != "" {
		return canaries.Remove(c.Registry, c.IDs, s.out)
	}
	if c.Reason == "" {
		return fmt.Errorf("%w: say with --reason why the node shall not watch for them any more, or with --registry where the decoy files of this machine stand", errUsage)
	}
	config, err := c.read()
	if err != nil {
		return err
	}
	if err := node.Control(ctx, &config, "/decoys", node.Decoys{Remove: c.IDs, Reason: c.Reason}, &node.Decoys{}); err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, "The node does not watch for them any more. Take them out of the systems in which they lie.")
	return err
}

type canaryMakeCmd struct {
	nodeFlags `embed:""`
	Kind      string         `arg:"" enum:"patient,study,message,row,file,account,ae-title,listener,token" help:"patient, study, message, row, file, account, ae-title, listener or token."`
	Where     string         `required:"" placeholder:"TEXT" help:"Where it lies, in a few words: a system, a table and month, a share."`
	Base      string         `placeholder:"TEXT" help:"What it is built on: how numbers of patients begin, the root of UIDs, the domain of an account or a row, the web address of a token, the address and port of a listener."`
	Count     int            `default:"1" help:"How many."`
	Settle    *time.Duration `placeholder:"24h" help:"For how long touching it is nothing yet, for it is being entered. A day is usual; none for ae-title, listener and token."`
	Out       string         `short:"o" default:"." type:"existingdir" placeholder:"FOLDER" help:"Where the message, the image or the file goes that belongs to it, for you alone to read."`
}

// Run has the node make them, and says what is to be done with each.
func (c *canaryMakeCmd) Run(ctx context.Context, s streams) error {
	config, err := c.read()
	if err != nil {
		return err
	}
	asked := node.Decoys{Make: continuity.NewDecoy{Kind: canary.Kind(c.Kind), Where: c.Where, Base: c.Base, Settle: c.Settle}, Count: c.Count}
	var d node.Decoys
	if err := node.Control(ctx, &config, "/decoys", asked, &d); err != nil {
		return err
	}
	for i := range d.Made {
		made := &d.Made[i]
		fmt.Fprintf(s.out, "%s, watched from %s\n", made.Canary.ID, made.Canary.Armed.Local().Format("2006-01-02 15:04"))
		for _, f := range made.Facts {
			fmt.Fprintf(s.out, "    %s: %s\n", f.Name, strings.ReplaceAll(strings.TrimSpace(f.Value), "\n", "\n        "))
		}
		if len(made.Bytes) == 0 {
			continue
		}
		path := filepath.Join(c.Out, filepath.Base(made.Name))
		if err := writeNew(path, made.Bytes); err != nil {
			return fmt.Errorf("%s is watched, and what belongs to it could not be written, so take it away (wardline canary rm): %w", made.Canary.ID, err)
		}
		fmt.Fprintf(s.out, "    file: %s\n", path)
	}
	_, err = fmt.Fprintln(s.out, "\n"+canary.Todo(asked.Make.Kind))
	return err
}

// writeNew writes a file that is not there yet.
func writeNew(path string, body []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	return errors.Join(err, f.Close())
}
