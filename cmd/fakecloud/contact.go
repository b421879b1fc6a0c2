package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// A contact is what reaches a running instance. It is kept in a file that only
// its user may read, for the commands env, faults and calls.
type contact struct {
	Base   string // http://127.0.0.1:8929
	Key    string
	Secret string
	Zone   string
	Token  string // for what is not part of the API
	Bundle string // file with the certificates to trust, see intercept
}

// directory returns where contacts are kept: what ends with the login if there
// is such a place, else the user's cache.
func (p program) directory() (string, error) {
	vars := map[string]string{}
	for _, assignment := range p.environ {
		name, value, _ := strings.Cut(assignment, "=")
		vars[name] = value
	}
	switch {
	case filepath.IsAbs(vars["XDG_RUNTIME_DIR"]):
		return filepath.Join(vars["XDG_RUNTIME_DIR"], "fakecloud"), nil
	case filepath.IsAbs(vars["XDG_CACHE_HOME"]):
		return filepath.Join(vars["XDG_CACHE_HOME"], "fakecloud"), nil
	case filepath.IsAbs(vars["HOME"]):
		return filepath.Join(vars["HOME"], ".cache", "fakecloud"), nil
	}
	return "", errors.New("neither XDG_RUNTIME_DIR nor XDG_CACHE_HOME nor HOME is set")
}

// leave writes the contact and returns how to take it back.
func (p program) leave(c contact) (remove func(), err error) {
	dir, err := p.directory()
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(c.Base)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(c) //nolint:gosec // the file is for its owner only
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	// CreateTemp makes the file readable by its owner only.
	file, err := os.CreateTemp(dir, "new-*")
	if err != nil {
		return nil, err
	}
	name := filepath.Join(dir, base.Port()+".json")
	_, err = file.Write(text)
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, errors.Join(err, os.Remove(file.Name()))
	}
	if err := os.Rename(file.Name(), name); err != nil {
		return nil, errors.Join(err, os.Remove(file.Name()))
	}
	return func() { _ = os.Remove(name) }, nil
}

// find returns the running instance: the one on the given port, or the only
// one. Contacts of instances that did not end in order are removed.
func (p program) find(ctx context.Context, port int) (contact, error) {
	dir, err := p.directory()
	if err != nil {
		return contact{}, err
	}
	pattern := "*.json"
	if port != 0 {
		pattern = fmt.Sprintf("%d.json", port)
	}
	names, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		return contact{}, err
	}
	var running []contact
	for _, name := range names {
		c, err := readContact(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return contact{}, err
		}
		if c.call(ctx, "GET", "calls", nil, nil) != nil {
			_ = os.Remove(name)
			continue
		}
		running = append(running, c)
	}
	switch len(running) {
	case 0:
		return contact{}, errors.New("no instance is running; start one with: fakecloud serve")
	case 1:
		return running[0], nil
	}
	bases := make([]string, len(running))
	for i, c := range running {
		bases[i] = c.Base
	}
	return contact{}, usageError{fmt.Errorf("%d instances are running, choose one with -port: %s", len(running), strings.Join(bases, ", "))}
}

func readContact(name string) (contact, error) {
	text, err := os.ReadFile(name) //nolint:gosec // the user's own file
	if err != nil {
		return contact{}, err
	}
	var c contact
	if err := json.Unmarshal(text, &c); err != nil {
		return contact{}, fmt.Errorf("read %s: %w", name, err)
	}
	if u, err := url.Parse(c.Base); err != nil || u.Scheme != "http" || !isLoopback(u.Host) {
		return contact{}, fmt.Errorf("read %s: not the address of an instance", name)
	}
	return c, nil
}
