package nspawn

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/exopool/exopool/fake/machine/nspawn/dnsserver"
	"github.com/exopool/exopool/fake/machine/nspawn/egressproxy"
	"github.com/exopool/exopool/fake/machine/nspawn/metadata"
	"github.com/exopool/exopool/fake/machine/nspawn/network"
)

// headerTimeout is how long a machine may take to ask.
const headerTimeout = 10 * time.Second

// serve offers what machines find in their network, until ctx ends. The error
// is that of a start that failed; what was started is then still running.
func (d *Driver) serve(ctx context.Context) error {
	for _, start := range []func(context.Context) error{d.serveMetadata, d.serveNames, d.serveEgress} {
		if err := start(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (d *Driver) serveMetadata(ctx context.Context) error {
	at := func(port uint16) netip.AddrPort { return netip.AddrPortFrom(network.Metadata(), port) }
	return errors.Join(
		d.serveHTTP(ctx, "metadata service", at(80), metadata.Handler(d.find, d.cfg.Logger)),
		d.serveHTTP(ctx, "password server", at(8080), metadata.Passwords(d.find, d.cfg.Logger)),
	)
}

func (d *Driver) serveHTTP(ctx context.Context, name string, at netip.AddrPort, handler http.Handler) error {
	listener, err := d.network.Listen(ctx, "tcp4", at.String())
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: headerTimeout}
	d.alive.Go(func() {
		stop := context.AfterFunc(ctx, func() { _ = server.Close() })
		defer stop()
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			d.cfg.Logger.Error("service for machines ended", "service", name, "err", err)
		}
	})
	return nil
}

// find is the directory of the metadata service.
func (d *Driver) find(address netip.Addr) (metadata.Instance, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, m := range d.machines {
		if m.address == address {
			spec := m.current()
			return metadata.Instance{
				ID: spec.ID, Name: spec.Name, Zone: spec.Zone, Type: spec.Type.Size, Address: spec.Address,
				SSHKeys: spec.SSHKeys, UserData: spec.UserData,
			}, true
		}
	}
	return metadata.Instance{}, false
}

func (d *Driver) serveNames(ctx context.Context) error {
	upstream, err := dnsserver.Upstream("/etc/resolv.conf")
	if err != nil {
		d.cfg.Logger.Warn("machines cannot resolve names of the internet", "err", err)
	}
	hosts := d.cfg.hosts(d.network.Gateway(), network.Metadata())
	server, err := dnsserver.New(dnsserver.Config{Logger: d.cfg.Logger, Hosts: hosts, Upstream: upstream})
	if err != nil {
		return err
	}
	at := netip.AddrPortFrom(d.network.Gateway(), 53).String()
	packets, err := d.network.ListenPacket(ctx, "udp4", at)
	if err != nil {
		return fmt.Errorf("name server: %w", err)
	}
	connections, err := d.network.Listen(ctx, "tcp4", at)
	if err != nil {
		return fmt.Errorf("name server: %w", errors.Join(err, packets.Close()))
	}
	d.alive.Go(func() {
		if err := server.Serve(ctx, packets, connections); err != nil {
			d.cfg.Logger.Error("name server ended", "err", err)
		}
	})
	return nil
}

func (d *Driver) serveEgress(ctx context.Context) error {
	listener, err := d.network.ListenEgress(ctx)
	if err != nil {
		return fmt.Errorf("way out for machines: %w", err)
	}
	d.alive.Go(func() {
		egressproxy.Serve(ctx, listener, egressproxy.Config{Logger: d.cfg.Logger, Destination: destination})
	})
	return nil
}

// destination returns where a machine wanted to connect to.
func destination(conn net.Conn) (netip.AddrPort, error) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return netip.AddrPort{}, fmt.Errorf("connection of type %T", conn)
	}
	return network.OriginalDestination(tcp)
}
