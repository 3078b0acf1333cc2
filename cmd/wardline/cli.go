package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/alecthomas/kong"
)

// Exit codes, the same for every command.
const (
	exitDone     = 0
	exitError    = 1
	exitUsage    = 2
	exitFindings = 3 // scan --fail-on: findings at or above the level
)

// cli is the table of commands.
type cli struct {
	Up       upCmd       `cmd:"" help:"Receive, seal and watch what systems say, and show it in a console."`
	Tap      tapCmd      `cmd:"" help:"Stand between two systems that speak HL7, pass on what they say, and keep copies for a node."`
	Canary   canaryCmd   `cmd:"" help:"Decoys that nobody needs: make them, lay them out, and watch who touches them."`
	Scan     scanCmd     `cmd:"" help:"Read logs and say what stands in them."`
	Hospital hospitalCmd `cmd:"" help:"Look at what the house's systems would tell a node about it."`
	Map      mapCmd      `cmd:"" help:"What rests on what in the house: check a map, and make one of an export."`
	Rule     ruleCmd     `cmd:"" help:"List, show, check and test detection rules."`
	Doctor   doctorCmd   `cmd:"" help:"Say what is wrong with a node, and what to do."`
	Downtime downtimeCmd `cmd:"" help:"Open the paper for a downtime, and make keys that seal it."`
	Hunt     huntCmd     `cmd:"" help:"Ask the whole journal whether something was ever seen."`
	Source   sourceCmd   `cmd:"" help:"List senders, make one known, issue its token."`
	Witness  witnessCmd  `cmd:"" help:"Hospitals that vouch for each other's journals."`
	Person   personCmd   `cmd:"" help:"Help people in who cannot get in."`
	Journal  journalCmd  `cmd:"" help:"Verify, prove and repair the sealed journal."`
	Evidence evidenceCmd `cmd:"" help:"Take single records out of the journal, with what proves them."`
	Verify   verifyCmd   `cmd:"" help:"Check evidence with nothing but what you trusted before."`
	Backup   backupCmd   `cmd:"" help:"Write a backup of a node that runs."`
	Restore  restoreCmd  `cmd:"" help:"Put a backup into an empty data folder and check it."`
	CA       caCmd       `cmd:"" name:"ca" help:"Show the site's certificate authority, and issue certificates for senders."`
	API      apiCmd      `cmd:"" name:"api" help:"Print the OpenAPI 3.1 description of what programs may ask the console."`
	Config   configCmd   `cmd:"" help:"Check and show a node's configuration."`
	Demo     demoCmd     `cmd:"" help:"Run a node, and let an invented hospital send to it."`
	Sim      simCmd      `cmd:"" help:"Play an invented hospital, and say what really happened in it."`
	Version  versionCmd  `cmd:"" help:"Say which version this is."`

	SearchProcess searchProcessCmd `cmd:"" hidden:""`
}

// streams are what a command reads and writes.
type streams struct {
	in       *os.File
	out, err io.Writer
}

// errUsage marks what the person asked for as impossible.
var errUsage = errors.New("usage")

// errFindings ends a scan that found what --fail-on asked about.
var errFindings = errors.New("findings at or above the level asked for")

func run(ctx context.Context, args []string, s streams) int {
	var commands cli
	helped := false // --help has been answered; what the parser thinks of the rest does not matter
	parser, err := kong.New(&commands,
		kong.Name("wardline"),
		kong.Description("Cyber defence for hospitals: finds attacks, prying eyes and tampering in logs that are already there.\n\nExit codes: 0 done, 1 error, 2 usage, 3 findings at or above --fail-on."),
		kong.Writers(s.out, s.err),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(s),
		kong.Vars{"houses": strconv.Itoa(houses)},
		kong.Exit(func(int) { helped = true }),
	)
	if err != nil {
		fmt.Fprintln(s.err, "wardline:", err)
		return exitError
	}
	command, err := parser.Parse(args)
	switch {
	case helped:
		return exitDone
	case err != nil:
		fmt.Fprintf(s.err, "wardline: %v\nRun 'wardline --help' to see what there is.\n", err)
		return exitUsage
	}
	switch err := command.Run(); {
	case err == nil:
		return exitDone
	case errors.Is(err, errFindings):
		return exitFindings
	case told(err):
		return exitError
	case errors.Is(err, errUsage):
		fmt.Fprintln(s.err, "wardline:", err)
		return exitUsage
	default:
		fmt.Fprintln(s.err, "wardline:", err)
		return exitError
	}
}
