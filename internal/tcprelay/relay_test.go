package tcprelay_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/exopool/exopool/internal/tcprelay"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// timeout bounds every wait for a peer; a wait that succeeds is far shorter.
const timeout = 10 * time.Second

// pipe returns the two ends of a TCP connection.
func pipe(t *testing.T) (client, server *net.TCPConn) {
	t.Helper()
	listener, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer listener.Close()
	dialled, err := net.DialTCP("tcp4", nil, listener.Addr().(*net.TCPAddr))
	require.NoError(t, err)
	accepted, err := listener.AcceptTCP()
	require.NoError(t, err)
	for _, conn := range []net.Conn{dialled, accepted} {
		require.NoError(t, conn.SetDeadline(time.Now().Add(timeout)))
		t.Cleanup(func() { conn.Close() })
	}
	return dialled, accepted
}

// join joins two connections and returns their far ends, and a channel that
// is closed when Join returns.
func join(t *testing.T, ctx context.Context) (left, right *net.TCPConn, done chan struct{}) { //nolint:revive // t comes first
	t.Helper()
	left, a := pipe(t)
	right, b := pipe(t)
	done = make(chan struct{})
	go func() {
		defer close(done)
		tcprelay.Join(ctx, a, b)
	}()
	return left, right, done
}

func TestJoinPassesTheEndOfOneDirectionOnWhileTheOtherContinues(t *testing.T) {
	client, server, done := join(t, t.Context())
	_, err := client.Write([]byte("request"))
	require.NoError(t, err)
	require.NoError(t, client.CloseWrite())
	request, err := io.ReadAll(server)
	require.NoError(t, err)
	assert.Equal(t, "request", string(request))

	_, err = server.Write([]byte("response"))
	require.NoError(t, err)
	require.NoError(t, server.Close())
	response, err := io.ReadAll(client)
	require.NoError(t, err)
	assert.Equal(t, "response", string(response))
	<-done
}

func TestJoinEndsBothDirections(t *testing.T) {
	for name, end := range map[string]func(client *net.TCPConn, cancel context.CancelFunc){
		"when a peer resets":    func(client *net.TCPConn, _ context.CancelFunc) { tcprelay.Reset(client) },
		"when the context ends": func(_ *net.TCPConn, cancel context.CancelFunc) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			client, server, done := join(t, ctx)
			end(client, cancel)
			<-done
			_, err := server.Read(make([]byte, 1))
			require.ErrorIs(t, err, io.EOF)
		})
	}
}

func TestResetIsAnErrorForThePeer(t *testing.T) {
	client, server := pipe(t)
	tcprelay.Reset(server)
	_, err := client.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ECONNRESET)
}

func TestServeLimitsOpenConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		listener := newListener()
		var open atomic.Int32
		release := make(chan struct{})
		server := tcprelay.Server{
			Logger:         slog.New(slog.DiscardHandler),
			MaxConnections: 2,
			Handle: func(_ context.Context, conn net.Conn) {
				open.Add(1)
				<-release
				open.Add(-1)
				conn.Close()
			},
		}
		done := make(chan struct{})
		go func() { defer close(done); server.Serve(ctx, listener) }()
		for range 2 {
			listener.results <- nil
		}
		synctest.Wait()
		assert.EqualValues(t, 2, open.Load())
		select {
		case listener.results <- nil:
			t.Error("a third connection was accepted while two were open")
		default:
		}
		release <- struct{}{}
		listener.results <- nil
		synctest.Wait()
		assert.EqualValues(t, 2, open.Load())

		cancel()
		synctest.Wait()
		select {
		case <-done:
			t.Error("Serve returned while connections were open")
		default:
		}
		close(release)
		<-done
	})
}

func TestServeAcceptsAgainAfterAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listener := newListener()
		handled := make(chan struct{})
		server := tcprelay.Server{
			Logger: slog.New(slog.DiscardHandler),
			Handle: func(_ context.Context, conn net.Conn) { conn.Close(); close(handled) },
		}
		done := make(chan struct{})
		go func() { defer close(done); server.Serve(t.Context(), listener) }()
		begin := time.Now()
		listener.results <- errors.New("too many open files")
		listener.results <- nil
		<-handled
		assert.Positive(t, time.Since(begin), "no pause after an error")
		require.NoError(t, listener.Close())
		<-done
	})
}

// A listener accepts a connection for every nil it gets, or fails.
type listener struct {
	results chan error
	closed  chan struct{}
	closing atomic.Bool
}

func newListener() *listener {
	return &listener{results: make(chan error), closed: make(chan struct{})}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case err := <-l.results:
		if err != nil {
			return nil, err
		}
		conn, other := net.Pipe()
		return conn, other.Close()
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	if !l.closing.Swap(true) {
		close(l.closed)
	}
	return nil
}

func (l *listener) Addr() net.Addr { return &net.TCPAddr{} }
