package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/exopool/exopool/fake/exoapi"
)

// A contact is what reaches a running instance. It is kept in a file that only
// its user may read, for the commands env, faults and calls.
type contact struct {
	Base   string // http://127.0.0.1:8929
	Key    string
	Secret string
	Zone   string
	Token  string // for what is not part of the API
	Bundle string // file with the certificates to trust, see intercept
}

// environ returns the variables that send clients to the instance, under all
// the names they look for, and keep them from the real cloud. Some of them add
// to those that are there.
//
// There are two ways to the instance, and a client may use both: its address,
// which is the endpoint here and in the list of zones, and the proxy, which
// answers for the real addresses.
func (c contact) environ(present []string) []string {
	direct := directHosts(present)
	return []string{
		"EXOSCALE_API_KEY=" + c.Key,
		"EXOSCALE_API_SECRET=" + c.Secret,
		"EXOSCALE_KEY=" + c.Key,
		"EXOSCALE_SECRET=" + c.Secret,
		"EXOSCALE_ZONE=" + c.Zone,
		"EXOSCALE_API_ENDPOINT=" + c.Base + "/v2",
		"HTTPS_PROXY=" + c.Base,
		"https_proxy=" + c.Base,
		"HTTP_PROXY=" + c.Base,
		"http_proxy=" + c.Base,
		"NO_PROXY=" + direct,
		"no_proxy=" + direct,
		"SSL_CERT_FILE=" + c.Bundle,
		// curl and Python's requests look here first.
		"CURL_CA_BUNDLE=" + c.Bundle,
		"REQUESTS_CA_BUNDLE=" + c.Bundle,
		// For the Terraform module of this repository, and for Terraform
		// itself: no question to its maker about newer versions.
		"TF_VAR_exoscale_key=" + c.Key,
		"TF_VAR_exoscale_secret=" + c.Secret,
		"CHECKPOINT_DISABLE=1",
		// A state that lists real resources would otherwise be compared with
		// this cloud, where there are none, and forget them.
		"TF_WORKSPACE=fakecloud",
	}
}

// directHosts returns the hosts to reach without a proxy: those named already,
// less the real cloud, and this computer.
func directHosts(environ []string) string {
	hosts := []string{"127.0.0.0/8", "127.0.0.1", "localhost"}
	for _, assignment := range environ {
		name, value, _ := strings.Cut(assignment, "=")
		if !strings.EqualFold(name, "NO_PROXY") {
			continue
		}
		for _, host := range strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' }) {
			if !meansVendor(host) && !slices.Contains(hosts, host) {
				hosts = append(hosts, host)
			}
		}
	}
	return strings.Join(hosts, ",")
}

// meansVendor reports whether a word of NO_PROXY may mean a host of the vendor
// to some client: they differ in how they read asterisks, dots and ports.
func meansVendor(word string) bool {
	suffix := strings.TrimRight(strings.ToLower(strings.TrimLeft(word, "*.")), ".")
	return strings.Contains(suffix, "*") || slices.ContainsFunc(exoapi.Domains(), func(domain string) bool {
		return strings.Contains(suffix, domain) || strings.HasSuffix(domain, suffix)
	})
}

// shell returns the environment as commands for a shell.
func (c contact) shell(present []string) string {
	var b strings.Builder
	for _, assignment := range c.environ(present) {
		name, value, _ := strings.Cut(assignment, "=")
		if strings.Trim(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:,[]") != "" {
			value = "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
		}
		fmt.Fprintf(&b, "export %s=%s\n", name, value)
	}
	return b.String()
}

// redirect returns environ without whatever could lead to a real account, and
// with what leads to the instance.
func (c contact) redirect(environ []string) []string {
	replaced := []string{"HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"}
	kept := slices.DeleteFunc(slices.Clone(environ), func(assignment string) bool {
		name, _, _ := strings.Cut(assignment, "=")
		return strings.HasPrefix(name, "EXOSCALE_") || strings.HasPrefix(name, "CLOUDSTACK_") ||
			strings.HasPrefix(name, "TF_VAR_exoscale_") || slices.Contains(replaced, strings.ToUpper(name))
	})
	return append(kept, c.environ(environ)...)
}

// directory returns where contacts are kept: what ends with the login if there
// is such a place, else the user's cache.
func (p program) directory() (string, error) {
	vars := map[string]string{}
	for _, assignment := range p.environ {
		name, value, _ := strings.Cut(assignment, "=")
		vars[name] = value
	}
	switch {
	case filepath.IsAbs(vars["XDG_RUNTIME_DIR"]):
		return filepath.Join(vars["XDG_RUNTIME_DIR"], "fakecloud"), nil
	case filepath.IsAbs(vars["XDG_CACHE_HOME"]):
		return filepath.Join(vars["XDG_CACHE_HOME"], "fakecloud"), nil
	case filepath.IsAbs(vars["HOME"]):
		return filepath.Join(vars["HOME"], ".cache", "fakecloud"), nil
	}
	return "", errors.New("neither XDG_RUNTIME_DIR nor XDG_CACHE_HOME nor HOME is set")
}

// leave writes the contact and returns how to take it back.
func (p program) leave(c contact) (remove func(), err error) {
	dir, err := p.directory()
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(c.Base)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(c) //nolint:gosec // the file is for its owner only
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	// CreateTemp makes the file readable by its owner only.
	file, err := os.CreateTemp(dir, "new-*")
	if err != nil {
		return nil, err
	}
	name := filepath.Join(dir, base.Port()+".json")
	_, err = file.Write(text)
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, errors.Join(err, os.Remove(file.Name()))
	}
	if err := os.Rename(file.Name(), name); err != nil {
		return nil, errors.Join(err, os.Remove(file.Name()))
	}
	return func() { _ = os.Remove(name) }, nil
}

// find returns the running instance: the one on the given port, or the only
// one. Contacts of instances that did not end in order are removed.
func (p program) find(ctx context.Context, port int) (contact, error) {
	dir, err := p.directory()
	if err != nil {
		return contact{}, err
	}
	pattern := "*.json"
	if port != 0 {
		pattern = fmt.Sprintf("%d.json", port)
	}
	names, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		return contact{}, err
	}
	var running []contact
	for _, name := range names {
		c, err := readContact(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return contact{}, err
		}
		if c.call(ctx, "GET", "calls", nil, nil) != nil {
			_ = os.Remove(name) //nolint:gosec // names come from Glob
			continue
		}
		running = append(running, c)
	}
	switch len(running) {
	case 0:
		return contact{}, errors.New("no instance is running; start one with: fakecloud serve")
	case 1:
		return running[0], nil
	}
	bases := make([]string, len(running))
	for i, c := range running {
		bases[i] = c.Base
	}
	return contact{}, usageError{fmt.Errorf("%d instances are running, choose one with -port: %s", len(running), strings.Join(bases, ", "))}
}

func readContact(name string) (contact, error) {
	text, err := os.ReadFile(name) //nolint:gosec // the user's own file
	if err != nil {
		return contact{}, err
	}
	var c contact
	if err := json.Unmarshal(text, &c); err != nil {
		return contact{}, fmt.Errorf("read %s: %w", name, err)
	}
	if u, err := url.Parse(c.Base); err != nil || u.Scheme != "http" || !isLoopback(u.Host) {
		return contact{}, fmt.Errorf("read %s: not the address of an instance", name)
	}
	return c, nil
}
