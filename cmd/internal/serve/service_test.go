package serve_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/serve"
)

// network is a listener in memory, so that its time can be virtual.
type network struct {
	accept chan net.Conn
	closed chan struct{}
}

func (n network) Accept() (net.Conn, error) {
	select {
	case c := <-n.accept:
		return c, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

func (n network) Close() error {
	close(n.closed)
	return nil
}

func (network) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 200), Port: 80} }

// remote is the server's end of a connection.
type remote struct {
	net.Conn
	from net.Addr
}

func (r remote) RemoteAddr() net.Addr { return r.from }

// A service is a server in a bubble of virtual time.
type service struct {
	*testing.T
	network
	registry *prometheus.Registry
	log      *bytes.Buffer // to be read when all goroutines wait
	clients  *[]net.Conn
}

func bubble(t *testing.T, handler http.HandlerFunc, test func(service)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { run(t, serve.Config{Handler: handler}, test) })
}

// run serves within a bubble, until the test is done.
func run(t *testing.T, cfg serve.Config, test func(service)) {
	t.Helper()
	s := service{
		T: t, network: network{make(chan net.Conn), make(chan struct{})},
		registry: prometheus.NewRegistry(), log: &bytes.Buffer{}, clients: &[]net.Conn{},
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		cfg.Logger, cfg.Namespace, cfg.Registerer = slog.New(slog.NewTextHandler(s.log, nil)), "test", s.registry
		ended <- serve.Run(ctx, s.network, cfg)
	}()
	test(s)
	for _, c := range *s.clients { // a connection in memory takes nothing that is not read
		c.Close()
	}
	cancel()
	require.NoError(t, <-ended)
	synctest.Wait()
	assert.Zero(t, s.metric("test_http_connections"), "all are closed in the end")
}

func (s service) metric(name string) float64 {
	s.Helper()
	families, err := s.registry.Gather()
	require.NoError(s, err)
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue() + f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	require.Fail(s, "no such metric", name)
	return 0
}

// connect opens a connection from an address.
func (s service) connect(from string) net.Conn {
	s.Helper()
	time.Sleep(time.Millisecond) // none is as old as another
	client, server := net.Pipe()
	s.accept <- remote{server, &net.TCPAddr{IP: net.ParseIP(from), Port: 1234}}
	synctest.Wait()
	*s.clients = append(*s.clients, client)
	return client
}

// ask sends a request and returns the status of the answer, 0 if there is
// none.
func (s service) ask(c net.Conn, request string) int {
	s.Helper()
	code := make(chan int, 1)
	go func() {
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			code <- 0
			return
		}
		defer resp.Body.Close()
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			code <- 0
			return
		}
		code <- resp.StatusCode
	}()
	go func() { _, _ = io.WriteString(c, request) }() // the server may hang up while it is sent
	return <-code
}

// isOpen reports whether the server has not closed the connection. It must
// have nothing to send.
func (s service) isOpen(c net.Conn) bool {
	s.Helper()
	if c.SetReadDeadline(time.Now().Add(time.Nanosecond)) != nil {
		return false
	}
	_, err := c.Read(make([]byte, 1))
	require.Error(s, err)
	return !errors.Is(err, io.EOF)
}

const plainRequest = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

func hello(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }
