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

	"github.com/exopool/exopool/sweep"
)

// readState adds what a state lists; "-" is the standard input.
func (p program) readState(known *sweep.Known, path string) error {
	if path == "-" {
		// A file may be empty, as a Terraform that is killed early leaves one.
		// In a pipe it is a command that failed, and nobody would notice.
		in := bufio.NewReader(p.stdin)
		if _, err := in.Peek(1); errors.Is(err, io.EOF) {
			return errors.New("the standard input is empty, as it is when \"terraform state pull\" fails or there is nothing yet; if there is no state, leave -state out")
		}
		return known.ReadState(in)
	}
	file, err := os.Open(path) //nolint:gosec // named by the user
	if err != nil {
		return err
	}
	defer file.Close()
	if locked(file) {
		return errors.New("a Terraform is working on it, and would lose what it is just making: wait until it has ended")
	}
	return known.ReadState(file)
}

// present tells, by what is beside a state file, that it is not the one that
// Terraform works with.
func present(path string) error {
	dir := filepath.Dir(path)
	switch kind, err := backend(filepath.Join(dir, ".terraform", "terraform.tfstate")); {
	case err != nil:
		return err
	case kind != "" && kind != "local":
		return fmt.Errorf("the folder keeps its state in a backend of type %q, so that this file is not it: "+
			"give the output of \"terraform state pull\" instead", kind)
	}
	current := filepath.Join(dir, "terraform.tfstate")
	if filepath.Clean(path) == current {
		return nil
	}
	var mine, theirs sweep.Known
	if err := readFile(&mine, path); err != nil {
		return err
	}
	if err := readFile(&theirs, current); err == nil && mine.Precedes(&theirs) {
		return fmt.Errorf("it is older than %s, so that what was made since would count as left: give that one instead", current)
	}
	return nil
}

func readFile(known *sweep.Known, path string) error {
	file, err := os.Open(path) //nolint:gosec // named by the user, or beside that
	if err != nil {
		return err
	}
	defer file.Close()
	return known.ReadState(file)
}

// backend reads where Terraform keeps the state of a folder; empty: in a file.
func backend(note string) (kind string, err error) {
	content, err := os.ReadFile(note) //nolint:gosec // beside what the user named
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
		return "", fmt.Errorf("read where the folder keeps its state (%s): %w", note, err)
	}
	return wire.Backend.Type, nil
}
