package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/exopool/exopool/exoscale"
	"github.com/exopool/exopool/sweep"
)

// readState adds what a state lists; "-" is the standard input.
func (p program) readState(state *sweep.State, path string) error {
	if path == "-" {
		// A file may be empty: a Terraform that is killed early leaves one. An
		// empty pipe means that the command before it failed.
		in := bufio.NewReader(p.stdin)
		if _, err := in.Peek(1); errors.Is(err, io.EOF) {
			return errors.New("the standard input is empty: \"terraform state pull\" failed, or there is no state yet; without a state, leave -state out")
		}
		return state.Read(in, exoscale.ResourceKind)
	}
	file, err := os.Open(path) //nolint:gosec // named by the user
	if err != nil {
		return err
	}
	defer file.Close()
	if locked(file) {
		return errors.New("in use by Terraform, which would lose track of what it is creating: wait until it has ended")
	}
	return state.Read(file, exoscale.ResourceKind)
}

// checkCurrent returns an error if the files beside a state file show that it is
// not the one that Terraform works with.
func checkCurrent(path string) error {
	dir := filepath.Dir(path)
	switch kind, err := backend(filepath.Join(dir, ".terraform", "terraform.tfstate")); {
	case err != nil:
		return err
	case kind != "" && kind != "local":
		return fmt.Errorf("the folder keeps its state in a backend of type %q, not in this file: "+
			"give the output of \"terraform state pull\" instead", kind)
	}
	current := filepath.Join(dir, "terraform.tfstate")
	if filepath.Clean(path) == current {
		return nil
	}
	var mine, theirs sweep.State
	if err := readFile(&mine, path); err != nil {
		return err
	}
	if err := readFile(&theirs, current); err == nil && mine.Precedes(&theirs) {
		return fmt.Errorf("it is older than %s, so that what was created since would count as left behind: give that one instead", current)
	}
	return nil
}

func readFile(state *sweep.State, path string) error {
	file, err := os.Open(path) //nolint:gosec // named by the user, or beside that
	if err != nil {
		return err
	}
	defer file.Close()
	return state.Read(file, exoscale.ResourceKind)
}

// backend returns the type of the backend that a folder's settings of Terraform
// name; empty: a file.
func backend(path string) (kind string, err error) {
	content, err := os.ReadFile(path) //nolint:gosec // beside what the user named
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var wire struct {
		Backend struct{ Type string }
	}
	if err := json.Unmarshal(content, &wire); err != nil {
		return "", fmt.Errorf("find out where the folder keeps its state (%s): %w", path, err)
	}
	return wire.Backend.Type, nil
}
