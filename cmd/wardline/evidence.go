package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/wardline/wardline/format/evidence"
	"github.com/wardline/wardline/format/rfc3161"
	"github.com/wardline/wardline/format/tlog"
	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/integrity/stamp"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/report"
)

// evidenceCmd is `wardline evidence`.
type evidenceCmd struct {
	Export evidenceExportCmd `cmd:"" help:"Write single records of the journal, with what proves them, into a bundle for outsiders."`
}

type evidenceExportCmd struct {
	nodeFlags `embed:""`
	Doubt     string   `placeholder:"ID" xor:"what" help:"The records behind a doubt, by its id in the finding."`
	Entry     []string `placeholder:"N/LINE" xor:"what" help:"A record, as the console's page of its proof is addressed: /journal/N/LINE. May be given several times."`
	About     string   `placeholder:"TEXT" help:"One plain sentence that says what it is about, without a patient's name."`
	Reason    string   `required:"" placeholder:"TEXT" help:"Why, as it shall stand in the journal and in the bundle, without a patient's name."`
	Out       string   `required:"" placeholder:"FILE" help:"The bundle. The file must not be there yet."`
}

// Run asks the node that runs.
func (c *evidenceExportCmd) Run(ctx context.Context, s streams) error {
	config, err := c.read()
	if err != nil {
		return err
	}
	asked := node.Evidence{Doubt: c.Doubt, About: c.About, Reason: c.Reason}
	for _, text := range c.Entry {
		place, err := parsePlace(text)
		if err != nil {
			return err
		}
		asked.Places = append(asked.Places, place)
	}
	if (c.Doubt == "") == (len(asked.Places) == 0) {
		return fmt.Errorf("%w: say --doubt ID or --entry N/LINE", errUsage)
	}
	// The file is made first: an export that could not be kept would have been for nothing, and sealed.
	f, err := os.OpenFile(c.Out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	var made node.Evidence
	err = node.Control(ctx, &config, "/evidence", asked, &made)
	if err == nil {
		_, err = f.Write(made.Bundle)
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	_, err = fmt.Fprintf(s.out, "%d records lie in %s, as they were sealed, with names: hand it on as you would a patient's record. That you took them out is sealed too.\nCheck it with: wardline-verify %[2]s --key KEY\n",
		made.Shown, report.Clean(c.Out))
	if err == nil && made.Unstamped > 0 {
		_, err = fmt.Fprintf(s.out, "Of %d no time stamp is in it: %s\nExport again when the authority answers.\n", made.Unstamped, report.Clean(made.Trouble))
	}
	return err
}

func parsePlace(text string) (journal.Place, error) {
	entry, line, _ := strings.Cut(text, "/")
	n, err1 := strconv.ParseUint(entry, 10, 64)
	l, err2 := strconv.Atoi(line)
	if err1 != nil || err2 != nil || l < 0 {
		return journal.Place{}, fmt.Errorf("%w: an entry is two numbers such as 4218703/0", errUsage)
	}
	return journal.Place{Entry: n, Line: l}, nil
}

// errUnproven ends a check of evidence that does not hold; what is wrong was said.
var errUnproven = errors.New("the evidence does not hold")

// verifyCmd is `wardline verify`.
type verifyCmd struct {
	Bundle string `arg:"" type:"existingfile" help:"What wardline evidence export wrote."`
	Key    string `placeholder:"KEY" help:"Public key of the journal, from somewhere else than from the bundle."`
	Policy string `type:"existingfile" placeholder:"FILE" help:"Which logs and witnesses you trust, as C2SP tlog-policy has it, from somewhere else than from the bundle."`

	Authority string `type:"existingfile" placeholder:"FILE" help:"Certificates in PEM of the authority that must have stamped every record, from somewhere else than from the bundle."`
}

// Run checks without a node.
func (c *verifyCmd) Run(s streams) error {
	if c.Key == "" && c.Policy == "" {
		return fmt.Errorf("%w: say what you trust, by --key or --policy", errUsage)
	}
	trust := evidence.Trust{Key: c.Key, Stamp: stamp.Check(nil)}
	if c.Authority != "" {
		text, err := os.ReadFile(c.Authority)
		if err != nil {
			return err
		}
		authority, err := rfc3161.ParseTrust(text)
		if err != nil {
			return err
		}
		trust.Stamp, trust.Stamped = stamp.Check(&authority), true
	}
	if c.Policy != "" {
		text, err := os.ReadFile(c.Policy)
		if err != nil {
			return err
		}
		policy, err := tlog.ParsePolicy(text)
		if err != nil {
			return err
		}
		trust.Policy = &policy
	}
	f, err := os.Open(c.Bundle)
	if err != nil {
		return err
	}
	defer f.Close()
	b, err := evidence.Read(f)
	if err != nil {
		return err
	}
	r, failed := evidence.Verify(b, trust)
	if err := r.Print(s.out); err != nil {
		return err
	}
	if failed != nil {
		return errUnproven
	}
	return nil
}
