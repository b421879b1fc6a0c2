package containerhost

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"

	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/internal/rehearsal/acceptance"
)

// Config configures a [Host].
type Config struct {
	// StartMachine boots the machine, which ends with whoever boots it.
	// Required.
	StartMachine func(ctx context.Context, userData []byte) (driverapi.Helper, error)
}

// A Host builds and runs containers. Its methods are safe for concurrent use.
type Host struct {
	cfg Config

	starting sync.Mutex // held while the machine starts

	mu     sync.Mutex
	helper driverapi.Helper
	made   int // images and containers
}

var _ acceptance.Engine = (*Host)(nil)

// New makes a host whose machine is not started yet.
func New(cfg Config) (*Host, error) {
	if cfg.StartMachine == nil {
		return nil, errors.New("configure the host of containers: StartMachine is missing")
	}
	return &Host{cfg: cfg}, nil
}

// setup makes the machine a host of containers. The packages come from the cache
// of its template, turned into a repository, as lists of the archive are
// not there; from the archive if one is missing. Podman is told to take names as
// docker does.
const setup = `#!/bin/sh
set -e
mkdir /srv/packages
cd /srv/packages
for file in /var/cache/apt/archives/*.deb; do
	name=$(basename "$file")
	ln -s "$file" "$name"
	dpkg-deb --field "$name"
	printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$name" "$(stat -c %s "$file")" "$(sha256sum "$file" | cut -d ' ' -f 1)"
done >Packages
echo 'deb [trusted=yes] file:/srv/packages ./' >sources.list

apt() { apt-get -q -y -o APT::Install-Recommends=false "$@"; }
cached() { apt -o Dir::Etc::SourceList=/srv/packages/sources.list -o Dir::Etc::SourceParts=- -o Acquire::Languages=none "$@"; }
wanted='podman netavark crun'
{ cached update && cached install $wanted; } || { apt update && apt install $wanted; }

cat >/etc/containers/registries.conf.d/95-docker-names.conf <<END
unqualified-search-registries = ["docker.io"]
short-name-mode = "disabled"
END
`

// Machine returns the machine, which has podman, and starts it if need be.
func (h *Host) Machine(ctx context.Context) (driverapi.Helper, error) {
	h.starting.Lock()
	defer h.starting.Unlock()
	h.mu.Lock()
	helper := h.helper
	h.mu.Unlock()
	if helper != nil {
		return helper, nil
	}
	helper, err := h.cfg.StartMachine(ctx, []byte(setup))
	if err != nil {
		return nil, fmt.Errorf("start the machine that runs containers: %w", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.helper = helper
	return helper, nil
}

// newName returns a name that no other image or container has.
func (h *Host) newName() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.made++
	return "rehearsal-" + strconv.Itoa(h.made)
}

// run runs a shell script with arguments on the machine. It returns the end of
// the output; an exit code other than 0 is an error that begins with it.
func run(ctx context.Context, machine driverapi.Helper, stdin io.Reader, script string, args ...string) (string, error) {
	output := &tail{}
	code, err := machine.Run(ctx, append([]string{"sh", "-c", script, "sh"}, args...), stdin, output, output)
	if err != nil {
		return output.String(), err
	}
	if code != 0 {
		return output.String(), &exitError{code: code, output: output.String()}
	}
	return output.String(), nil
}

// An exitError is a command that failed on the machine.
type exitError struct {
	code   int
	output string
}

func (e *exitError) Error() string {
	if e.output == "" {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return fmt.Sprintf("exit code %d:\n%s", e.code, e.output)
}
