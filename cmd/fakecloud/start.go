package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"syscall"

	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/machine/nspawn"
	"github.com/exopool/exopool/fake/machine/process"
)

// What the instances of a cloud can be.
const (
	machinesMemory  = "memory"
	machinesProcess = "process"
	machinesNspawn  = "nspawn"
)

// start starts a cloud. Preparing machines may take minutes; a signal ends that.
func (p program) start(ctx context.Context, cfg config) (*fakecloud.Cloud, error) {
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
	cloud, err := p.startCloud(ctx, cfg)
	close(up)
	<-watched
	if cause := context.Cause(ctx); cause != nil {
		if cloud != nil {
			p.close(cloud)
		}
		return nil, cause
	}
	return cloud, err
}

// startCloud starts a cloud as the settings describe it.
func (p program) startCloud(ctx context.Context, cfg config) (*fakecloud.Cloud, error) {
	starting := p.wait("starting the cloud", 0)
	defer starting.End()
	logger, started := cfg.logger(p.beside(p.stderr))
	if !cfg.Verbose {
		// Templates are built when the cloud has long started.
		cfg.progressLogger, cfg.waiting = newConsole(p.beside(p.stderr), slog.LevelInfo), p.waiting
	}
	with := fakecloud.Config{
		Listen: cfg.Listen, Zone: cfg.Zone, Credentials: cfg.credentials(), Speed: cfg.Speed, Instant: cfg.Instant,
		Catalog:  cfg.Catalog,
		Machines: cfg.driver(), Templates: cfg.moreTemplates(), Hosts: handlers(cfg.Hosts),
		Images: cfg.images(ctx, logger), Environ: p.environ, Logger: logger,
		KeepBodies: cfg.Bodies, Removal: cfg.Removal, Quotas: cfg.quotas(), Prices: cfg.Prices, AntiAffinityCapacity: cfg.AntiAffinityCapacity,
		KeepChanges: cfg.KeepChanges, Saved: cfg.saved,
	}
	if cfg.state != nil {
		with.Recorder = cfg.state
	}
	cloud, err := fakecloud.Start(ctx, with)
	if err != nil {
		return nil, cfg.explainStart(err)
	}
	started()
	return cloud, nil
}

// explainStart says what to do about what keeps a cloud from starting.
func (c config) explainStart(err error) error {
	var taken *net.OpError
	address, wrong := fakecloud.LoopbackAddress(c.Listen)
	if wrong == nil && errors.Is(err, syscall.EADDRINUSE) && errors.As(err, &taken) && taken.Addr != nil && taken.Addr.String() == address {
		return fmt.Errorf("%w: stop the program that uses it, or choose another port with -listen", err)
	}
	return c.explainState(err)
}

// close closes a cloud. An error is printed and does not change the exit code.
func (p program) close(cloud *fakecloud.Cloud) {
	defer p.wait("ending the cloud and its machines", 0).End()
	if err := cloud.Close(); err != nil {
		fmt.Fprintf(p.beside(p.stderr), "fakecloud: close the cloud: %v\n", err)
	}
}

// driver returns what runs the machines; nil when they exist on paper only.
func (c config) driver() fakecloud.Machines {
	switch c.Machines {
	case machinesProcess:
		return fakecloud.Processes(process.Config{Network: c.savedNetwork()})
	case machinesNspawn:
		return c.bootingMachines
	}
	return nil
}

// bootingMachines starts the driver of machines that boot.
func (c config) bootingMachines(ctx context.Context, from fakecloud.DriverConfig) (fakecloud.Driver, error) {
	driver, err := nspawn.New(ctx, c.nspawnConfig(from))
	if err != nil {
		return nil, fmt.Errorf("%w\n\nfakecloud doctor lists what machines need to boot; "+
			"-machines %s needs none of it, and does not execute user-data", err, machinesProcess)
	}
	return driver, nil
}

// nspawnConfig returns what the settings say about machines that boot.
func (c config) nspawnConfig(from fakecloud.DriverConfig) nspawn.Config {
	hosts := map[string]netip.Addr{}
	for _, name := range from.Hosts {
		hosts[name] = netip.Addr{} // leads to the gateway
	}
	return nspawn.Config{
		Logger: from.Logger, Prefix: c.Prefix, Range: c.Range, RangeFlag: "-range", Dir: c.Disks, Cache: c.Cache, Mirror: c.Mirror,
		Speed: from.Speed, Authority: from.Authority, Hosts: hosts, UbuntuMirror: c.UbuntuMirror,
		StandIns: c.standInsByName(), TemplateFlag: templateFlag, ProgressLogger: c.progressLogger, Waiting: c.waiting,
	}
}
