package serve_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/serve"
)

// maximum is how many connections may be open.
const maximum = 64

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
	log      *bytes.Buffer // to be read when everybody waits
}

func bubble(t *testing.T, handler http.HandlerFunc, test func(service)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := service{
			T: t, network: network{make(chan net.Conn), make(chan struct{})},
			registry: prometheus.NewRegistry(), log: &bytes.Buffer{},
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- serve.Run(ctx, s.network, serve.Config{
				Handler: handler, Logger: slog.New(slog.NewTextHandler(s.log, nil)), Namespace: "test", Registerer: s.registry,
			})
		}()
		test(s)
		cancel()
		require.NoError(t, <-ended)
		assert.Zero(t, s.metric("test_http_connections"), "all are closed in the end")
	})
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
	s.Cleanup(func() { client.Close() })
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
// have nothing to say.
func (s service) isOpen(c net.Conn) bool {
	s.Helper()
	if c.SetReadDeadline(time.Now().Add(time.Nanosecond)) != nil {
		return false
	}
	_, err := c.Read(make([]byte, 1))
	require.Error(s, err)
	return err != io.EOF
}

const plainRequest = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

func hello(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }

func TestTheHeadOfARequestMayHave8KiBAndNoMore(t *testing.T) {
	t.Parallel()
	bubble(t, hello, func(s service) {
		head := func(size int) string {
			const frame = "GET / HTTP/1.1\r\nHost: x\r\nX: \r\n\r\n"
			return strings.Replace(frame, "X: ", "X: "+strings.Repeat("a", size-len(frame)), 1)
		}
		c := s.connect("192.0.2.1")
		assert.Equal(s, http.StatusOK, s.ask(c, head(8<<10)))
		assert.Equal(s, http.StatusOK, s.ask(c, head(8<<10)), "each on the same connection")
		assert.Equal(s, http.StatusRequestHeaderFieldsTooLarge, s.ask(s.connect("192.0.2.1"), head(8<<10+1)))
		assert.Equal(s, http.StatusRequestHeaderFieldsTooLarge, s.ask(s.connect("192.0.2.1"), head(60<<10)))
	})
}

func TestASlowHeadIsGivenUp(t *testing.T) {
	t.Parallel()
	bubble(t, hello, func(s service) {
		c, began := s.connect("192.0.2.1"), time.Now()
		for range 4 { // a byte now and then does not help
			time.Sleep(time.Second)
			_, err := io.WriteString(c, "G")
			require.NoError(s, err)
		}
		assert.True(s, s.isOpen(c))
		require.NoError(s, c.SetReadDeadline(time.Time{}))
		_, err := io.Copy(io.Discard, c)
		require.NoError(s, err, "the server hangs up")
		assert.Equal(s, 5*time.Second, time.Since(began).Round(time.Second))
		synctest.Wait()
		assert.Zero(s, s.metric("test_http_connections"))
	})
}

func TestASlowBodyIsGivenUp(t *testing.T) {
	t.Parallel()
	bubble(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.ReadAll(r.Body) }, func(s service) {
		began := time.Now()
		assert.Equal(s, http.StatusOK, s.ask(s.connect("192.0.2.1"), "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx"))
		assert.Equal(s, 10*time.Second, time.Since(began).Round(time.Second))
	})
}

func TestConnectionsOfOneSourceDisplaceEachOtherOnly(t *testing.T) {
	t.Parallel()
	bubble(t, hello, func(s service) {
		sender := s.connect("192.0.2.1") // keeps its connection
		require.Equal(s, http.StatusOK, s.ask(sender, plainRequest))
		var flood []net.Conn
		for range 3 * maximum {
			flood = append(flood, s.connect("192.0.2.66"))
		}
		assert.EqualValues(s, maximum, s.metric("test_http_connections"))
		assert.EqualValues(s, 2*maximum+1, s.metric("test_http_connections_displaced_total"))
		assert.Equal(s, http.StatusOK, s.ask(sender, plainRequest))
		for _, c := range flood[:2*maximum+1] {
			assert.False(s, s.isOpen(c), "the oldest had to go")
		}
		for _, c := range flood[2*maximum+1:] {
			assert.True(s, s.isOpen(c), "the newest stay")
		}
		other := s.connect("192.0.2.2")
		assert.Equal(s, http.StatusOK, s.ask(other, plainRequest), "others come in")
		assert.Equal(s, http.StatusOK, s.ask(s.connect("192.0.2.66"), plainRequest), "even from the same address")
		assert.Equal(s, http.StatusOK, s.ask(sender, plainRequest))
		assert.EqualValues(s, maximum, s.metric("test_http_connections"))

		time.Sleep(time.Second)
		synctest.Wait()
		assert.LessOrEqual(s, strings.Count(s.log.String(), "too many connections"), 3, "about 200 ms, and one at their end")
		assert.Contains(s, s.log.String(), "source=192.0.2.66/32")
		problems, err := testutil.GatherAndLint(s.registry)
		require.NoError(s, err)
		assert.Empty(s, problems)
	})
}

func TestManySourcesDisplaceTheOneThatWaitsLongest(t *testing.T) {
	t.Parallel()
	bubble(t, hello, func(s service) {
		var all []net.Conn
		for i := range maximum {
			all = append(all, s.connect(fmt.Sprintf("192.0.2.%d", i)))
		}
		require.Equal(s, http.StatusOK, s.ask(all[0], plainRequest), "its wait begins anew")
		s.connect("198.51.100.1")
		assert.True(s, s.isOpen(all[0]))
		assert.False(s, s.isOpen(all[1]))
		assert.True(s, s.isOpen(all[2]))
	})
}

func TestRequestsBeingAnsweredGoLast(t *testing.T) {
	t.Parallel()
	readBody := func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err == nil {
			hello(w, r)
		}
	}
	bubble(t, readBody, func(s service) {
		const unfinished = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhell"
		begin := func() net.Conn {
			c := s.connect("192.0.2.66")
			_, err := io.WriteString(c, unfinished)
			require.NoError(s, err)
			synctest.Wait()
			return c
		}
		first := begin()
		silent := s.connect("192.0.2.66")
		for range maximum - 2 {
			begin()
		}
		begin()
		assert.False(s, s.isOpen(silent), "newer, but nobody waits for its answer")
		assert.True(s, s.isOpen(first))
		last := begin()
		assert.False(s, s.isOpen(first), "the slowest of all that are being answered")
		assert.Equal(s, http.StatusOK, s.ask(last, "o"))
	})
}

func TestWhatTheServerHasToSayIsLoggedOnceASecond(t *testing.T) {
	t.Parallel()
	bubble(t, func(http.ResponseWriter, *http.Request) { panic("oh no") }, func(s service) {
		for range 100 {
			assert.Zero(s, s.ask(s.connect("192.0.2.1"), plainRequest))
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		assert.Equal(s, 2, strings.Count(s.log.String(), "level=ERROR"))
		assert.Contains(s, s.log.String(), "oh no")
		assert.Contains(s, s.log.String(), "left_out=98")
	})
}
