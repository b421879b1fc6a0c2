package template

import (
	"context"
	"log/slog"
	"net/url"
	"time"
)

// Progress logs what was written as the output of a build, and returns its end.
func Progress(logger *slog.Logger, mirror *url.URL, writes ...string) string {
	p := newProgress(logger, mirror)
	for _, w := range writes {
		_, _ = p.Write([]byte(w))
	}
	return p.tail()
}

// Key is what a template is kept under.
func Key(c Config, name string) (string, error) {
	r, _ := find(name)
	return c.key(r)
}

// Prune removes old templates of a release.
func Prune(c Config, name, keep string, now time.Time) {
	r, _ := find(name)
	prune(c, r, keep, now)
}

// EnsureBy is [Ensure] with a function that builds.
func EnsureBy(ctx context.Context, c Config, name string, build func(dir string) error) (string, func(), error) {
	return ensure(ctx, c, name, func(_ context.Context, _ Config, _ release, dir string) error { return build(dir) })
}

// Finish makes an image of a root directory.
func Finish(dir string) error { return finish(dir) }

// Sources is what apt reads in a template.
func Sources(c Config, name string) string {
	r, _ := find(name)
	return r.sources(c)
}
