package fakecloud

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"golang.org/x/net/http/httpproxy"

	"github.com/exopool/exopool/fake/tlsproxy"
	"github.com/exopool/exopool/fake/vendordomains"
)

// startProxy starts the proxy, and writes the files that variables name.
func (c *Cloud) startProxy(ctx context.Context, authority *tlsproxy.Authority) error {
	proxy, err := tlsproxy.New(tlsproxy.Config{
		Domains: vendordomains.All(), Authority: authority, Handler: c.front, Unserved: c.front.addUnserved,
		Neighbours: c.neighbours, Upstream: upstream(c.address, c.cfg.Environ), Logger: c.cfg.Logger,
	})
	if err != nil {
		return err
	}
	c.proxy = proxy
	c.closeProxy(ctx, proxy)
	dir, err := os.MkdirTemp("", "fakecloud-") // for its owner only
	if err != nil {
		return fmt.Errorf("write certificates: %w", err)
	}
	c.closers = append(c.closers, func() error { return os.RemoveAll(dir) })
	c.connection.CertFile = filepath.Join(dir, "certificates.pem")
	bundle := proxy.Bundle(variable(c.cfg.Environ, "SSL_CERT_FILE"))
	if err := os.WriteFile(c.connection.CertFile, bundle, 0o600); err != nil {
		return fmt.Errorf("write certificates: %w", err)
	}
	for name, text := range c.connection.clientFiles() {
		if err := os.WriteFile(c.connection.file(name), []byte(text), 0o600); err != nil {
			return fmt.Errorf("write settings of clients: %w", err)
		}
	}
	return nil
}

// closeProxy closes a proxy with the cloud.
func (c *Cloud) closeProxy(ctx context.Context, proxy *tlsproxy.Proxy) {
	c.closers = append(c.closers, func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeGrace)
		defer cancel()
		_ = proxy.Close(ctx) // cuts whoever is still connected
		return nil
	})
}

// upstream returns the user's own proxy. A shell that had the environment of an
// earlier cloud may name this one.
func upstream(self string, environ []string) func(*http.Request) (*url.URL, error) {
	cfg := httpproxy.Config{
		HTTPProxy:  cmp.Or(variable(environ, "HTTP_PROXY"), variable(environ, "http_proxy")),
		HTTPSProxy: cmp.Or(variable(environ, "HTTPS_PROXY"), variable(environ, "https_proxy")),
		NoProxy:    cmp.Or(variable(environ, "NO_PROXY"), variable(environ, "no_proxy")),
	}
	proxyFor := cfg.ProxyFunc()
	return func(r *http.Request) (*url.URL, error) {
		via, err := proxyFor(r.URL)
		if via != nil && via.Host == self {
			return nil, err
		}
		return via, err
	}
}
