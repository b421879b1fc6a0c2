package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/exopool/exopool/fake/domains"
	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/intercept"
)

// An instance is a cloud that answers on a loopback address.
type instance struct {
	contact contact
	cloud   *exoapi.Cloud
	border  *border
	proxy   *intercept.Proxy
	failed  chan error // why it stopped answering
	closers []func()

	// gateway is where machines that really boot find the API; nil without
	// such machines.
	gateway net.Listener
	// neighbours answer there for names outside the cloud.
	neighbours []*intercept.Proxy
	// endpoint tells where a load balancer really listens; nil where that is
	// its address.
	endpoint func(balancerID string, port int) (netip.AddrPort, bool)
	ended    sync.WaitGroup
}

// start is the function start, which a signal ends: to prepare machines may
// take minutes.
func (p program) start(ctx context.Context, s settings) (*instance, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	up := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case signal := <-p.signals:
			cancel(fmt.Errorf("stopped by %s before it was ready", signal))
		case <-up:
		}
	}()
	in, err := start(ctx, s, p.environ, p.stderr)
	close(up)
	<-watched
	if cause := context.Cause(ctx); cause != nil {
		if in != nil {
			in.close()
		}
		return nil, cause
	}
	return in, err
}

// start brings up a cloud and its listener. The caller closes the instance.
func start(ctx context.Context, s settings, environ []string, logs io.Writer) (_ *instance, err error) {
	address, err := loopback(s.listen)
	if err != nil {
		return nil, err
	}
	credentials, err := s.credentials()
	if err != nil {
		return nil, fmt.Errorf("read credentials: %w", err)
	}
	in := &instance{failed: make(chan error, 2)}
	defer func() {
		if err != nil {
			in.close()
		}
	}()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	in.closers = append(in.closers, func() { _ = listener.Close() })
	log, settle := s.logger(logs)
	authority, err := intercept.NewAuthority(domains.All()...)
	if err != nil {
		return nil, err
	}
	machines, err := in.machines(ctx, s, log, authority)
	if err != nil {
		return nil, err
	}
	base := "http://" + listener.Addr().String()
	in.cloud, err = exoapi.New(exoapi.Config{
		Credentials: credentials,
		DefaultZone: s.zone,
		Machines:    machines,
		Timing:      exoapi.Timing{Speed: s.speed},
		APIEndpoint: func(zone string) string { return in.apiOf(zone, base) },
		Logger:      log,
	})
	if err != nil {
		return nil, err
	}
	in.closers = append(in.closers, in.cloud.Close)
	in.contact = contact{Base: base, Zone: s.zone, Token: rand.Text()}
	in.contact.Key, in.contact.Secret = in.cloud.Credential()
	in.border = &border{api: in.cloud.Handler(), log: logs}
	if err := in.intercept(ctx, environ, authority, log); err != nil {
		return nil, err
	}
	in.run(ctx, listener)
	settle()
	return in, nil
}

// apiOf is where the list of zones sends clients. Machines with a network of
// their own reach the API by its name only; the environment of other programs
// leads them from there to the proxy.
func (in *instance) apiOf(zone, base string) string {
	if in.gateway != nil {
		return "https://api-" + zone + ".exoscale.com/v2"
	}
	return base + "/z/" + zone + "/v2"
}

// run lets time pass in the cloud and answers requests.
func (in *instance) run(ctx context.Context, listener net.Listener) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	in.ended.Go(func() { in.cloud.Run(ctx) })

	mux := http.NewServeMux()
	mux.Handle(controlPath, newControl(in.cloud, in.contact))
	mux.Handle("/", in.border)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodConnect || r.URL.IsAbs() {
			in.proxy.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
	server := &http.Server{
		Handler: handler, BaseContext: func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	in.ended.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			in.failed <- err
		}
	})
	if in.gateway != nil {
		in.ended.Go(func() {
			if err := in.proxy.Serve(in.gateway); err != nil {
				in.failed <- err
			}
		})
	}
	in.closers = append(in.closers, cancel, func() {
		grace, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if server.Shutdown(grace) != nil {
			_ = server.Close()
		}
	})
}

// close ends everything in the reverse order of its beginning, and waits.
func (in *instance) close() {
	for i := len(in.closers) - 1; i >= 0; i-- {
		in.closers[i]()
	}
	in.ended.Wait()
}
