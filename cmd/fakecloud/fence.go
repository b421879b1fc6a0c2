package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// realCloud is the domain of the API, and of everything else that is Exoscale's.
const realCloud = "exoscale.com"

// A fence is the HTTPS proxy of programs that use the fake cloud. Some clients
// ignore EXOSCALE_API_ENDPOINT, as half of the Terraform provider does: they
// would leave for the real cloud and are refused, with the host's name. What
// goes elsewhere passes through, unread.
type fence struct {
	self  string // address of the fence
	log   io.Writer
	proxy func(*http.Request) (*url.URL, error) // the user's own one; a nil URL means none

	tunnels sync.WaitGroup
	refused sync.Map // hosts that were logged
}

// ServeHTTP answers a CONNECT request.
func (f *fence) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.tunnels.Add(1)
	defer f.tunnels.Done()
	status := http.StatusForbidden
	var server net.Conn
	err := f.check(r.Host)
	if err == nil {
		status = http.StatusBadGateway
		server, err = f.dial(r)
	}
	client, buffered, hijackErr := http.NewResponseController(w).Hijack()
	if err := errors.Join(err, hijackErr); err != nil {
		if server != nil {
			_ = server.Close()
		}
		if hijackErr == nil {
			// Go's client shows nothing of a refusal but this line.
			_, _ = fmt.Fprintf(client, "HTTP/1.1 %d %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status, oneLine(err))
			_ = client.Close()
		}
		return
	}
	if _, err := io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n"); err == nil {
		join(r.Context(), client, buffered, server)
	}
	_, _ = client.Close(), server.Close()
}

// check refuses the hosts of the real cloud, and logs each once.
func (f *fence) check(target string) error {
	host, _, err := net.SplitHostPort(target)
	if err != nil {
		return fmt.Errorf("connect to %s: want HOST:PORT", target)
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if host != realCloud && !strings.HasSuffix(host, "."+realCloud) {
		return nil
	}
	err = fmt.Errorf("the fake cloud keeps clients from %s; this one does not heed EXOSCALE_API_ENDPOINT", host)
	if _, before := f.refused.LoadOrStore(host, true); !before {
		fmt.Fprintf(f.log, "fakecloud: %v\n", err)
	}
	return err
}

// dial connects to the target of a CONNECT request, by way of the user's own
// proxy if there is one.
func (f *fence) dial(r *http.Request) (net.Conn, error) {
	var dialer net.Dialer
	via, err := f.proxy(&http.Request{URL: &url.URL{Scheme: "https", Host: r.Host}})
	// A shell that had the environment of an earlier instance names this one.
	if err != nil || via == nil || via.Host == f.self {
		return dialer.DialContext(r.Context(), "tcp", r.Host)
	}
	if via.Scheme != "http" || via.Port() == "" {
		return nil, fmt.Errorf("connect to %s: the proxy %s is not of the form http://HOST:PORT", r.Host, via.Redacted())
	}
	server, err := dialer.DialContext(r.Context(), "tcp", via.Host)
	if err != nil {
		return nil, err
	}
	request := "CONNECT " + r.Host + " HTTP/1.1\r\nHost: " + r.Host + "\r\n"
	if via.User != nil {
		password, _ := via.User.Password()
		word := base64.StdEncoding.EncodeToString([]byte(via.User.Username() + ":" + password))
		request += "Proxy-Authorization: Basic " + word + "\r\n"
	}
	if _, err := io.WriteString(server, request+"\r\n"); err != nil {
		return nil, errors.Join(err, server.Close())
	}
	// The server speaks only after the client: nothing is lost in the buffer.
	answer, err := http.ReadResponse(bufio.NewReader(server), &http.Request{Method: http.MethodConnect}) //nolint:bodyclose // it is the tunnel
	if err != nil {
		return nil, errors.Join(err, server.Close())
	}
	if answer.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("connect to %s: the proxy says %s", r.Host, answer.Status), server.Close())
	}
	return server, nil
}

// join copies both ways until both sides have ended, or ctx has.
func join(ctx context.Context, client net.Conn, fromClient io.Reader, server net.Conn) {
	stop := context.AfterFunc(ctx, func() { _, _ = client.Close(), server.Close() })
	defer stop()
	var wg sync.WaitGroup
	wg.Go(func() { forward(server, fromClient) })
	wg.Go(func() { forward(client, server) })
	wg.Wait()
}

// forward copies, and passes the end on.
func forward(to net.Conn, from io.Reader) {
	_, _ = io.Copy(to, from) // whatever ends one direction ends it
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}

func oneLine(err error) string {
	return strings.Join(strings.Fields(err.Error()), " ")
}
