// Command fakecloud answers the Exoscale API on this host, for unmodified
// clients: terraform, the exo command, anything built on egoscale.
//
//	fakecloud serve             until it is interrupted
//	fakecloud env               prints the environment of a running one
//	fakecloud exec -- COMMAND   runs a command against a new one
//	fakecloud doctor            lists what machines that boot need
//	fakecloud rehearse DIR      checks a Terraform folder as the course does
//
// It listens on loopback addresses only. Clients that ignore
// EXOSCALE_API_ENDPOINT, as half of the Terraform provider does, are caught by
// the proxy that the environment names: it answers for all hosts of the vendor.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/fake/loadgen"
	"github.com/exopool/exopool/fake/machine/process/member"
)

func main() {
	if code, ok := member.Run(os.Args); ok {
		os.Exit(code)
	}
	if code, ok := loadgen.Run(context.Background(), os.Args, os.Stderr); ok {
		os.Exit(code)
	}
	// Interrupts do not end exec: its command decides.
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	// A Ctrl-C also ends a tee that the output goes to. That must not kill this
	// process before everything is removed; the write just fails. Commands of
	// exec would inherit an ignored signal, but not a caught one.
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
	exitOK      = settings.ExitOK
	exitFailure = settings.ExitFailure
	exitUsage   = settings.ExitUsage
)

const usage = `Usage: fakecloud [COMMAND] [flags]

  serve             serve the API until interrupted (what happens without a command)
  env               print the environment that sends clients to the running instance
  console           print the address of its page, for a browser on this host
  exec -- COMMAND   run a command in that environment, against a new instance
  doctor            list what this host lacks for machines that boot
  rehearse DIR      apply a Terraform folder, check what the course's checker checks,
                    and destroy it again
  routes            list the operations of the API and which of them are emulated
  faults            list, add or remove faults of the running instance
  prices            print the price list of the estimates, to be edited
  calls             print how often each operation of the running instance was called;
                    with -f, each call and its answer as it comes
  reset             remove everything from the running instance, as if it had just started
  snapshot          save the state of the running instance to a file, or load it from one
  healthcheck       exit with 0 if the running instance answers, for containers

The environment of env and exec also names a proxy. For the hosts of Exoscale's
API it answers like the cloud, other hosts of Exoscale, such as those of the
object storage, it refuses, and everything else it passes on. Keys of a real
account, also in variables for clients of S3, are removed. Clients must trust
the proxy's certificates; on Linux, SSL_CERT_FILE does that for those in Go.

fakecloud COMMAND -h lists the flags of a command.
`

// run carries out one command line and returns the exit code.
func (p program) run(ctx context.Context, args []string) int {
	name, rest := "serve", args
	if len(args) > 0 && args[0] != "" && args[0][0] != '-' {
		name, rest = args[0], args[1:]
	}
	commands := map[string]func(context.Context, []string) (int, error){
		"serve": p.serve, "env": p.env, "exec": p.exec, "routes": p.routes, "faults": p.faults, "calls": p.calls,
		"doctor": p.doctor, "rehearse": p.rehearse, "prices": p.prices, "console": p.console,
		"reset": p.reset, "snapshot": p.snapshot, "healthcheck": p.healthcheck,
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
	if err != nil {
		return max(code, settings.WriteError(p.stderr, "fakecloud "+name, err))
	}
	return code
}

// getenv returns the value of a variable of the program's environment.
func (p program) getenv(name string) (value string) {
	for _, assignment := range p.environ {
		if n, v, _ := strings.Cut(assignment, "="); n == name {
			value = v
		}
	}
	return value
}

// usageError returns an error of the command line.
func usageError(program, problem, remedy string) error {
	return &settings.Error{Program: program, Settings: []settings.SettingError{{Setting: "command line", Problem: problem, Remedy: remedy}}}
}
