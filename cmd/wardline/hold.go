package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/report"
)

type journalHoldCmd struct {
	nodeFlags `embed:""`
	Reason    string    `required:"" placeholder:"TEXT" help:"Why, as it shall stand in the journal."`
	Kind      string    `placeholder:"KIND" help:"Only entries of this kind: event, damaged, finding, act, answer, books."`
	Source    string    `placeholder:"NAME" help:"Only entries with something from this sender."`
	From      time.Time `placeholder:"TIME" format:"2006-01-02" help:"Only what happened on this day or later."`
	To        time.Time `placeholder:"TIME" format:"2006-01-02" help:"Only what happened before this day."`
}

// Run asks the node that runs.
func (c *journalHoldCmd) Run(ctx context.Context, s streams) error {
	config, err := c.read()
	if err != nil {
		return err
	}
	asked := node.Held{Hold: journal.Hold{Kind: c.Kind, Source: c.Source, From: c.From, To: c.To, Reason: c.Reason}}
	var made node.Held
	if err := node.Control(ctx, &config, "/holds", asked, &made); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "Held. End it with: wardline journal release %s --reason TEXT\n", made.ID)
	return err
}

type journalHoldsCmd struct {
	nodeFlags `embed:""`
}

// Run asks the node that runs.
func (c *journalHoldsCmd) Run(ctx context.Context, s streams) error {
	config, err := c.read()
	if err != nil {
		return err
	}
	var all []journal.Hold
	if err := node.Control(ctx, &config, "/holds", nil, &all); err != nil {
		return err
	}
	if len(all) == 0 {
		_, err := fmt.Fprintln(s.out, "Nothing is held.")
		return err
	}
	t := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tKIND\tSOURCE\tBY\tREASON")
	for _, h := range all {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", h.ID, h.Kind, report.Clean(h.Source), report.Clean(h.By), report.Clean(h.Reason))
	}
	return t.Flush()
}

type journalReleaseCmd struct {
	nodeFlags `embed:""`
	ID        string `arg:"" help:"Id of the hold."`
	Reason    string `required:"" placeholder:"TEXT" help:"Why, as it shall stand in the journal."`
}

// Run asks the node that runs.
func (c *journalReleaseCmd) Run(ctx context.Context, s streams) error {
	config, err := c.read()
	if err != nil {
		return err
	}
	asked := node.Held{Hold: journal.Hold{Reason: c.Reason}, Release: c.ID}
	if err := node.Control(ctx, &config, "/holds", asked, &asked); err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, "The hold has ended.")
	return err
}

type journalConfirmClockCmd struct {
	nodeFlags `embed:""`
}

// Run asks the node that runs.
func (c *journalConfirmClockCmd) Run(ctx context.Context, s streams) error {
	config, err := c.read()
	if err != nil {
		return err
	}
	var none struct{}
	if err := node.Control(ctx, &config, "/clock", none, &none); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "It is noted that %s is right. What is past its time is deleted again.\n", time.Now().Format("2006-01-02 15:04"))
	return err
}
