package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/exopool/exopool/fake/infra"
	"github.com/exopool/exopool/fake/intercept"
	"github.com/exopool/exopool/fake/machine"
	"github.com/exopool/exopool/fake/machine/nspawn"
)

// What instances can be.
const (
	machinesMemory  = "memory"
	machinesProcess = "process"
	machinesNspawn  = "nspawn"
)

// machines returns the driver; nil is the cloud's own, on paper only.
func (in *instance) machines(ctx context.Context, s settings, log *slog.Logger, authority *intercept.Authority) (infra.Driver, error) {
	switch s.machines {
	case machinesProcess:
		return in.processes(ctx, s, log)
	case machinesNspawn:
		return in.booting(ctx, s, log, authority)
	}
	return nil, nil
}

func (in *instance) processes(ctx context.Context, s settings, log *slog.Logger) (infra.Driver, error) {
	// Cancelling would kill the members; close lets them finish.
	driver, err := machine.NewProcess(context.WithoutCancel(ctx), machine.ProcessConfig{Log: log, Speed: s.speed})
	if err != nil {
		return nil, err
	}
	in.endpoint = driver.Endpoint
	in.closeLater(ctx, log, 5*time.Second, driver.Close)
	return driver, nil
}

// booting returns machines that really boot. They find the API at its name,
// which leads to a listener in their network.
func (in *instance) booting(ctx context.Context, s settings, log *slog.Logger, authority *intercept.Authority) (infra.Driver, error) {
	trusted, err := in.vendors(ctx, s.hosts)
	if err != nil {
		return nil, err
	}
	driver, err := nspawn.New(ctx, s.nspawn(log, append(authority.PEM(), trusted...)))
	if err != nil {
		return nil, fmt.Errorf("%w\n\nfakecloud doctor lists everything that machines which really boot need; "+
			"-machines %s needs none of it, and does not execute user-data", err, machinesProcess)
	}
	in.closeLater(ctx, log, time.Minute, driver.Close)
	in.gateway, err = driver.Listen(ctx, "tcp4", netip.AddrPortFrom(driver.Gateway(), 443).String())
	if err != nil {
		return nil, fmt.Errorf("serve the API to the machines: %w", err)
	}
	in.closers = append(in.closers, func() { _ = in.gateway.Close() })
	return driver, nil
}

// closeLater closes a driver with the instance.
func (in *instance) closeLater(ctx context.Context, log *slog.Logger, grace time.Duration, closer func(context.Context) error) {
	in.closers = append(in.closers, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		if err := closer(ctx); err != nil {
			log.Error("machines did not end in order", "err", err)
		}
	})
}

// nspawn returns what the settings say about machines that really boot.
func (s *settings) nspawn(log *slog.Logger, authority []byte) nspawn.Config {
	return nspawn.Config{
		Log: log, Prefix: s.prefix, Range: s.network, RangeFlag: "-range", Dir: s.disks, Cache: s.cache, Mirror: s.mirror,
		Speed: s.speed, Authority: authority, Hosts: s.hosts.addresses(),
	}
}

// dial connects to an address of the cloud: a load balancer's may be served on
// another port, since low ones need rights that processes may not have.
func (in *instance) dial(ctx context.Context, network, address string) (net.Conn, error) {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, errors.New("connect to " + address + ": want an address of the cloud")
	}
	if in.endpoint != nil {
		for _, b := range in.cloud.Balancers() {
			if served, ok := in.endpoint(b.ID, int(at.Port())); ok && b.Address == at.Addr() {
				at = served
			}
		}
	}
	return new(net.Dialer).DialContext(ctx, network, at.String())
}
