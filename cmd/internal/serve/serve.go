// Package serve runs the HTTP service of a program until it is told to stop.
package serve

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/exopool/exopool/internal/lograte"
)

// grace is how long requests in flight may take once the program is told to
// stop. Everything served here answers in milliseconds.
const grace = 500 * time.Millisecond

// Listen opens addr, HOST:PORT with an empty HOST for all addresses. The error
// says what to do when another program uses the port.
func Listen(ctx context.Context, addr string) (net.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%w: stop the program that uses it, or choose another port", err)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%w: choose a port of 1024 or above, or give the program the right to this one", err)
	}
	return listener, err
}

const (
	// maxConnections limits the open connections. Senders of webhooks,
	// Prometheus and an engineer need a handful.
	maxConnections = 64

	// maxHeader limits the head of a request, in bytes. The server of package
	// net/http reads headroom bytes more than its limit.
	maxHeader = 8 << 10
	headroom  = 4 << 10
)

// A Config is what [Run] serves and how.
type Config struct {
	Handler http.Handler
	Logger  *slog.Logger
	// Namespace comes before the names of metrics, such as
	// exopool_autoscaler. A nil Registerer leaves them unregistered.
	Namespace  string
	Registerer prometheus.Registerer
	Keypair    *Keypair // nil: plain HTTP
}

// Run serves HTTP/1 on listener until ctx ends, over TLS with a [Keypair].
// Then it accepts no more connections, gives requests in flight half a second to
// finish, and returns nil.
//
// What strangers can make it use is limited: 64 connections, see [limiter], 8 KiB
// for the head of a request, which has to arrive within 5 seconds, and one line
// in the log per second. The handler has to limit bodies.
func Run(ctx context.Context, listener net.Listener, cfg Config) error {
	m, err := newMetrics(cfg.Registerer, cfg.Namespace, cfg.Keypair != nil)
	if err != nil {
		return err
	}
	logger := lograte.Logger(cfg.Logger, time.Second)
	limited := newLimiter(listener, maxConnections, cfg.Keypair != nil, logger, m)
	server := &http.Server{
		Handler:           cfg.Handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      20 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    maxHeader - headroom,
		ConnState:         limited.connState,
		ErrorLog:          log.New(errorLog{logger}, "", 0),
		// One connection is one request at a time, which bounds memory.
		Protocols: new(http.Protocols),
	}
	server.Protocols.SetHTTP1(true)
	var watching sync.WaitGroup
	defer watching.Wait()
	watched, stop := context.WithCancel(ctx)
	defer stop()
	if cfg.Keypair != nil {
		server.TLSConfig = cfg.Keypair.config()
		watching.Go(func() { cfg.Keypair.watch(watched, cfg.Logger, &m.keypair) })
	}
	served := make(chan error, 1)
	go func() { served <- serveOn(limited, server) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve on %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err = server.Shutdown(stopping)
	if err != nil { // the connections that are left are too slow
		err = server.Close()
	}
	if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}

func serveOn(listener net.Listener, server *http.Server) error {
	if server.TLSConfig != nil {
		return server.ServeTLS(listener, "", "") // the configuration has the certificate
	}
	return server.Serve(listener)
}

// An errorLog logs the messages of the server, one per line.
type errorLog struct{ logger *slog.Logger }

// Write implements [io.Writer].
func (l errorLog) Write(line []byte) (int, error) {
	text := strings.TrimSpace(string(line))
	level := slog.LevelWarn
	switch {
	case strings.HasPrefix(text, "http: panic"):
		level = slog.LevelError
	case strings.HasSuffix(text, ": EOF"): // a connection that sent nothing, such as one of a port check
		level = slog.LevelDebug
	}
	l.logger.Log(context.Background(), level, "HTTP server", slog.String("err", text))
	return len(line), nil
}
