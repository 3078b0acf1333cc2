package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"

	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/report"
)

// journalCmd is `wardline journal`.
type journalCmd struct {
	Verify  journalVerifyCmd  `cmd:"" help:"Check that the journal is what was sealed, while a node runs or without one."`
	Fsck    journalFsckCmd    `cmd:"" help:"Check every file of the journal, and list what a crash has left behind."`
	Prove   journalProveCmd   `cmd:"" help:"Write the proof that an entry stands in the journal."`
	Check   journalCheckCmd   `cmd:"" help:"Check a proof with nothing but the journal's public key."`
	Key     journalKeyCmd     `cmd:"" help:"Print the public key that proofs are checked with. Give it away early."`
	Hold    journalHoldCmd    `cmd:"" help:"Keep entries from being deleted after their time."`
	Holds   journalHoldsCmd   `cmd:"" help:"List what is held."`
	Release journalReleaseCmd `cmd:"" help:"End a hold."`

	RotateKey    journalRotateKeyCmd    `cmd:"" help:"Make a new key that bodies are encrypted by from now on."`
	ConfirmClock journalConfirmClockCmd `cmd:"" help:"Say that the date of this machine is right, after it jumped."`

	Recover journalRecoverCmd `cmd:"" help:"Make a journal usable again that is missing, damaged or older than it was."`
}

// errUnsound ends a check that found something.
var errUnsound = errors.New("the journal is not what was sealed")

type journalVerifyCmd struct {
	nodeFlags `embed:""`
	Dir       string `placeholder:"DIR" help:"The journal's folder, in place of the node's."`
	Sample    int    `placeholder:"N" help:"Check so many entries, chosen at random, and not all."`
	Key       string `placeholder:"KEY" help:"Public key of the journal, from somewhere else than from this machine."`
	Open      bool   `help:"Decrypt the bodies as well; this takes the journal's key."`
}

// Run verifies.
func (c *journalVerifyCmd) Run(ctx context.Context, s streams) error {
	config, err := c.read()
	if err != nil {
		return err
	}
	where := config.JournalConfig()
	check := journal.Check{PublicKey: c.Key, Sample: c.Sample}
	if c.Open {
		check.KeyFile = where.KeyFile
	}
	if c.Dir == "" {
		if check.Mark, err = node.Remembered(ctx, &config); err != nil {
			return fmt.Errorf("ask what is remembered of the journal, so that one that was put back is found (--dir checks a folder without that): %w", err)
		}
	}
	return s.checked(where, c.Dir, func(dir string, progress func(done, total uint64)) (*journal.Report, error) {
		check.Progress = progress
		return journal.Verify(ctx, dir, check)
	})
}

type journalFsckCmd struct {
	nodeFlags `embed:""`
	Dir       string `placeholder:"DIR" help:"The journal's folder, in place of the node's."`
}

// Run checks every file.
func (c *journalFsckCmd) Run(ctx context.Context, s streams) error {
	config, err := c.read()
	if err != nil {
		return err
	}
	return s.checked(config.JournalConfig(), c.Dir, func(dir string, progress func(done, total uint64)) (*journal.Report, error) {
		return journal.Fsck(ctx, dir, progress)
	})
}

// checked shows how far a check is, and what it found.
func (s streams) checked(where journal.Config, dir string, check func(dir string, progress func(done, total uint64)) (*journal.Report, error)) error {
	if dir == "" {
		dir = where.Dir
	}
	var done, total atomic.Int64
	stop := s.steps("Checking", "entry", &done, &total)
	r, err := check(dir, func(d, t uint64) { done.Store(int64(d)); total.Store(int64(t)) })
	stop()
	if err != nil {
		return err
	}
	writeReport(s.out, r)
	if !r.Sound() {
		return errUnsound
	}
	return nil
}

// steps shows progress on a terminal, and nothing elsewhere.
func (s streams) steps(verb, thing string, done, total *atomic.Int64) (stop func()) {
	t := s.terminal()
	if t.ErrWidth == 0 {
		return func() {}
	}
	p := report.StartSteps(t.Err, verb, thing, func() (int64, int64) { return done.Load(), total.Load() }, t.ErrWidth)
	return p.Stop
}

func writeReport(w io.Writer, r *journal.Report) {
	fmt.Fprintf(w, "Journal %s, begun %s\n", r.Origin, r.Created.Local().Format("2006-01-02 15:04"))
	fmt.Fprintf(w, "  %d entries, %d of them signed for, %d checked\n", r.Size, r.Signed, r.Checked)
	fmt.Fprintf(w, "  %d bodies are what was sealed, %d were deleted after their time", r.Bodies, r.Gone)
	if r.Opened > 0 {
		fmt.Fprintf(w, ", %d were decrypted", r.Opened)
	}
	fmt.Fprintf(w, "\n  root %x\n", r.Root)
	if r.Remembered > 0 {
		fmt.Fprintf(w, "  compared with the first %d entries as the node remembers them\n", r.Remembered)
	}
	for _, o := range r.Orphans {
		fmt.Fprintf(w, "  left behind by a crash, harmless: %d bytes at %d of %s\n", o.Bytes, o.Offset, o.Segment)
	}
	for _, name := range r.Strangers {
		fmt.Fprintf(w, "  not the journal's: %s\n", report.Clean(name))
	}
	for _, name := range r.Older {
		fmt.Fprintf(w, "  left behind by a crash, or changed by somebody, and read by nothing: %s\n", report.Clean(name))
	}
	for _, p := range r.Problems {
		fmt.Fprintf(w, "✗ %s\n", report.Clean(p.String()))
	}
	if r.More > 0 {
		fmt.Fprintf(w, "✗ and %d more\n", r.More)
	}
	if r.Sound() {
		fmt.Fprintln(w, "✓ It is what was sealed.")
	}
}

type journalProveCmd struct {
	nodeFlags `embed:""`
	Entry     uint64 `arg:"" help:"Number of the entry, as the console shows it."`
}

// Run asks the node that runs.
func (c *journalProveCmd) Run(ctx context.Context, s streams) error {
	config, err := c.read()
	if err != nil {
		return err
	}
	var proof node.Proof
	if err := node.Control(ctx, &config, fmt.Sprintf("/proof?entry=%d", c.Entry), nil, &proof); err != nil {
		return err
	}
	_, err = fmt.Fprint(s.out, proof.Text)
	return err
}

type journalCheckCmd struct {
	Proof string `arg:"" type:"existingfile" help:"What wardline journal prove wrote."`
	Key   string `required:"" placeholder:"KEY" help:"Public key of the journal."`
}

// Run checks without the journal at hand.
func (c *journalCheckCmd) Run(s streams) error {
	text, err := os.ReadFile(c.Proof)
	if err != nil {
		return err
	}
	header, point, err := journal.VerifyProof(text, c.Key)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "✓ Proven. %d lines of kind %s, received %s from %s, stand in journal %s, of which %d entries were signed for.\n",
		header.Count, header.Kind, header.Received.Format("2006-01-02 15:04:05 MST"), report.Clean(strings.Join(header.Sources, ", ")), point.Origin, point.Size)
	return err
}

type journalKeyCmd struct {
	nodeFlags `embed:""`
}

// Run asks the node that runs.
func (c *journalKeyCmd) Run(ctx context.Context, s streams) error {
	config, err := c.read()
	if err != nil {
		return err
	}
	var key node.PublicKey
	if err := node.Control(ctx, &config, "/key", nil, &key); err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, key.Key)
	return err
}

type journalRotateKeyCmd struct {
	nodeFlags `embed:""`
	Reason    string `required:"" placeholder:"TEXT" help:"Why, as it shall stand in the journal."`
}

// Run asks the node that runs.
func (c *journalRotateKeyCmd) Run(ctx context.Context, s streams) error {
	config, err := c.read()
	if err != nil {
		return err
	}
	var made node.Rotation
	if err := node.Control(ctx, &config, "/rotations", node.Rotation{Reason: c.Reason}, &made); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "What comes is encrypted with key %d. It lies in the file of the keys of before, which are still needed:\n    %s\nMake a new copy of the file now, elsewhere: older copies do not open what comes.\n", made.Key, report.Clean(made.File))
	return err
}

type journalRecoverCmd struct {
	nodeFlags `embed:""`
	Reason    string `required:"" placeholder:"TEXT" help:"What happened, as it shall stand in the journal."`
}

// Run recovers, with the node stopped.
func (c *journalRecoverCmd) Run(ctx context.Context, s streams) error {
	config, err := c.read()
	if err != nil {
		return err
	}
	r, err := node.Recover(ctx, config, c.Reason, slog.New(slog.NewTextHandler(s.err, nil)))
	if err != nil {
		return err
	}
	switch {
	case r.Begun:
		fmt.Fprintf(s.out, "There was no journal. A new one was begun; the one that was here had %d entries.\n", r.Had)
	case r.Rebuilt:
		fmt.Fprintf(s.out, "The tree was derived anew: %d entries of the %d that were here.\n", r.Size, r.Had)
	default:
		fmt.Fprintf(s.out, "The journal goes on with %d entries; it had %d.\n", r.Size, r.Had)
	}
	if r.Aside != "" {
		fmt.Fprintf(s.out, "What was there before lies in %s. Keep it.\n", report.Clean(r.Aside))
	}
	return nil
}
