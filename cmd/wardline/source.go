package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/report"
)

// sourceCmd is `wardline source`.
type sourceCmd struct {
	List  sourceListCmd  `cmd:"" help:"Say who sends, how much, and who fell silent."`
	Add   sourceAddCmd   `cmd:"" help:"Make a sender known, and print its token and how to set it up."`
	Token sourceTokenCmd `cmd:"" help:"Print a new token for a sender."`
}

type sourceListCmd struct {
	nodeFlags `embed:""`
}

// Run asks the node that runs.
func (c *sourceListCmd) Run(ctx context.Context, s streams) error {
	config, err := c.read()
	if err != nil {
		return err
	}
	var all []collect.Standing
	if err := node.Control(ctx, &config, "/senders", nil, &all); err != nil {
		return err
	}
	if len(all) == 0 {
		_, err := fmt.Fprintln(s.out, "Nobody has sent anything since the node started. Make a sender known: wardline source add NAME")
		return err
	}
	t := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "STATE\tSENDER\tLAST HEARD\tRECEIVED\tSTORED\tQUARANTINED\tREFUSED\tDROPPED")
	for _, b := range all {
		last := "never"
		if !b.Last.IsZero() {
			last = b.Last.Local().Format("2006-01-02 15:04:05")
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\n", b.State, report.Clean(b.Sender), last, b.Received, b.Stored, b.Quarantined, b.Refused, b.Dropped)
	}
	return t.Flush()
}

type sourceAddCmd struct {
	nodeFlags `embed:""`
	Name      string `arg:"" help:"What its events shall stand under, such as pacs-archive or dc-1."`
	For       string `placeholder:"PRODUCT" help:"Also show how to set up this product: rsyslog, winlogbeat, ..."`
}

// Run makes the sender known to the node that runs.
func (c *sourceAddCmd) Run(ctx context.Context, s streams) error {
	made, err := issue(ctx, &c.nodeFlags, node.NewSender{Name: c.Name, For: c.For})
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%s may send now. Its token is shown once, and is good until %s:\n\n    %s\n", made.Name, made.Ends.Local().Format("2006-01-02"), made.Token)
	if made.Setup != "" {
		fmt.Fprintf(s.out, "\n%s\n", made.Setup)
	}
	return nil
}

type sourceTokenCmd struct {
	nodeFlags `embed:""`
	Name      string `arg:"" help:"The sender."`
}

// Run prints the token alone, for scripts.
func (c *sourceTokenCmd) Run(ctx context.Context, s streams) error {
	made, err := issue(ctx, &c.nodeFlags, node.NewSender{Name: c.Name})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, made.Token)
	return err
}

func issue(ctx context.Context, flags *nodeFlags, asked node.NewSender) (node.NewSender, error) {
	config, err := flags.read()
	if err != nil {
		return node.NewSender{}, err
	}
	var made node.NewSender
	err = node.Control(ctx, &config, "/senders", asked, &made)
	return made, err
}
