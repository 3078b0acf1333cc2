// Command wardline-verify checks evidence that a hospital took out of its sealed journal. It needs no network, no database and nothing of
// the hospital but the file: only what you trusted before, which is a key or a policy.
//
// It is small so that it can be read. What it does is in format/evidence (the bundle) and format/tlog (the proofs), which use Go's standard
// library and nothing else.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/wardline/wardline/format/evidence"
	"github.com/wardline/wardline/format/tlog"
)

// Exit codes.
const (
	exitHolds   = 0
	exitNot     = 1 // it does not hold, or could not be read
	exitMisused = 2
)

const usage = `usage: wardline-verify --key KEY FILE
       wardline-verify --policy POLICY FILE

KEY is the public key of the hospital's journal. POLICY is a file that names the journal's key, the keys of
other houses that witness it, and how many of these must have signed (https://c2sp.org/tlog-policy).
Take neither from the file that you check: they must have come another way, and earlier.
Of time stamps it is looked at what they are of; whose they are, docs/verify-by-hand.md says how to check.

Exit codes: 0 all of it holds, 1 it does not, 2 usage.
`

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, out, errs io.Writer) int {
	flags := flag.NewFlagSet("wardline-verify", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.Usage = func() { fmt.Fprint(errs, usage) }
	key := flags.String("key", "", "")
	policy := flags.String("policy", "", "")
	if err := flags.Parse(args); err != nil {
		return exitMisused
	}
	rest := flags.Args()
	if len(rest) > 1 { // flags may stand behind the file as well
		if err := flags.Parse(rest[1:]); err != nil || flags.NArg() > 0 {
			flags.Usage()
			return exitMisused
		}
	}
	if len(rest) == 0 || *key == "" && *policy == "" {
		flags.Usage()
		return exitMisused
	}
	if err := check(rest[0], *key, *policy, out); err != nil {
		fmt.Fprintln(errs, "wardline-verify:", err)
		return exitNot
	}
	return exitHolds
}

var errNot = errors.New("it does not hold")

func check(path, key, policy string, out io.Writer) error {
	trust := evidence.Trust{Key: key}
	if policy != "" {
		text, err := os.ReadFile(policy)
		if err != nil {
			return err
		}
		p, err := tlog.ParsePolicy(text)
		if err != nil {
			return err
		}
		trust.Policy = &p
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	b, err := evidence.Read(f)
	if err != nil {
		return err
	}
	r, failed := evidence.Verify(b, trust)
	if err := r.Print(out); err != nil {
		return err
	}
	if failed != nil {
		return errNot
	}
	return nil
}
