package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/fakecloud/control"
	"github.com/exopool/exopool/internal/atomicfile"
)

// reset removes everything from the running instance.
func (p program) reset(ctx context.Context, args []string) (int, error) {
	c, err := p.running(ctx, p.newSet("reset", "fakecloud reset removes everything from the running instance, faults included, as if it had just started."), args)
	if err != nil {
		return exitOK, err
	}
	return exitOK, c.Control().Reset(ctx)
}

// snapshot saves or loads the state of the running instance.
func (p program) snapshot(ctx context.Context, args []string) (int, error) {
	const remedy = "give save FILE or load FILE"
	action, rest, _ := operand(args)
	file, rest, ok := operand(rest)
	switch {
	case len(args) > 0 && (args[0] == "-h" || args[0] == "-help" || args[0] == "--help"):
		rest = args
	case action != "save" && action != "load":
		return exitOK, usageError("fakecloud snapshot", fmt.Sprintf("has the unknown action %q", action), remedy)
	case !ok:
		return exitOK, usageError("fakecloud snapshot", "names no file", remedy)
	}
	set := p.newSet("snapshot", "fakecloud snapshot save FILE [flags]\nsaves the state of the running instance;\n"+
		"fakecloud snapshot load FILE [flags]\nreplaces it by a saved one, of an instance with the same flags.")
	set.Note("The file holds user-data and the keys of the fake account. Machines are not saved: those that were running boot anew.")
	c, err := p.running(ctx, set, rest)
	if err != nil {
		return exitOK, err
	}
	if action == "save" {
		return exitOK, saveState(ctx, c.Control(), file)
	}
	state, err := readState(file)
	if err != nil {
		return exitOK, err
	}
	return exitOK, c.Control().Load(ctx, state)
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
