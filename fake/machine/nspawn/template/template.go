package template

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/exopool/exopool/internal/filelock"
)

// Name is what the catalog of the emulated cloud calls the template that can be
// built.
const Name = "Linux Debian 13 (Trixie) 64-bit"

// suite is Debian's name of that release.
const suite = "trixie"

// version is part of the key: it rises when the way of building changes.
const version = 1

// Config is what to build and where to keep it.
type Config struct {
	// Cache is the directory of all templates.
	Cache string
	// Mirror is the address of a Debian mirror. Machines use it, too.
	Mirror string
	// Logger gets the progress of a build.
	Logger *slog.Logger
}

// base is what makes a root directory the image of a cloud.
func base() []string {
	return []string{
		"systemd-sysv", "dbus", "udev", "libpam-systemd", "cloud-init", "openssh-server", "ca-certificates", "curl", "wget",
		"iproute2", "iputils-ping", "procps", "sudo", "netbase", "nftables", "less", "python3",
	}
}

// downloaded lists the packages that are downloaded in advance, not installed.
func downloaded() []string {
	return []string{"podman", "netavark", "crun", "aardvark-dns", "apparmor", "prometheus-node-exporter", "prometheus"}
}

// Ensure returns the directory of a template, and builds it if there is none
// yet, which takes a minute or two. Of several programs that want the same one,
// one builds and the others wait.
func Ensure(ctx context.Context, cfg Config) (string, error) {
	mirror, err := parseMirror(cfg.Mirror)
	if err != nil {
		return "", fmt.Errorf("template: %w", err)
	}
	dir, err := cfg.dir()
	if err != nil {
		return "", fmt.Errorf("template: %w", err)
	}
	if isComplete(dir) {
		return dir, nil
	}
	// Files in a template have the rights and owners of a system; who must
	// not be root here must not reach its set-user-id programs.
	if err := os.MkdirAll(cfg.Cache, 0o700); err != nil {
		return "", fmt.Errorf("template: %w", err)
	}
	lock := dir + ".lock"
	unlock, err := filelock.Acquire(ctx, lock, func() {
		cfg.Logger.Info("another program builds the template, waiting for it", "lock", lock)
	})
	if err != nil {
		return "", fmt.Errorf("template: %w", err)
	}
	defer unlock()
	if isComplete(dir) {
		return dir, nil
	}
	begin := time.Now()
	cfg.Logger.Info("building the template of the machines; this happens once and takes a minute or two",
		"template", Name, "mirror", mirror.Redacted())
	if err := build(ctx, cfg, dir); err != nil {
		return "", fmt.Errorf("build template from %s: %w", mirror.Redacted(), err)
	}
	cfg.Logger.Info("template built", "dir", dir, "took", time.Since(begin).Round(time.Second))
	return dir, nil
}

// build works beside the final place, so that what is there is complete.
func build(ctx context.Context, cfg Config, dir string) error {
	partial := dir + ".partial"
	if err := os.RemoveAll(partial); err != nil { // of a build that was interrupted
		return err
	}
	err := install(ctx, cfg, partial)
	if err == nil {
		err = finish(partial)
	}
	if err == nil {
		err = os.Rename(partial, dir)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(partial))
	}
	return nil
}

func isComplete(dir string) bool {
	info, err := os.Stat(dir)
	return err == nil && info.IsDir()
}

func (c *Config) dir() (string, error) {
	key, err := c.key()
	return filepath.Join(c.Cache, suite+"-"+key), err
}

// key identifies everything a template is made from but the state of the
// mirror.
func (c *Config) key() (string, error) {
	h := sha256.New()
	inputs := []any{version, runtime.GOARCH, suite, c.Mirror, base(), downloaded(), excluded(), masked()}
	if err := json.NewEncoder(h).Encode(inputs); err != nil {
		return "", err
	}
	err := fs.WalkDir(files, "root", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		return json.NewEncoder(h).Encode([]any{name, content})
	})
	return hex.EncodeToString(h.Sum(nil))[:12], err
}

// Cached reports whether [Ensure] has nothing to build.
func Cached(cfg Config) bool {
	dir, err := cfg.dir()
	return err == nil && isComplete(dir)
}

// ReleaseURL is a file that every mirror has which can build the template.
func ReleaseURL(mirror string) string { return mirror + "/dists/" + suite + "/Release" }
