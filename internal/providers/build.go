package providers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/exopool/exopool/internal/filelock"
)

// importPath is this package; the modules to build are folders in it.
const importPath = "github.com/exopool/exopool/internal/providers"

// A recipe says how one provider is built.
type recipe struct {
	source  string
	folder  string // of the module to build in, beside this file
	main    string // import path of the program
	version string // empty for that of the program's module
	stamp   string // variable of the program that holds its version, if it has one
	standIn bool
}

// exoscaleSource is the provider that this package is about.
const exoscaleSource = "exoscale/exoscale"

func recipes() []recipe {
	// Matches ">= 4.0, < 5.0" and is no release of the original.
	const standIn = "4.99.0"
	const exoscale = "github.com/exoscale/terraform-provider-exoscale"
	return []recipe{
		{source: exoscaleSource, folder: "exoscale", main: exoscale, stamp: exoscale + "/version.Version"},
		{source: "hashicorp/tls", folder: "tls", main: importPath + "/tls", version: standIn, standIn: true},
	}
}

func (r recipe) linkerFlags() string {
	if r.stamp == "" {
		return "-s -w"
	}
	return "-s -w -X " + r.stamp + "=" + r.version
}

// An artifact is a provider that has been built.
type artifact struct {
	recipe
	mirror  string // folder in the layout of a filesystem mirror
	program string // in the mirror
}

// A builder builds providers that are not in the cache.
type builder struct {
	cache   string
	logger  *slog.Logger
	waiting func(what string) (end func())
}

// platform is the host's platform, as mirrors name it.
const platform = runtime.GOOS + "_" + runtime.GOARCH

func (b builder) build(ctx context.Context, r recipe) (artifact, error) {
	here, err := goCommand(ctx, ".", "list", "-f", "{{.Dir}}", importPath)
	if err != nil {
		return artifact{}, err
	}
	dir := filepath.Join(here, r.folder)
	if r.version == "" {
		v, err := goCommand(ctx, dir, "list", "-m", "-f", "{{.Version}}", r.main)
		if err != nil {
			return artifact{}, err
		}
		r.version = strings.TrimPrefix(v, "v")
	}
	sum, err := hashFolder(dir, r.linkerFlags())
	if err != nil {
		return artifact{}, fmt.Errorf("hash module %s: %w", dir, err)
	}
	name := fmt.Sprintf("%s-%s-%s-%s", filepath.Base(r.source), r.version, platform, sum[:12])
	a := artifact{recipe: r, mirror: filepath.Join(b.cache, name)}
	a.program = filepath.Join(a.mirror, pathInMirror(hosts()[0], r))

	lock := a.mirror + ".lock"
	end := func() {}
	unlock, err := filelock.Acquire(ctx, lock, func() {
		b.logger.Info("waiting for another process that builds the same", "lock", lock)
		end = b.waiting("waiting for another process that builds the provider " + r.source)
	})
	end()
	if err != nil {
		return artifact{}, err
	}
	defer unlock()
	if _, err := os.Stat(a.program); err == nil {
		return a, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return artifact{}, err
	}
	return a, b.buildInto(ctx, a, dir)
}

// buildInto builds beside the mirror and renames at the end: a mirror that exists
// is complete.
func (b builder) buildInto(ctx context.Context, a artifact, dir string) error {
	partial := a.mirror + ".partial"
	if err := os.RemoveAll(partial); err != nil { // left by a run that was killed
		return err
	}
	program := filepath.Join(partial, pathInMirror(hosts()[0], a.recipe))

	start := time.Now()
	b.logger.Info("building provider", "provider", a.source, "version", a.version, "into", a.mirror)
	defer b.waiting("building the provider " + a.source + " " + a.version + ", once")()
	if _, err := goCommand(ctx, dir, "build", "-trimpath", "-buildvcs=false",
		"-ldflags", a.linkerFlags(), "-o", program, a.main); err != nil {
		return err
	}
	for _, host := range hosts()[1:] {
		also := filepath.Join(partial, pathInMirror(host, a.recipe))
		if err := os.MkdirAll(filepath.Dir(also), 0o750); err != nil {
			return err
		}
		if err := os.Link(program, also); err != nil {
			return err
		}
	}
	if err := os.Rename(partial, a.mirror); err != nil {
		return err
	}
	b.logger.Info("built provider", "provider", a.source, "seconds", int(time.Since(start).Seconds()))
	return nil
}

// pathInMirror returns the path of the program in a mirror of the unpacked
// layout.
func pathInMirror(host string, r recipe) string {
	name := fmt.Sprintf("terraform-provider-%s_v%s", filepath.Base(r.source), r.version)
	return filepath.Join(host, filepath.FromSlash(r.source), r.version, platform, name)
}

// goCommand runs go in a folder and returns what it prints, without the user's
// flags and workspace.
func goCommand(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // the arguments are this package's own
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), "GOFLAGS=-mod=readonly", "GOWORK=off", "CGO_ENABLED=0",
		"GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // so that it removes its temporary files
	cmd.WaitDelay = 10 * time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", args[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	return strings.TrimSpace(stdout.String()), nil
}
