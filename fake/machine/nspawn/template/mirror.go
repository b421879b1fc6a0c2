package template

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
)

// FallbackMirror is Debian's own address, which finds a mirror nearby.
const FallbackMirror = "http://deb.debian.org/debian"

// Mirror finds the Debian mirror that a host uses, given its /etc/apt, and
// returns [FallbackMirror] if it uses none, say because it is not a Debian
// host. Both formats of sources are understood, see sources.list(5).
func Mirror(apt fs.FS) string {
	lists, _ := fs.Glob(apt, "sources.list.d/*.list")
	deb822, _ := fs.Glob(apt, "sources.list.d/*.sources")
	for _, name := range slices.Concat([]string{"sources.list"}, deb822, lists) {
		content, err := fs.ReadFile(apt, name)
		if err != nil {
			continue // What cannot be read is not used.
		}
		parse := oneLine
		if path.Ext(name) == ".sources" {
			parse = stanzas
		}
		for _, s := range parse(string(content)) {
			if s.debian() {
				return strings.TrimSuffix(s.uri, "/")
			}
		}
	}
	return FallbackMirror
}

// A source is one archive of packages.
type source struct {
	uri        string
	suites     []string
	components []string
}

// debian reports whether an archive is Debian's main one; it then has all
// releases.
func (s source) debian() bool {
	u, err := url.Parse(s.uri)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return false
	}
	releases := []string{
		"bullseye", "bookworm", "trixie", "forky", "duke", "sid", "oldoldstable", "oldstable", "stable", "testing", "unstable",
	}
	return path.Base(u.Path) == "debian" && slices.Contains(s.components, "main") &&
		slices.ContainsFunc(s.suites, func(suite string) bool { return slices.Contains(releases, suite) })
}

// oneLine reads "deb [options] uri suite component...".
func oneLine(text string) []source {
	var found []source
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		if before, rest, ok := strings.Cut(line, "["); ok {
			_, after, _ := strings.Cut(rest, "]")
			line = before + " " + after
		}
		words := strings.Fields(line)
		if len(words) > 3 && words[0] == "deb" {
			found = append(found, source{words[1], words[2:3], words[3:]})
		}
	}
	return found
}

// stanzas reads paragraphs of "Field: value" lines.
func stanzas(text string) []source {
	var found []source
	fields := map[string][]string{}
	last := ""
	flush := func() {
		enabled := fields["enabled"]
		off := len(enabled) > 0 && slices.Contains([]string{"no", "false", "0", "off"}, strings.ToLower(enabled[0]))
		if slices.Contains(fields["types"], "deb") && !off {
			for _, uri := range fields["uris"] {
				found = append(found, source{uri, fields["suites"], fields["components"]})
			}
		}
		fields, last = map[string][]string{}, ""
	}
	for line := range strings.Lines(text) {
		switch {
		case strings.TrimSpace(line) == "":
			flush()
		case strings.HasPrefix(line, "#"):
		case line[0] == ' ' || line[0] == '\t': // goes on with the field before
			fields[last] = append(fields[last], strings.Fields(line)...)
		default:
			name, value, _ := strings.Cut(line, ":")
			last = strings.ToLower(strings.TrimSpace(name))
			fields[last] = strings.Fields(value)
		}
	}
	flush()
	return found
}

// parseMirror refuses what is not the address of a mirror. Such an address may
// hold a password, so what is refused is not repeated.
func parseMirror(mirror string) (*url.URL, error) {
	u, err := url.Parse(mirror)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || strings.ContainsAny(mirror, " \t\n") {
		return nil, fmt.Errorf("this is not the address of a mirror; want e.g. %s", FallbackMirror)
	}
	return u, nil
}

// answerTimeout is how long a mirror may take to say that it is there.
const answerTimeout = 10 * time.Second

// Reach asks the mirror of a template whether it has the release. Without a mirror
// the template cannot be built.
func Reach(ctx context.Context, cfg Config, name string) error {
	r, ok := find(name)
	if !ok {
		return fmt.Errorf("there is no template %q that can be built", name)
	}
	return reach(ctx, cfg, r)
}

func reach(ctx context.Context, cfg Config, r release) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	address := r.mirror(cfg) + "/dists/" + r.suite + "/Release"
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, address, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", req.URL.Redacted(), resp.Status)
	}
	return nil
}
