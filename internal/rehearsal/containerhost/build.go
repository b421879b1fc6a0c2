package containerhost

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/exopool/exopool/fake/machine/driverapi"
)

// unpack puts the archive on standard input into a new directory.
const unpack = `mkdir -p "$1" && exec tar --extract --no-same-owner --directory "$1"`

// build builds the image $2 from the directory $1, and removes the directory. The
// format is docker's, as the other one knows neither HEALTHCHECK nor SHELL.
// Commands of the build use the machine's network.
const build = `podman build --format docker --network host --tag "$2" --file "$1/Dockerfile" "$1" </dev/null
code=$?
rm -rf "$1"
exit $code`

// Build builds the Dockerfile of a folder with nothing but the folder as
// context, and returns the name of the image.
func (h *Host) Build(ctx context.Context, dir string) (image string, err error) {
	if err := checkDockerfile(dir); err != nil {
		return "", fmt.Errorf("build an image from %s: %w", dir, err)
	}
	machine, err := h.Machine(ctx)
	if err != nil {
		return "", err
	}
	name := h.newName()
	to := "/srv/" + name
	if err := copyTo(ctx, machine, dir, to); err != nil {
		return "", fmt.Errorf("build an image from %s: copy it to the machine that builds: %w", dir, err)
	}
	image = "localhost/" + name
	if _, err := run(ctx, machine, nil, build, to, image); err != nil {
		return "", fmt.Errorf("build an image from %s: %w", dir, explained(err))
	}
	return image, nil
}

func checkDockerfile(dir string) error {
	info, err := os.Stat(filepath.Join(dir, "Dockerfile"))
	if errors.Is(err, os.ErrNotExist) {
		return errors.New("it has no Dockerfile")
	}
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("its Dockerfile is no file")
	}
	return err
}

// copyTo copies a folder to the machine.
func copyTo(ctx context.Context, machine driverapi.Helper, dir, to string) error {
	reader, writer := io.Pipe()
	written := make(chan error, 1)
	go func() {
		err := writeContext(writer, dir)
		_ = writer.CloseWithError(err) // never fails
		written <- err
	}()
	_, err := run(ctx, machine, reader, unpack, to)
	_ = reader.Close() // so that the writer ends; never fails
	if cause := <-written; cause != nil && !errors.Is(cause, io.ErrClosedPipe) {
		return cause
	}
	return err
}

// source is how podman names an image that it cannot get.
var source = regexp.MustCompile(`docker://([^\s"]+)`)

// dump is how buildah shows its own data, in an error and, before, in a warning.
var dump = regexp.MustCompile(`(?m) &imagebuilder\.Step\{.*$|^.*\(UNHANDLED LOGLEVEL\).*\n`)

// explained says what to do when an image is missing.
func explained(err error) error {
	failed, ok := errors.AsType[*exitError](err)
	if !ok {
		return err
	}
	for line := range strings.Lines(failed.output) {
		found := source.FindStringSubmatch(line)
		if found == nil || !strings.HasPrefix(line, "Error: ") {
			continue
		}
		_, cause, _ := strings.Cut(line, found[0])
		image := strings.TrimRight(found[1], ":")
		for _, implied := range []string{"docker.io/", "library/"} {
			image = strings.TrimPrefix(image, implied)
		}
		return fmt.Errorf("the image %s cannot be pulled: %s; give it with -image %s=FOLDER|ARCHIVE",
			image, strings.TrimSpace(cause), image)
	}
	return &exitError{code: failed.code, output: dump.ReplaceAllString(failed.output, "")}
}
