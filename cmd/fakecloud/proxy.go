package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"

	"github.com/exopool/exopool/fake/domains"
	"github.com/exopool/exopool/fake/intercept"
)

// intercept brings up the proxy, and the files that variables name.
func (in *instance) intercept(ctx context.Context, environ []string, authority *intercept.Authority, log *slog.Logger) error {
	self := strings.TrimPrefix(in.contact.Base, "http://")
	proxy, err := intercept.New(intercept.Config{
		Domains: domains.All(), Authority: authority, Handler: in.border, Unheard: in.border.unheard,
		Neighbours: in.neighbours, Upstream: upstream(self, environ), Logger: log,
	})
	if err != nil {
		return err
	}
	in.proxy = proxy
	in.closers = append(in.closers, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = proxy.Close(grace) // whoever is still there loses the connection
	})
	dir, err := os.MkdirTemp("", "fakecloud-") // for its owner only
	if err != nil {
		return fmt.Errorf("write certificates: %w", err)
	}
	in.closers = append(in.closers, func() { _ = os.RemoveAll(dir) })
	in.contact.Bundle = filepath.Join(dir, "certificates.pem")
	if err := os.WriteFile(in.contact.Bundle, proxy.Bundle(variable(environ, "SSL_CERT_FILE")), 0o600); err != nil {
		return fmt.Errorf("write certificates: %w", err)
	}
	for name, text := range in.contact.files() {
		if err := os.WriteFile(in.contact.file(name), []byte(text), 0o600); err != nil {
			return fmt.Errorf("write settings of clients: %w", err)
		}
	}
	return nil
}

// upstream tells the user's own proxy. A shell that had the environment of an
// earlier instance may name this one.
func upstream(self string, environ []string) func(*http.Request) (*url.URL, error) {
	own := httpproxy.Config{
		HTTPProxy:  cmp.Or(variable(environ, "HTTP_PROXY"), variable(environ, "http_proxy")),
		HTTPSProxy: cmp.Or(variable(environ, "HTTPS_PROXY"), variable(environ, "https_proxy")),
		NoProxy:    cmp.Or(variable(environ, "NO_PROXY"), variable(environ, "no_proxy")),
	}
	of := own.ProxyFunc()
	return func(r *http.Request) (*url.URL, error) {
		via, err := of(r.URL)
		if via != nil && via.Host == self {
			return nil, err
		}
		return via, err
	}
}

// variable returns the value of a variable, of its last assignment if there
// are several.
func variable(environ []string, name string) (value string) {
	for _, assignment := range environ {
		if n, v, _ := strings.Cut(assignment, "="); n == name {
			value = v
		}
	}
	return value
}
