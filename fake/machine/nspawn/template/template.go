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

// version is part of the key: it rises when the way of building changes.
const version = 3

// Config is what to build and where to keep it.
type Config struct {
	// Cache is the directory of all templates.
	Cache string
	// Mirror is the address of a Debian mirror. Machines use it, too.
	Mirror string
	// UbuntuMirror is that of an Ubuntu mirror.
	UbuntuMirror string
	// Logger gets the progress of a build.
	Logger *slog.Logger
	// Waiting is told what is waited for, and returns what to call when it is
	// over; nil: nobody is told.
	Waiting func(what string) (end func())
}

// wait says what is waited for, until end is called.
func (c *Config) wait(what string) (end func()) {
	if c.Waiting == nil {
		return func() {}
	}
	return c.Waiting(what)
}

// Ensure returns the directory of a template, and builds it if there is none
// yet, which takes a minute or two. Of several programs that want the same one,
// one builds and the others wait.
//
// The directory stays until release is called or the program ends. After that, it
// is removed when nobody has used it for two weeks and another template of
// its release is built.
func Ensure(ctx context.Context, cfg Config, name string) (dir string, release func(), err error) {
	return ensure(ctx, cfg, name, build)
}

// A buildFunc makes the directory of a release.
type buildFunc func(ctx context.Context, cfg Config, r release, dir string) error

func ensure(ctx context.Context, cfg Config, name string, build buildFunc) (dir string, release func(), err error) {
	r, ok := find(name)
	if !ok {
		return "", nil, fmt.Errorf("there is no template %q that can be built", name)
	}
	mirror, err := parseMirror(r.mirror(cfg))
	if err != nil {
		return "", nil, fmt.Errorf("template %q: %w", r.name, err)
	}
	dir, err = cfg.dir(r)
	if err != nil {
		return "", nil, fmt.Errorf("template %q: %w", r.name, err)
	}
	// Files in a template have the rights and owners of a system; who must
	// not be root here must not reach its set-user-id programs.
	if err := os.MkdirAll(cfg.Cache, 0o700); err != nil {
		return "", nil, fmt.Errorf("template %q: %w", r.name, err)
	}
	release, err = use(ctx, dir)
	if err != nil {
		return "", nil, fmt.Errorf("template %q: %w", r.name, err)
	}
	if isComplete(dir) {
		return dir, release, nil
	}
	cfg.Logger = cfg.Logger.With("template", r.name)
	from := mirror.Redacted()
	if err := buildOnce(ctx, cfg, r, dir, from, build); err != nil {
		release()
		return "", nil, fmt.Errorf("build template %q from %s: %w", r.name, from, err)
	}
	return dir, release, nil
}

// buildOnce builds a template unless another program does so first, and then
// removes old ones.
func buildOnce(ctx context.Context, cfg Config, r release, dir, from string, build buildFunc) error {
	lock := lockOf(dir)
	waited := func() {}
	unlock, err := filelock.Acquire(ctx, lock, func() {
		cfg.Logger.Info("another program builds the template, waiting for it", "lock", lock)
		waited = cfg.wait("waiting for another program that builds the template " + r.name)
	})
	waited()
	if err != nil {
		return err
	}
	defer unlock()
	if isComplete(dir) {
		return nil
	}
	begin := time.Now()
	cfg.Logger.Info("building the template of the machines; this happens once and takes a minute or two", "mirror", from)
	built := cfg.wait("building the template " + r.name + " of the machines, once")
	err = build(ctx, cfg, r, dir)
	built()
	if err != nil {
		return err
	}
	end := time.Now()
	cfg.Logger.Info("template built", "dir", dir, "took", end.Sub(begin).Round(time.Second))
	prune(cfg, r, dir, end)
	return nil
}

// build works beside the final place, so that what is there is complete.
func build(ctx context.Context, cfg Config, r release, dir string) error {
	if err := reach(ctx, cfg, r); err != nil {
		return err
	}
	partial := partialOf(dir)
	if err := os.RemoveAll(partial); err != nil { // of a build that was interrupted
		return err
	}
	err := install(ctx, cfg, r, partial)
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

func (c *Config) dir(r release) (string, error) {
	key, err := c.key(r)
	return filepath.Join(c.Cache, r.suite+"-"+key), err
}

// key identifies everything a template is made from but the state of the
// mirror.
func (c *Config) key(r release) (string, error) {
	h := sha256.New()
	inputs := []any{version, runtime.GOARCH, r.suite, r.sources(*c), r.packages(), r.downloaded, excluded(), masked()}
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
func Cached(cfg Config, name string) bool {
	r, ok := find(name)
	if !ok {
		return false
	}
	dir, err := cfg.dir(r)
	return err == nil && isComplete(dir)
}
