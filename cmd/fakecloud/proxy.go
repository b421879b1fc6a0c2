package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/exopool/exopool/fake/intercept"
)

// intercept brings up the proxy, and the file with the certificates to trust.
func (in *instance) intercept(ctx context.Context, environ []string, authority *intercept.Authority, log *slog.Logger) error {
	self := strings.TrimPrefix(in.contact.Base, "http://")
	proxy, err := intercept.New(intercept.Config{
		Domain: realCloud, Authority: authority, Handler: in.border, Neighbours: in.neighbours,
		Upstream: upstream(self, http.ProxyFromEnvironment), Logger: log,
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
	if err := os.WriteFile(in.contact.Bundle, proxy.Bundle(trusted(environ)), 0o600); err != nil {
		return fmt.Errorf("write certificates: %w", err)
	}
	return nil
}

// trusted returns the file of certificates that is in force.
func trusted(environ []string) (file string) {
	for _, assignment := range environ {
		if name, value, _ := strings.Cut(assignment, "="); name == "SSL_CERT_FILE" {
			file = value
		}
	}
	return file
}

// upstream tells the user's own proxy. A shell that had the environment of an
// earlier instance may name this one.
func upstream(self string, own func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	return func(r *http.Request) (*url.URL, error) {
		via, err := own(r)
		if via != nil && via.Host == self {
			return nil, err
		}
		return via, err
	}
}
