package imageregistry

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	programName    = "http-load-generator"
	programPackage = "github.com/exopool/exopool/cmd/" + programName
)

// Program returns the file of a static load generator: the one beside the
// running program, as `make build` puts it there, otherwise one that the Go
// tool builds into the directory given, which takes half a minute the first
// time. The error says how to get one.
func Program(ctx context.Context, dir string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the load generator: %w", err)
	}
	beside := filepath.Join(filepath.Dir(self), programName)
	if err := Static(beside); err == nil {
		return beside, nil
	} else if !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("find the load generator: %w", err)
	}
	built := filepath.Join(dir, programName)
	if err := build(ctx, built); err != nil {
		return "", fmt.Errorf("build the load generator: %w; run this in the folder of the module with Go installed, "+
			"or put a static %s beside %s (make build does)", err, programName, self)
	}
	return built, nil
}

func build(ctx context.Context, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
		return err
	}
	//nolint:gosec // G204: what varies is where to put it
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", to, programPackage)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	output, err := cmd.CombinedOutput()
	if text := strings.TrimSpace(string(output)); err != nil && text != "" {
		err = fmt.Errorf("%w: %s", err, text)
	}
	return err
}

// Static reports why a file cannot run in an image that has nothing else, or
// nil if it can.
func Static(file string) error {
	program, err := elf.Open(file)
	if err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	defer program.Close()
	for _, part := range program.Progs {
		if part.Type == elf.PT_INTERP {
			return fmt.Errorf("%s needs shared libraries: build it with CGO_ENABLED=0", file)
		}
	}
	return nil
}
