package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/continuity"
	"github.com/wardline/wardline/internal/continuity/downtime"
)

// downtimeCmd is `wardline downtime`.
type downtimeCmd struct {
	Pack      downtimePackCmd      `cmd:"" help:"Have the node that runs make the packs of all units now."`
	Open      downtimeOpenCmd      `cmd:"" help:"Open a sealed downtime pack. Needs no node and no network."`
	Key       downtimeKeyCmd       `cmd:"" help:"Make a key for a unit, by which its packs are sealed."`
	Reconcile downtimeReconcileCmd `cmd:"" help:"After a downtime, have the node that runs list what a unit must enter back, sealed for the unit."`
}

type downtimeOpenCmd struct {
	Pack       string `arg:"" placeholder:"FILE" help:"The sealed pack, such as pack-4W-20301126T130000Z.pdf.age."`
	Out        string `short:"o" placeholder:"FILE" help:"Where the opened pack goes, for you alone to read; - is the standard output. The file must not be there yet."`
	Key        string `short:"i" placeholder:"FILE" help:"The unit's secret key. Without it you are asked for the passphrase."`
	Passphrase string `placeholder:"FILE" help:"A file whose first line is the passphrase."`
}

// Run opens the pack where it is told to, and nowhere else.
func (c *downtimeOpenCmd) Run(_ context.Context, s streams) error {
	if c.Out == "" {
		return fmt.Errorf("%w: say with -o where the opened pack shall go: patient data lies open there", errUsage)
	}
	if c.Key != "" && c.Passphrase != "" {
		return fmt.Errorf("%w: say -i or --passphrase, not both", errUsage)
	}
	key, err := c.key(s)
	if err != nil {
		return err
	}
	if c.Out == "-" {
		plain, err := downtime.ReadFile(c.Pack, key)
		if err != nil {
			return err
		}
		_, err = s.out.Write(plain)
		return err
	}
	if err := downtime.OpenFile(c.Pack, key, c.Out); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.err, "%s lies open for you alone. Print it, and delete it when the downtime is over.\n", c.Out)
	return err
}

// key is what the person opens with: a file, or a passphrase that is asked for.
func (c *downtimeOpenCmd) key(s streams) (*downtime.Key, error) {
	if c.Key != "" {
		text, err := readShort(c.Key)
		if err != nil {
			return nil, err
		}
		return downtime.KeyOf(text)
	}
	if c.Passphrase != "" {
		text, err := readShort(c.Passphrase)
		if err != nil {
			return nil, err
		}
		first, _, _ := strings.Cut(text, "\n")
		return downtime.KeyFrom(strings.TrimSuffix(first, "\r"))
	}
	spoken, err := downtime.NeedsPassphrase(c.Pack)
	if err != nil {
		return nil, err
	}
	if !spoken {
		return nil, fmt.Errorf("%w: no passphrase opens this pack: say -i with the unit's key", errUsage)
	}
	if s.in == nil || !term.IsTerminal(int(s.in.Fd())) {
		return nil, fmt.Errorf("%w: say -i with the unit's key, or --passphrase with a file, where nobody can be asked", errUsage)
	}
	fmt.Fprint(s.err, "Passphrase of the unit's packs: ")
	text, err := term.ReadPassword(int(s.in.Fd()))
	fmt.Fprintln(s.err)
	if err != nil {
		return nil, fmt.Errorf("ask for the passphrase: %w", err)
	}
	return downtime.KeyFrom(string(text))
}

// readShort reads a file of a few lines.
func readShort(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 128<<10))
	return string(text), err
}

type downtimeKeyCmd struct {
	Out string `short:"o" required:"" placeholder:"FILE" help:"Where the secret key goes, for you alone to read. The file must not be there yet."`
}

// Run writes the secret half to a file, and prints the public one.
func (c *downtimeKeyCmd) Run(s streams) error {
	secret, public, err := downtime.NewKey()
	if err != nil {
		return err
	}
	f, err := os.OpenFile(c.Out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "# public key: %s\n%s\n", public, secret)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, public)
	return err
}

type downtimePackCmd struct {
	nodeFlags `embed:""`
}

// Run says what became of each unit's pack, and fails when one is not where it should be.
func (c *downtimePackCmd) Run(ctx context.Context, s streams) error {
	config, err := c.read()
	if err != nil {
		return err
	}
	var made node.Packs
	if err := node.Control(ctx, &config, "/packs", struct{}{}, &made); err != nil {
		return err
	}
	missing := 0
	t := tabwriter.NewWriter(s.out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "UNIT\tPATIENTS\tDATA OF\tPACK")
	for _, u := range made.Units {
		what := u.File
		if u.Trouble != "" {
			what, missing = u.Trouble, missing+1
		}
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\n", u.Unit, u.Patients, u.Data.Local().Format("2006-01-02 15:04"), what)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if missing > 0 {
		return fmt.Errorf("%d of %d packs are not where they should be", missing, len(made.Units))
	}
	return nil
}

type downtimeReconcileCmd struct {
	nodeFlags `embed:""`
	Unit      string `arg:"" help:"The unit, as messages call it."`
	From      string `required:"" placeholder:"TIME" help:"When the downtime began, as 2026-12-05T01:00 by the clock of the house."`
	To        string `required:"" placeholder:"TIME" help:"When it ended."`
	Out       string `short:"o" placeholder:"FILE" help:"Where the sealed list goes besides the folders of the unit; wardline downtime open opens it. The file must not be there yet."`
}

// Run has the list made, and says where it lies.
func (c *downtimeReconcileCmd) Run(ctx context.Context, s streams) error {
	config, err := c.read()
	if err != nil {
		return err
	}
	zone, err := config.Location()
	if err != nil {
		return err
	}
	from, err1 := time.ParseInLocation("2006-01-02T15:04", c.From, zone)
	to, err2 := time.ParseInLocation("2006-01-02T15:04", c.To, zone)
	if err1 != nil || err2 != nil {
		return fmt.Errorf("%w: say --from and --to as 2026-12-05T01:00", errUsage)
	}
	var l continuity.List
	if err := node.Control(ctx, &config, "/packs/recover", node.Recovery{Unit: c.Unit, From: from, To: to}, &l); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%d things must be entered back. What was known at the beginning is of %s. The list lies beside the packs of the unit, sealed for it, as\n%s\n", l.Items, l.Data.In(zone).Format("2006-01-02 15:04"), l.File)
	if c.Out != "" {
		f, err := os.OpenFile(c.Out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		_, err = f.Write(l.Sealed)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	if l.Trouble != "" {
		return fmt.Errorf("the list is not in every folder of the unit: %s", l.Trouble)
	}
	return nil
}
