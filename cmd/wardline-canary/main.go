// Command wardline-canary is `wardline canary` on its own: it watches decoy files and opens decoy doors on a machine, and tells a node. It is small, and it is
// the one for Windows, where a node does not run.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/wardline/wardline/internal/app/canaries"
)

// Exit codes.
const (
	exitDone    = 0
	exitError   = 1
	exitMisused = 2
)

const usage = `usage: wardline-canary watch --config FILE [--check]
       wardline-canary add --registry FILE FOLDER...
       wardline-canary list --registry FILE
       wardline-canary rm --registry FILE ID...

watch watches the decoys of this machine and tells a node who touches them; the other
commands lay decoys out, list them and take them away. docs/adding/canary.md has the configuration.

Exit codes: 0 done, 1 error, 2 usage.
`

var errUsage = errors.New("usage")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	err := command(ctx, args, out, errs)
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errUsage):
		fmt.Fprint(errs, usage)
		return exitMisused
	}
	fmt.Fprintln(errs, "wardline-canary:", err)
	return exitError
}

func command(ctx context.Context, args []string, out, errs io.Writer) error {
	if len(args) == 0 {
		return errUsage
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	config := flags.String("config", "", "")
	check := flags.Bool("check", false, "")
	registry := flags.String("registry", "", "")
	if flags.Parse(args[1:]) != nil {
		return errUsage
	}
	switch rest := flags.Args(); {
	case args[0] == "watch" && *config != "" && len(rest) == 0:
		c, err := canaries.ReadConfig(*config)
		if err != nil || *check {
			return err
		}
		return canaries.Watch(ctx, c, slog.New(slog.NewTextHandler(errs, nil)))
	case *registry == "" || *config != "":
		return errUsage
	case args[0] == "add" && len(rest) > 0:
		return canaries.Add(*registry, rest, out)
	case args[0] == "list" && len(rest) == 0:
		return canaries.List(*registry, out)
	case args[0] == "rm" && len(rest) > 0:
		return canaries.Remove(*registry, rest, out)
	}
	return errUsage
}
