package balancer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/exopool/exopool/fake/machine/driverapi"
)

const (
	// minCheckInterval keeps a high speed from turning checks into load.
	minCheckInterval = 5 * time.Millisecond
	// minCheckTimeout keeps a high speed from failing a target because the
	// host is busy with something else for a moment.
	minCheckTimeout = 2 * time.Second
)

var (
	// errOff is the outcome of a check that a machine fails because it is off or
	// boots.
	errOff = errors.New("machine is not on")
	// errUnhealthy is the outcome of all checks of a target that is to fail them.
	errUnhealthy = errors.New("health checks of this machine are made to fail")
)

// startCheck checks the target at once and then in the interval of the health
// check. The caller holds the lock.
func (s *service) startCheck(t *target) {
	hc := s.spec.Healthcheck
	interval := max(s.scaled(hc.IntervalDuration()), minCheckInterval)
	timeout := max(s.scaled(hc.TimeoutDuration()), minCheckTimeout)
	//nolint:gosec // G115: ports are below 65536
	at := netip.AddrPortFrom(t.address, uint16(s.cfg.TargetPort(hc.Port)))
	unhealthy := t.unhealthy
	t.stopCheck = s.tasks.Go(func(ctx context.Context) {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			err := probe(ctx, s.cfg.Check, hc, at, timeout)
			switch {
			case unhealthy:
				err = errUnhealthy
			case err != nil && !s.cfg.On(t.machine):
				err = errOff
			}
			s.record(ctx, t, max(hc.Retries, 1), err)
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
	})
}

func (s *service) scaled(d time.Duration) time.Duration {
	return time.Duration(float64(d) / s.cfg.Speed)
}

// record takes over one outcome: the first success makes a target healthy, as
// many failures in a row as retries say make it unhealthy.
func (s *service) record(ctx context.Context, t *target, retries int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return // The check was stopped; its outcome says nothing.
	}
	before := t.health
	t.err = err
	if err == nil {
		t.failures, t.health = 0, driverapi.HealthSuccess
	} else if t.failures++; t.failures >= retries {
		t.health = driverapi.HealthFailure
	}
	if t.health == before {
		return
	}
	if t.leaving && t.health == driverapi.HealthFailure {
		s.dropLocked(t)
	}
	switch {
	case t.health == driverapi.HealthSuccess:
		s.logger.Info("target healthy", "target", t.address)
	case errors.Is(err, errOff):
		// It boots or was stopped, as its user wanted.
		s.logger.Info("target unhealthy", "target", t.address, "err", err)
	default:
		s.logger.Warn("target unhealthy", "target", t.address, "err", err)
	}
}

// dial connects to a target.
type dial = func(ctx context.Context, network, address string) (net.Conn, error)

// probe runs one check.
func probe(
	ctx context.Context, dial dial, hc driverapi.Healthcheck, at netip.AddrPort, timeout time.Duration,
) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if hc.Mode == "tcp" {
		conn, err := dial(ctx, "tcp4", at.String())
		if err != nil {
			return err
		}
		return conn.Close()
	}
	return probeHTTP(ctx, dial, hc, at)
}

// probeHTTP succeeds on any 2xx answer. Redirects are not followed, and
// certificates not verified: a check asks whether a target serves.
func probeHTTP(ctx context.Context, dial dial, hc driverapi.Healthcheck, at netip.AddrPort) error {
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			return dial(ctx, "tcp4", address)
		},
		DisableKeepAlives: true, // every check makes its own connection
		//nolint:gosec // G402: see above
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true, ServerName: hc.TLSSNI},
	}
	defer transport.CloseIdleConnections()
	uri := hc.URI
	if uri == "" {
		uri = "/"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, hc.Mode+"://"+at.String()+uri, http.NoBody)
	if err != nil {
		return fmt.Errorf("health check: %w", err)
	}
	req.Header.Set("User-Agent", "exopool-healthcheck")
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return err
	}
	_ = resp.Body.Close() // unread: the connection goes with it
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("answer %s", strconv.Itoa(resp.StatusCode))
	}
	return nil
}
