package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/internal/atomicfile"
	"github.com/exopool/exopool/internal/loopback"
)

// A running instance keeps its connection in a file that is named after its port
// and that only its user may read. The commands env, faults and calls find it
// there.

// instanceDir returns the directory of these files: one that ends with the
// login if there is such a place, else one in the user's cache.
func (p program) instanceDir() (string, error) {
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

// register writes the file of an instance and returns how to remove it.
func (p program) register(c fakecloud.Connection) (unregister func(), err error) {
	dir, err := p.instanceDir()
	if err != nil {
		return nil, err
	}
	address, err := url.Parse(c.URL)
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
	name := filepath.Join(dir, address.Port()+".json")
	if err := (atomicfile.File{Path: name}).Write(text); err != nil {
		return nil, err
	}
	return func() { _ = os.Remove(name) }, nil
}

// find returns the running instance: the one on the given port, the one that the
// environment leads to, as within fakecloud exec and shell, or the only one.
// Files of instances that crashed are removed.
func (p program) find(ctx context.Context, port int) (fakecloud.Connection, error) {
	dir, err := p.instanceDir()
	if err != nil {
		return fakecloud.Connection{}, err
	}
	pattern := "*.json"
	if port != 0 {
		pattern = fmt.Sprintf("%d.json", port)
	}
	names, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		return fakecloud.Connection{}, err
	}
	var running []fakecloud.Connection
	for _, name := range names {
		c, err := readInstance(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return fakecloud.Connection{}, err
		}
		_, err = c.Control().Calls(ctx)
		switch timeout := net.Error(nil); {
		case ctx.Err() != nil || errors.As(err, &timeout) && timeout.Timeout():
			return fakecloud.Connection{}, fmt.Errorf("the instance on %s does not answer: %w", c.URL, err)
		case err != nil:
			_ = os.Remove(name)
			continue
		}
		running = append(running, c)
	}
	if port == 0 {
		if c, ok := p.meant(ctx, running); ok {
			return c, nil
		}
	}
	switch len(running) {
	case 0:
		return fakecloud.Connection{}, errors.New("no instance is running; start one with: fakecloud serve")
	case 1:
		return running[0], nil
	}
	urls := make([]string, len(running))
	for i, c := range running {
		urls[i] = c.URL
	}
	return fakecloud.Connection{}, severalError{urls}
}

// meant returns the instance that the environment leads to, if it answers. That
// of fakecloud exec has no file; then all that is known of it is what the
// environment tells clients, which is not the address of its console.
func (p program) meant(ctx context.Context, running []fakecloud.Connection) (c fakecloud.Connection, ok bool) {
	c = fakecloud.Connection{
		URL: p.getenv("FAKECLOUD_URL"), Token: p.getenv("FAKECLOUD_TOKEN"), Zone: p.getenv("EXOSCALE_ZONE"),
		Key: p.getenv("EXOSCALE_API_KEY"), Secret: p.getenv("EXOSCALE_API_SECRET"), CertFile: p.getenv("SSL_CERT_FILE"),
	}
	for _, r := range running {
		if r.URL == c.URL {
			return r, true
		}
	}
	if !isInstance(c.URL) {
		return c, false
	}
	_, err := c.Control().Calls(ctx)
	return c, err == nil
}

// A severalError says that several instances are running.
type severalError struct{ urls []string }

func (e severalError) Error() string {
	return fmt.Sprintf("%d instances are running: %s", len(e.urls), strings.Join(e.urls, ", "))
}

func readInstance(name string) (fakecloud.Connection, error) {
	text, err := os.ReadFile(name) //nolint:gosec // the user's own file
	if err != nil {
		return fakecloud.Connection{}, err
	}
	var c fakecloud.Connection
	if err := json.Unmarshal(text, &c); err != nil {
		return fakecloud.Connection{}, fmt.Errorf("read %s: %w", name, err)
	}
	if !isInstance(c.URL) {
		return fakecloud.Connection{}, fmt.Errorf("read %s: not the address of an instance", name)
	}
	return c, nil
}

// isInstance reports whether an instance may have the address.
func isInstance(address string) bool {
	host, ok := strings.CutPrefix(address, "http://")
	return ok && loopback.IsAddrPort(host)
}
