package tlsproxy

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"github.com/exopool/exopool/internal/tcprelay"
)

// connectTimeout is how long the way to another host may take to open.
const connectTimeout = 30 * time.Second

// tunnel connects a client with a target, HOST:PORT, outside the domains.
func (p *Proxy) tunnel(w http.ResponseWriter, r *http.Request, target string) {
	server, err := p.dial(r.Context(), target)
	if err != nil {
		refuse(w, http.StatusBadGateway, err)
		return
	}
	client, err := accept(w)
	if err != nil {
		_ = server.Close()
		return
	}
	tcprelay.Join(r.Context(), client, server)
}

// dial connects to a target, by way of another proxy if there is one.
func (p *Proxy) dial(ctx context.Context, target string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	var dialer net.Dialer
	via, err := p.upstream(&http.Request{URL: &url.URL{Scheme: "https", Host: target}})
	if err != nil {
		return nil, fmt.Errorf("connect to %s: look up its proxy: %w", target, err)
	}
	if via == nil {
		return dialer.DialContext(ctx, "tcp", target)
	}
	if via.Scheme != "http" || via.Port() == "" {
		return nil, fmt.Errorf("connect to %s: the proxy %s is not of the form http://HOST:PORT", target, via.Redacted())
	}
	server, err := dialer.DialContext(ctx, "tcp", via.Host)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := sendConnect(server, via, target); err != nil {
		return nil, errors.Join(fmt.Errorf("connect to %s: %w", target, err), server.Close())
	}
	return server, nil
}

// sendConnect has the proxy at the other end connect to the target.
func sendConnect(server io.ReadWriter, via *url.URL, target string) error {
	request := "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n"
	if via.User != nil {
		password, _ := via.User.Password()
		word := base64.StdEncoding.EncodeToString([]byte(via.User.Username() + ":" + password))
		request += "Proxy-Authorization: Basic " + word + "\r\n"
	}
	if _, err := io.WriteString(server, request+"\r\n"); err != nil {
		return err
	}
	// The server speaks only after the client: nothing is lost in the buffer.
	head := bufio.NewReader(io.LimitReader(server, maxHeader))
	answer, err := http.ReadResponse(head, &http.Request{Method: http.MethodConnect}) //nolint:bodyclose // it is the tunnel
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the proxy says %s", answer.Status)
	}
	return nil
}

// A bufferedConn is a connection from which a reader has already read.
type bufferedConn struct {
	net.Conn

	reader *bufio.Reader // may hold what the client sent early
}

func (c *bufferedConn) Read(p []byte) (int, error) { return c.reader.Read(p) }

// CloseWrite ends one direction, where the connection can do so.
func (c *bufferedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// newForwarder returns what passes unencrypted requests on.
func newForwarder(transport *http.Transport) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.Out.Host = r.In.Host },
		Transport: transport,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			http.Error(w, fmt.Sprintf("ask %s: %v", r.URL.Host, err), http.StatusBadGateway)
		},
	}
}

func newTransport(upstream func(*http.Request) (*url.URL, error)) *http.Transport {
	return &http.Transport{
		Proxy:                  upstream,
		DialContext:            (&net.Dialer{Timeout: connectTimeout}).DialContext,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: 1 << 20,
		DisableCompression:     true, // passed on as it came
	}
}
