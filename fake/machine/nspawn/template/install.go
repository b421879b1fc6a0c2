package template

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/exopool/exopool/fake/machine/nspawn/unshare"
	"github.com/exopool/exopool/internal/lines"
)

// excluded are paths that no program reads in a machine that lives for minutes.
func excluded() []string {
	return []string{"/usr/share/man/*", "/usr/share/locale/*", "/usr/share/doc/*"}
}

// download fills the package cache with what may be installed later: docker with
// all that "apt-get install docker.io" brings, because most user-data has
// that, the rest as it is asked for. It runs in the new root.
const download = `chroot "$1" apt-get -q clean && ` +
	`chroot "$1" apt-get -q -y -o APT::Install-Recommends=true --download-only install docker.io && ` +
	`chroot "$1" apt-get -q -y -o APT::Install-Recommends=false --download-only install `

// manuals makes a directory into which the shell of Ubuntu 20.04 links a page, though
// pages are excluded.
const manuals = `mkdir -p "$1/usr/share/man/man1"`

// options of mmdebstrap that do not depend on what is asked for.
func options() []string {
	patterns := excluded()
	options := make([]string, 0, 9+len(patterns))
	options = append(options,
		"mmdebstrap", "--mode=root", "--variant=apt", "--format=directory", "--skip=cleanup/apt/cache",
		`--aptopt=Acquire::Languages "none"`, "--dpkgopt=force-unsafe-io", "--extract-hook="+manuals,
	)
	for _, pattern := range patterns {
		options = append(options, "--dpkgopt=path-exclude="+pattern)
	}
	return options
}

// install makes the root directory of a system.
func install(ctx context.Context, cfg Config, r release, dir string) error {
	args := append(options(),
		"--include="+strings.Join(r.packages(), ","),
		"--customize-hook="+download+strings.Join(r.downloaded, " "))
	if r.ubuntu {
		keys := dir + ".keys"
		defer os.RemoveAll(keys)
		keyring, err := ubuntuKeyring(ctx, cfg, keys)
		if err != nil {
			return fmt.Errorf("get the keys of Ubuntu: %w", err)
		}
		args = append(args, "--keyring="+keyring)
	}
	args = append(args, r.suite, dir, "-") // sources come by standard input
	return mmdebstrap(ctx, cfg, r, args)
}

// hostKeyring is where distributions keep the keys of Ubuntu.
const hostKeyring = "/usr/share/keyrings/ubuntu-archive-keyring.gpg"

// ubuntuKeyring returns the file with the keys that Ubuntu's archive is signed
// with: the host's, or else that of Debian's package, which is checked with the keys
// of Debian and unpacked to a directory.
func ubuntuKeyring(ctx context.Context, cfg Config, dir string) (string, error) {
	if _, err := os.Stat(hostKeyring); err == nil {
		return hostKeyring, nil
	}
	if err := os.RemoveAll(dir); err != nil { // of a build that was interrupted
		return "", err
	}
	debian, _ := find(Default)
	if _, err := parseMirror(debian.mirror(cfg)); err != nil {
		return "", err
	}
	err := mmdebstrap(ctx, cfg, debian, []string{
		"mmdebstrap", "--mode=root", "--variant=extract", "--format=directory", `--aptopt=Acquire::Languages "none"`,
		"--include=ubuntu-archive-keyring", debian.suite, dir, "-",
	})
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, hostKeyring)
	_, err = os.Stat(file)
	return file, err
}

// mmdebstrap runs that program, which reads the sources of a release.
func mmdebstrap(ctx context.Context, cfg Config, r release, args []string) error {
	mirror, err := parseMirror(r.mirror(cfg))
	if err != nil {
		return err
	}
	output := newProgress(cfg.Logger, mirror)
	process, err := unshare.Start(unshare.Spec{
		Args: args, Output: output,
		// The address may hold a password, which has no place in a process list.
		Input: strings.NewReader(r.sources(cfg)),
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
