package egressproxy_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/exopool/exopool/fake/machine/nspawn/egressproxy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const timeout = 10 * time.Second

// itself is the destination of who connects to a relay without being redirected.
const itself = "itself"

// relay serves until the test ends or end is called. Every connection was
// meant to go to the given address; what is dialled goes to the far listener.
func relay(t *testing.T, meant string, far string) (at string, end func()) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		egressproxy.Serve(ctx, l, egressproxy.Config{
			Logger: slog.New(slog.DiscardHandler),
			Destination: func(conn net.Conn) (netip.AddrPort, error) {
				switch meant {
				case "":
					return netip.AddrPort{}, errors.New("unknown")
				case itself:
					return conn.LocalAddr().(*net.TCPAddr).AddrPort(), nil
				}
				return netip.MustParseAddrPort(meant), nil
			},
			Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				if address != meant && meant != itself {
					return nil, errors.New("another destination")
				}
				return (&net.Dialer{}).DialContext(ctx, network, far)
			},
		})
	}()
	end = func() { cancel(); <-done }
	t.Cleanup(end)
	return l.Addr().String(), end
}

func dial(t *testing.T, at string) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp4", at)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(timeout)))
	return conn.(*net.TCPConn)
}

// listen serves one connection.
func listen(t *testing.T, serve func(*net.TCPConn)) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(timeout))
		serve(conn.(*net.TCPConn))
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}

func TestEndOfOneDirectionIsPassedOnWhileTheOtherGoesOn(t *testing.T) {
	far := listen(t, func(conn *net.TCPConn) {
		body, _ := io.ReadAll(conn) // the whole request, its end included
		_, _ = conn.Write(append([]byte("got "), body...))
	})
	at, _ := relay(t, "203.0.113.9:80", far)
	conn := dial(t, at)
	_, err := conn.Write([]byte("all"))
	require.NoError(t, err)
	require.NoError(t, conn.CloseWrite())
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	assert.Equal(t, "got all", string(answer))
}

func TestWhatCannotBeReachedIsReset(t *testing.T) {
	closed, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	open := listen(t, func(*net.TCPConn) {})
	for name, c := range map[string]struct{ meant, far string }{
		"a closed port":             {"203.0.113.9:80", closed.Addr().String()},
		"the host's loopback":       {"127.0.0.1:80", open},
		"the metadata of its cloud": {"169.254.169.254:80", open},
		"many at once":              {"224.0.0.1:80", open},
		"nowhere":                   {"0.0.0.0:80", open},
		"an unknown destination":    {"", open},
		"the relay itself":          {itself, open},
	} {
		t.Run(name, func(t *testing.T) {
			at, _ := relay(t, c.meant, c.far)
			conn, err := net.Dial("tcp4", at)
			if err == nil { // The reset may come before dialling is over.
				defer conn.Close()
				require.NoError(t, conn.SetDeadline(time.Now().Add(timeout)))
				_, err = conn.Read(make([]byte, 1))
			}
			require.ErrorIs(t, err, syscall.ECONNRESET)
		})
	}
}

func TestEndCutsConnections(t *testing.T) {
	held := make(chan struct{})
	far := listen(t, func(conn *net.TCPConn) {
		_, _ = conn.Write([]byte("x"))
		_, _ = conn.Read(make([]byte, 1)) // until the relay ends
		close(held)
	})
	at, end := relay(t, "203.0.113.9:80", far)
	conn := dial(t, at)
	_, err := conn.Read(make([]byte, 1))
	require.NoError(t, err)
	end()
	<-held
	_, err = conn.Read(make([]byte, 1))
	require.Error(t, err)
	_, err = net.Dial("tcp4", at)
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
}
