package template

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"github.com/exopool/exopool/fake/machine/nspawn/unshare"
	"github.com/exopool/exopool/internal/lines"
)

// excluded are paths that no program reads in a machine that lives for minutes.
func excluded() []string {
	return []string{"/usr/share/man/*", "/usr/share/locale/*", "/usr/share/doc/*"}
}

// download fills the package cache with what may be installed later. It runs
// in the new root.
const download = `chroot "$1" apt-get -q clean && ` +
	`chroot "$1" apt-get -q -y -o APT::Install-Recommends=false --download-only install `

// options of mmdebstrap that do not depend on what is asked for.
func options() []string {
	patterns := excluded()
	options := make([]string, 0, 8+len(patterns))
	options = append(options,
		"mmdebstrap", "--mode=root", "--variant=apt", "--format=directory", "--skip=cleanup/apt/cache",
		`--aptopt=Acquire::Languages "none"`, "--dpkgopt=force-unsafe-io",
	)
	for _, pattern := range patterns {
		options = append(options, "--dpkgopt=path-exclude="+pattern)
	}
	return options
}

// install makes the root directory of a Debian system.
func install(ctx context.Context, cfg Config, dir string) error {
	args := append(options(),
		"--include="+strings.Join(base(), ","),
		"--customize-hook="+download+strings.Join(downloaded(), " "),
		suite, dir, "-") // sources come by standard input
	mirror, err := parseMirror(cfg.Mirror)
	if err != nil {
		return err
	}
	output := newProgress(cfg.Logger, mirror)
	process, err := unshare.Start(unshare.Spec{
		Args: args, Output: output,
		// The address may hold a password, which has no place in a process list.
		Input: strings.NewReader("deb " + cfg.Mirror + " " + suite + " main\n"),
	})
	if err != nil {
		return err
	}
	select {
	case <-process.Done():
	case <-ctx.Done():
		return errors.Join(context.Cause(ctx), process.Kill())
	}
	if err := process.Err(); err != nil {
		return fmt.Errorf("mmdebstrap: %w; its last output:\n%s", err, output.tail())
	}
	return nil
}

// Limits of what is kept of mmdebstrap's output.
const (
	maxTail = 15
	maxLine = 1000 // bytes
)

// A progress logs what mmdebstrap says it does, and keeps its last lines.
type progress struct {
	lines.Writer

	logger *slog.Logger
	redact *strings.Replacer // removes a password
	last   []string
}

func newProgress(logger *slog.Logger, mirror *url.URL) *progress {
	p := &progress{logger: logger, redact: strings.NewReplacer()}
	p.Writer = lines.Writer{Max: maxLine, Func: p.add}
	if mirror.User != nil {
		p.redact = strings.NewReplacer(mirror.User.String()+"@", "")
	}
	return p
}

func (p *progress) add(line string) {
	line = strings.TrimSpace(p.redact.Replace(line))
	if line == "" {
		return
	}
	p.last = append(p.last, line)
	if len(p.last) > maxTail {
		p.last = p.last[1:]
	}
	if step, ok := strings.CutPrefix(line, "I: "); ok {
		p.logger.Info("template", "step", step)
	}
}

// tail returns the last lines.
func (p *progress) tail() string { return strings.Join(p.last, "\n") }
