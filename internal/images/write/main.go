// Command write builds the container images of the programs, without a container
// engine, and writes them to a folder. It has to run in the repository's root:
//
//	go run ./internal/images/write FOLDER
//
// With -push it also sends them to the registry that -repository names, by their
// version and, unless that is a pre-release, as the latest.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/mod/semver"

	"github.com/exopool/exopool/internal/images"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "images:", err)
		stop()
		os.Exit(1)
	}
}

// latest is the tag of what was published last.
const latest = "latest"

// A config says what to build.
type config struct {
	dir, repository, version string
	platforms                []v1.Platform
	names                    []string // empty: all
	push                     bool
}

func parse(args []string) (cfg config, err error) {
	set := flag.NewFlagSet("write", flag.ContinueOnError)
	platforms := set.String("platforms", "linux/amd64,linux/arm64", "`PLATFORMS` to build for")
	names := set.String("images", "", "`NAMES` of the images to build, with commas between them; empty for all")
	set.StringVar(&cfg.repository, "repository", "ghcr.io/exopool", "`REGISTRY/PATH` before the names of images")
	set.StringVar(&cfg.version, "version", latest, "`TAG` of the images")
	set.BoolVar(&cfg.push, "push", false, "send the images to the registry")
	if err := set.Parse(args); err != nil {
		return cfg, err
	}
	if set.NArg() != 1 {
		return cfg, errors.New("give one folder")
	}
	cfg.dir = set.Arg(0)
	for text := range strings.SplitSeq(*platforms, ",") {
		platform, err := v1.ParsePlatform(text)
		if err != nil {
			return cfg, err
		}
		cfg.platforms = append(cfg.platforms, *platform)
	}
	if *names != "" {
		cfg.names = strings.Split(*names, ",")
	}
	return cfg, nil
}

func run(ctx context.Context, args []string) error {
	cfg, err := parse(args)
	if err != nil {
		return err
	}
	recipes, err := cfg.recipes()
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "exopool-images-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := buildPrograms(ctx, work, recipes, cfg.platforms); err != nil {
		return err
	}
	builder := images.Builder{
		Program: func(_ context.Context, program string, platform v1.Platform) (string, error) {
			return filepath.Join(work, platform.OS, platform.Architecture, program), nil
		},
		Labels: map[string]string{
			"org.opencontainers.image.source": "https://github.com/exopool/exopool", "org.opencontainers.image.licenses": "Apache-2.0",
			"org.opencontainers.image.vendor": "exopool", "org.opencontainers.image.version": cfg.version,
		},
	}
	if err := addCommit(ctx, &builder); err != nil {
		return err
	}
	if err := os.MkdirAll(cfg.dir, 0o755); err != nil { //nolint:gosec // G301: nothing secret
		return err
	}
	for _, r := range recipes {
		if err := cfg.make(ctx, builder, r); err != nil {
			return err
		}
	}
	return nil
}

// make builds and writes one image, and prints its name and its digest.
func (c config) make(ctx context.Context, builder images.Builder, r images.Recipe) error {
	tag, err := name.NewTag(c.repository + "/" + r.Name + ":" + c.version)
	if err != nil {
		return err
	}
	index, err := builder.Build(ctx, r, c.platforms)
	if err != nil {
		return err
	}
	if err := images.Write(c.dir, tag, index); err != nil {
		return err
	}
	for _, text := range c.pushed() {
		if err := images.Push(ctx, tag.Context().Tag(text), index); err != nil {
			return err
		}
	}
	digest, err := index.Digest()
	if err != nil {
		return err
	}
	fmt.Printf("%s@%s\n", tag, digest)
	return nil
}

// pushed returns the tags that an image gets in the registry.
func (c config) pushed() []string {
	switch {
	case !c.push:
		return nil
	case c.version == latest || semver.Prerelease(c.version) != "":
		return []string{c.version}
	}
	return []string{c.version, latest}
}

// recipes returns those that were asked for.
func (c config) recipes() ([]images.Recipe, error) {
	dockerfile, err := os.ReadFile("Dockerfile")
	if err != nil {
		return nil, fmt.Errorf("%w: run it in the root folder of the repository", err)
	}
	all, err := images.Recipes(string(dockerfile))
	if err != nil || len(c.names) == 0 {
		return all, err
	}
	chosen := slices.DeleteFunc(all, func(r images.Recipe) bool { return !slices.Contains(c.names, r.Name) })
	if len(chosen) < len(c.names) {
		return nil, fmt.Errorf("some of %s are no images of the Dockerfile", strings.Join(c.names, ", "))
	}
	return chosen, nil
}

// buildPrograms builds what is in images, with the flags that the Dockerfile has.
func buildPrograms(ctx context.Context, dir string, recipes []images.Recipe, platforms []v1.Platform) error {
	var packages []string
	for _, r := range recipes {
		for _, program := range r.Programs() {
			packages = append(packages, "./cmd/"+program)
		}
	}
	for _, p := range platforms {
		args := append([]string{"build", "-trimpath", "-ldflags=-s -w", "-o", filepath.Join(dir, p.OS, p.Architecture) + "/"}, packages...)
		build := exec.CommandContext(ctx, "go", args...) //nolint:gosec // G204: packages of this repository
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+p.OS, "GOARCH="+p.Architecture)
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return fmt.Errorf("build the programs for %s: %w", p, err)
		}
	}
	return nil
}

// addCommit labels images with the commit that they are built from, if there is one.
func addCommit(ctx context.Context, builder *images.Builder) error {
	out, err := exec.CommandContext(ctx, "git", "log", "-1", "--format=%H %ct").Output()
	if err != nil { // an archive of the source, without its history
		return nil //nolint:nilerr // see above
	}
	hash, text, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return fmt.Errorf("read the time of the commit: %w", err)
	}
	builder.Created = time.Unix(seconds, 0).UTC()
	builder.Labels["org.opencontainers.image.revision"] = hash
	builder.Labels["org.opencontainers.image.created"] = builder.Created.Format(time.RFC3339)
	return nil
}
