// Command fakecloud answers the Exoscale API on this computer, to unmodified
// clients: terraform, the exo command, anything built on egoscale.
//
//	fakecloud serve             until it is interrupted
//	fakecloud env               prints the environment of a running one
//	fakecloud exec -- COMMAND   runs a command against one of its own
//	fakecloud doctor            tells what machines that really boot need
//	fakecloud rehearse DIR      judges a Terraform folder as the course does
//
// It listens on loopback addresses only. Clients that do not heed
// EXOSCALE_API_ENDPOINT, as half of the Terraform provider, are caught by the
// proxy that the environment names: it answers for all hosts of the vendor.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/exopool/exopool/fake/machine/process/member"
)

func main() {
	if code, ok := member.Run(os.Args); ok {
		os.Exit(code)
	}
	// Interrupts are not the end of exec: its command decides.
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	// A Ctrl-C also ends a tee that our output goes to. That must not kill us
	// before everything is removed; the write just fails. Commands of exec
	// would inherit an ignored signal, a caught one they do not.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	p := program{environ: os.Environ(), stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, signals: signals}
	os.Exit(p.run(context.Background(), os.Args[1:]))
}

// A program is what a command touches of the world around it.
type program struct {
	environ        []string
	stdin          io.Reader
	stdout, stderr io.Writer
	signals        <-chan os.Signal
}

// Exit codes besides those of a command that exec runs.
const (
	exitOK    = 0
	exitFault = 1
	exitUsage = 2
)

const usage = `Usage: fakecloud [COMMAND] [flags]

  serve             serve the API until interrupted (what happens without a command)
  env               print the environment that sends clients to the running instance
  exec -- COMMAND   run a command in that environment, against an instance of its own
  doctor            tell what this computer lacks for machines that really boot
  rehearse DIR      apply a Terraform folder, check what the course's checker checks,
                    destroy it again
  routes            list the calls of the API and which of them are emulated
  faults            list, add or remove faults of the running instance
  calls             count the API calls that the running instance has answered

The environment of env and exec also names a proxy. It answers for all hosts
of Exoscale, the API's like the cloud, others, such as those of the object
storage, with a refusal, and passes on the rest. Keys of a real account, those
of clients of S3 included, are taken out of it. Clients must trust the proxy's
certificates, which SSL_CERT_FILE makes those written in Go do on Linux.

fakecloud COMMAND -h tells the flags of a command.
`

// run carries out one command line and returns the exit code.
func (p program) run(ctx context.Context, args []string) int {
	name, rest := "serve", args
	if len(args) > 0 && args[0] != "" && args[0][0] != '-' {
		name, rest = args[0], args[1:]
	}
	commands := map[string]func(context.Context, []string) (int, error){
		"serve": p.serve, "env": p.env, "exec": p.exec, "routes": p.routes, "faults": p.faults, "calls": p.calls,
		"doctor": p.doctor, "rehearse": p.rehearse,
	}
	command, known := commands[name]
	switch {
	case name == "help" || (len(args) == 1 && (args[0] == "-h" || args[0] == "-help" || args[0] == "--help")):
		fmt.Fprint(p.stdout, usage)
		return exitOK
	case !known:
		fmt.Fprintf(p.stderr, "fakecloud: unknown command %q\n\n%s", name, usage)
		return exitUsage
	}
	code, err := command(ctx, rest)
	var wrong usageError
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.As(err, &wrong):
		fmt.Fprintf(p.stderr, "fakecloud %s: %v\n", name, err)
		return exitUsage
	case err != nil:
		fmt.Fprintf(p.stderr, "fakecloud %s: %v\n", name, err)
		return max(code, exitFault)
	}
	return code
}

// A usageError is a fault of the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// parse reads a command's flags; when asked for help it prints it.
func (p program) parse(flags *flag.FlagSet, args []string, operands string) error {
	flags.SetOutput(io.Discard)
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(p.stdout, "Usage: fakecloud %s [flags] %s\n", flags.Name(), operands)
		flags.SetOutput(p.stdout)
		flags.PrintDefaults()
		return err
	case err != nil:
		return usageError{err}
	case operands == "" && flags.NArg() > 0:
		return usageError{fmt.Errorf("unexpected argument %q", flags.Arg(0))}
	}
	return nil
}
