package containerhost

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/internal/rehearsal/acceptance"
)

const (
	// stopGrace is docker's: how many seconds a container has to end.
	stopGrace = "10"
	// maxFile bounds a file of a container, in bytes.
	maxFile = 4 << 20
)

// A container runs on the machine.
type container struct {
	machine driverapi.Helper
	name    string
	shared  string // directory of the machine, mounted in the container
	port    int
}

// start runs the script on standard input, which holds secrets and therefore is
// no argument. As where the course's checker runs, the directory is root's.
//
// Told that it runs in a service of systemd, podman would keep the process that
// holds the container in that service, and it would end with it.
const start = `mkdir -m 0755 "$1" && unset INVOCATION_ID && exec sh`

// Start starts a container.
func (h *Host) Start(ctx context.Context, spec acceptance.ContainerSpec) (acceptance.Container, error) {
	if err := validate(spec); err != nil {
		return nil, fmt.Errorf("start a container: %w", err)
	}
	machine, err := h.Machine(ctx)
	if err != nil {
		return nil, err
	}
	c := &container{machine: machine, name: h.newName(), port: spec.Port}
	c.shared = "/srv/" + c.name
	if _, err := run(ctx, machine, strings.NewReader(c.script(spec)), start, c.shared); err != nil {
		return nil, errors.Join(fmt.Errorf("start a container: %w", explained(err)), c.Close(context.WithoutCancel(ctx)))
	}
	return c, nil
}

// variable is a name that a shell can export.
var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func validate(spec acceptance.ContainerSpec) error {
	var errs []error
	if spec.Image == "" {
		errs = append(errs, errors.New("it has no image"))
	}
	if spec.Port < 0 || spec.Port > 65535 {
		errs = append(errs, fmt.Errorf("port %d is none", spec.Port))
	}
	for _, name := range slices.Sorted(maps.Keys(spec.Env)) {
		if !variable.MatchString(name) || strings.Contains(spec.Env[name], "\x00") {
			errs = append(errs, fmt.Errorf("the environment variable %q cannot be set", name))
		}
	}
	return errors.Join(errs...)
}

// script is what starts the container. Podman takes the values of variables from
// its own environment.
func (c *container) script(spec acceptance.ContainerSpec) string {
	var b strings.Builder
	command := []string{
		"exec podman run --detach --log-driver k8s-file",
		"--name", c.name, "--volume", c.shared + ":/srv/service-discovery",
	}
	if spec.Port != 0 {
		command = append(command, "--publish", fmt.Sprintf("%d:%d", spec.Port, spec.Port))
	}
	for _, name := range slices.Sorted(maps.Keys(spec.Env)) {
		fmt.Fprintf(&b, "export %s=%s\n", name, quoted(spec.Env[name]))
		command = append(command, "--env", name)
	}
	command = append(command, quoted(spec.Image), "</dev/null")
	b.WriteString(strings.Join(command, " ") + "\n")
	return b.String()
}

// quoted is a word for a shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// URL is the address of the published port; empty without one.
func (c *container) URL() string {
	if c.port == 0 {
		return ""
	}
	u := url.URL{Scheme: "http", Host: net.JoinHostPort(c.machine.Address().String(), strconv.Itoa(c.port))}
	return u.String()
}

// Exit codes of read.
const (
	noFile   = 3
	notAFile = 4
)

const read = `[ -e "$1" ] || exit 3
[ -f "$1" ] || exit 4
exec head -c "$2" -- "$1"`

// ReadFile reads a file of what is mounted at /srv/service-discovery. The error
// is one of [fs.ErrNotExist] if there is none.
func (c *container) ReadFile(ctx context.Context, name string) ([]byte, error) {
	fail := func(err error) ([]byte, error) {
		return nil, &fs.PathError{Op: "read", Path: "/srv/service-discovery/" + name, Err: err}
	}
	if !fs.ValidPath(name) {
		return fail(fs.ErrInvalid)
	}
	var content bytes.Buffer
	output := &tail{}
	args := []string{"sh", "-c", read, "sh", c.shared + "/" + name, strconv.Itoa(maxFile + 1)}
	code, err := c.machine.Run(ctx, args, nil, &content, output)
	switch {
	case err != nil:
		return fail(err)
	case code == noFile:
		return fail(fs.ErrNotExist)
	case code == notAFile:
		return fail(errors.New("it is no regular file"))
	case code != 0:
		return fail(&exitError{code, output.String()})
	case content.Len() > maxFile:
		return fail(fmt.Errorf("it has more than %d MiB", maxFile>>20))
	}
	return content.Bytes(), nil
}

// Stop sends SIGTERM, or the image's own signal, and kills the container ten
// seconds later. It returns the exit code, also of a container that has
// ended before.
func (c *container) Stop(ctx context.Context) (exitCode int, err error) {
	output, err := run(ctx, c.machine, nil, `podman stop --time "$2" "$1" >/dev/null && exec podman wait "$1"`, c.name, stopGrace)
	if err == nil {
		// Before the code, podman may warn that it had to kill.
		exitCode, err = strconv.Atoi(output[strings.LastIndex(output, "\n")+1:])
	}
	if err != nil {
		return 0, fmt.Errorf("stop the container: %w", err)
	}
	return exitCode, nil
}

// Log returns the last lines that the container wrote.
func (c *container) Log(ctx context.Context) (string, error) {
	output, err := run(ctx, c.machine, nil, `exec podman logs --tail "$2" "$1"`, c.name, strconv.Itoa(maxLines))
	if err != nil {
		return "", fmt.Errorf("read the container's output: %w", err)
	}
	return output, nil
}

// Close kills the container and removes it.
func (c *container) Close(ctx context.Context) error {
	const remove = `rm -rf "$2"; exec podman rm --force --ignore --time 0 --volumes "$1"`
	if _, err := run(ctx, c.machine, nil, remove, c.name, c.shared); err != nil {
		return fmt.Errorf("remove the container: %w", err)
	}
	return nil
}
