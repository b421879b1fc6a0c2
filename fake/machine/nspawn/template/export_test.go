package template

import (
	"log/slog"
	"net/url"
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

// Sources is what apt reads in a template.
func Sources(c Config, name string) string {
	r, _ := find(name)
	return r.sources(c)
}
