// Sweep lists what an interrupted Terraform apply has left in an Exoscale
// account, and deletes it when asked to. Run it with -h for its settings.
//
//	sweep -name exopool -state terraform/terraform.tfstate          lists
//	sweep -name exopool -state terraform/terraform.tfstate -delete  deletes
//
// It may be repeated at any time. Resources in the state, and resources with
// other names, are never touched. It deletes nothing when the state does not
// look like the current one of the installation, unless -all says that this does
// not matter, and on a terminal it asks first.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"

	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/exoscale"
	"github.com/exopool/exopool/internal/progress"
	"github.com/exopool/exopool/sweep"
)

// exitLeft is the exit code for a list that is not empty.
const exitLeft = 3

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	p := program{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		terminal: term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stderr.Fd())),
	}
	os.Exit(p.run(ctx, os.Args[1:], os.Getenv))
}

// A program is what the program reads and writes.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	terminal       bool // a user can be asked
}

// errLeft says that something is left and was only listed.
var errLeft = errors.New("something is left")

// run carries out one command line and returns the exit code.
func (p program) run(ctx context.Context, args []string, getenv func(string) string) int {
	set, cfg := declare(getenv)
	program := command.Command{
		Set: set, Short: "delete what an interrupted Terraform apply left in an Exoscale account",
		Run: func(ctx context.Context) error {
			cfg.Warnings = set.Warnings()
			err := p.sweep(ctx, *cfg)
			if errors.Is(err, errLeft) {
				return command.Exit(exitLeft)
			}
			return err
		},
	}
	return program.Execute(ctx, args, p.stdout, p.stderr)
}

// sweep lists what is left, and deletes it if that was asked for.
func (p program) sweep(ctx context.Context, cfg config) error {
	ctx, cancel := context.WithTimeoutCause(ctx, cfg.Timeout, fmt.Errorf("timed out after %s (-timeout)", cfg.Timeout))
	defer cancel()
	for _, warning := range cfg.Warnings {
		fmt.Fprintf(p.stderr, "sweep: warning: %s\n", warning)
	}
	screen := progress.New(p.stderr, "sweep: ")
	s, err := p.sweeper(cfg, screen)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stderr, "sweep: looking for the installation %s in zone %s, keeping %s\n", cfg.Sweeper.Name, cfg.Sweeper.Zone, kept(cfg.States, s.State.Managed()))
	looking := screen.Start("looking for what is left", cfg.Timeout)
	left, err := s.Find(ctx)
	looking.End()
	p.list(left)
	foreign := errors.Is(err, sweep.ErrForeignState)
	switch {
	case foreign && cfg.Delete && !cfg.All:
		return fmt.Errorf("nothing was deleted: %w; to delete everything listed all the same, running or not, add -all", err)
	case foreign:
		fmt.Fprintf(p.stderr, "sweep: warning: %v\n", err)
	case err != nil && !cfg.Delete:
		return err
	}
	switch {
	case len(left) == 0 && err == nil:
		fmt.Fprintln(p.stdout, "Nothing is left.")
		return nil
	case !cfg.Delete:
		fmt.Fprintln(p.stdout, "Nothing was deleted. To delete everything above, add -delete.")
		return errLeft
	case foreign:
		err = nil // overridden by -all
	}
	if len(left) > 0 && p.terminal && !cfg.Yes {
		if yes, err := p.confirm(ctx, len(left)); !yes {
			fmt.Fprintln(p.stdout, "Nothing was deleted.")
			return errors.Join(err, errLeft)
		}
	}
	// Delete what was found, even when some kinds could not be listed.
	if err := errors.Join(err, s.Remove(ctx, left)); err != nil {
		return err
	}
	fmt.Fprintln(p.stdout, "Nothing is left.")
	return nil
}

func (p program) sweeper(cfg config, screen *progress.Screen) (*sweep.Sweeper, error) {
	client, err := exoscale.New(cfg.API)
	if err != nil {
		return nil, err
	}
	s := &cfg.Sweeper
	s.Account, s.Report = client.Account(), (&reporter{screen: screen, to: screen.Writer(p.stderr)}).report
	for _, path := range cfg.States {
		if err := p.readState(&s.State, path); err != nil {
			return nil, fmt.Errorf("read Terraform state %s: %w", path, err)
		}
		if cfg.All || path == "-" {
			continue
		}
		if err := checkCurrent(path); err != nil {
			return nil, fmt.Errorf("use Terraform state %s: %w; add -all if that does not matter", path, err)
		}
	}
	return s, nil
}
