package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/fakecloud/control"
	"github.com/exopool/exopool/internal/atomicfile"
)

// reset removes everything from the running instance.
func (p program) reset() *command.Command {
	set := p.newSet("reset", "fakecloud reset removes everything from the running instance, faults included, as if it had just started.")
	instance := p.addInstance(set)
	return &command.Command{Set: set, Short: "remove everything from the running cloud", Run: func(ctx context.Context) error {
		c, err := instance.find(ctx)
		if err != nil {
			return err
		}
		return c.Control().Reset(ctx)
	}}
}

// snapshot saves or loads the state of the running instance.
func (p program) snapshot() *command.Command {
	set := p.newSet("snapshot", "fakecloud snapshot saves the state of the running instance to a file, or replaces it by a saved one, of an instance with the same flags.")
	return &command.Command{
		Set: set, Short: "save the state of the running cloud to a file, or load it from one",
		Commands: []*command.Command{
			p.snapshotAction("save", "saves the state of the running instance.", saveState),
			p.snapshotAction("load", "replaces the state of the running instance by a saved one, of an instance with the same flags.", loadState),
		},
	}
}

func (p program) snapshotAction(name, does string, act func(context.Context, *control.Client, string) error) *command.Command {
	file := ""
	set := p.newSet("snapshot "+name, "fakecloud snapshot "+name+" "+does)
	settings.AddOperand(set, &file, settings.Spec{Arg: "FILE", Help: "the file", Required: true}, settings.File())
	instance := p.addInstance(set)
	set.Note("The file holds user-data and the keys of the fake account. Machines are not saved: those that were running boot anew.")
	return &command.Command{Set: set, Short: name + " it", Run: func(ctx context.Context) error {
		c, err := instance.find(ctx)
		if err != nil {
			return err
		}
		return act(ctx, c.Control(), file)
	}}
}

// loadState has an instance go on from the state in a file.
func loadState(ctx context.Context, instance *control.Client, file string) error {
	state, err := readState(file)
	if err != nil {
		return err
	}
	if err := instance.Load(ctx, state); err != nil {
		return fmt.Errorf("%s: %w; the instance is as it was", file, err)
	}
	return nil
}

// saveState writes the state of an instance to a file. It may not be one that an
// instance keeps its state in: that one would go on writing to what is replaced.
func saveState(ctx context.Context, instance *control.Client, file string) error {
	state, err := instance.Save(ctx)
	if err != nil {
		return err
	}
	if _, err := os.Stat(lockOf(file)); err == nil {
		unlock, err := lockState(file)
		if err != nil {
			return err
		}
		defer unlock()
	}
	return (atomicfile.File{Path: file, Perm: 0o600, Durable: true}).Write(state)
}

// readState reads a file with a state.
func readState(name string) ([]byte, error) {
	file, err := os.Open(name) //nolint:gosec // the user's own file
	if err != nil {
		return nil, err
	}
	defer file.Close()
	state, err := io.ReadAll(io.LimitReader(file, exoapi.MaxState+1))
	if err != nil {
		return nil, err
	}
	if len(state) > exoapi.MaxState {
		return nil, fmt.Errorf("read %s: longer than any state", name)
	}
	return state, nil
}
