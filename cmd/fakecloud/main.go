// Command fakecloud answers the Exoscale API on this host, for unmodified
// clients: terraform, the exo command, anything built on egoscale.
//
//	fakecloud exec -- COMMAND   runs a command against a new one
//	fakecloud serve             until it is interrupted
//	fakecloud env               prints the environment of a running one
//	fakecloud doctor            lists what machines that boot need
//	fakecloud rehearse DIR      checks a Terraform folder as the course does
//
// It listens on loopback addresses only. Clients that ignore
// EXOSCALE_API_ENDPOINT, as half of the Terraform provider does, are caught by
// the proxy that the environment names: it answers for all hosts of the vendor.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/fake/loadgen"
	"github.com/exopool/exopool/fake/machine/process/member"
	"github.com/exopool/exopool/internal/progress"
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
	screen         *progress.Screen // on stderr; nil: nobody looks
}

// run carries out one command line and returns the exit code.
func (p program) run(ctx context.Context, args []string) int {
	p.screen = progress.New(p.stderr, "fakecloud: ")
	return p.command().Execute(ctx, args, p.stdout, p.stderr)
}

// command returns the commands there are.
func (p program) command() *command.Command {
	set := p.newSet("", "fakecloud answers the Exoscale API on this host, for unmodified clients: Terraform, the exo command,\n"+
		"anything built on egoscale. It costs nothing, and needs no account and no network.")
	set.Example("fakecloud exec -- terraform apply    # a command, against a new cloud that ends with it")
	set.Example("fakecloud shell                      # or your shell")
	set.Example("fakecloud serve                      # a cloud that goes on until Ctrl-C, for other shells:")
	set.Example("eval \"$(fakecloud env)\"              # what leads their commands to it")
	set.Note(`The environment of exec and env also names a proxy. For the hosts of Exoscale's
API it answers like the cloud, other hosts of Exoscale, such as those of the
object storage, it refuses, and everything else it passes on. Keys of a real
account, also in variables for clients of S3, are removed. Clients must trust
the proxy's certificates; on Linux, SSL_CERT_FILE does that for those in Go.
`)
	set.ExitCodes = "0 on success, 1 on a failure, 2 when the command line or a setting is wrong; exec returns those of its command."
	serve := p.serve()
	return &command.Command{
		Set: set, Short: "a fake Exoscale on this host", Default: serve,
		Commands: []*command.Command{
			p.exec(), p.shell(), serve, p.env(), p.console(), p.doctor(), p.rehearse(), p.routes(), p.faults(), p.calls(), p.prices(), p.reset(), p.snapshot(),
			p.healthcheck(),
		},
	}
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
