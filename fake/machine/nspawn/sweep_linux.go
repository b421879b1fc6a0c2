package nspawn

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/exopool/exopool/fake/machine/nspawn/cgroup"
	"github.com/exopool/exopool/fake/machine/nspawn/network"
)

// sweepTimeout bounds the wait for control groups that are still in use.
const sweepTimeout = 10 * time.Second

// Sweep removes what a program that died left of the machines with the given
// prefix: control groups, with the processes in them, network and disks. It
// refuses when such machines are running. Templates remain.
func Sweep(ctx context.Context, cfg Config) error {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	// It makes sure that no other program uses the prefix.
	if err := network.Sweep(ctx, cfg.Prefix); err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	groups, err := cgroup.Open(cgroup.Root, cfg.Prefix)
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	d := &Driver{cfg: cfg, groups: groups}
	return d.sweep(ctx)
}

func (d *Driver) sweep(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	err := errors.Join(d.groups.Sweep(ctx), os.RemoveAll(d.cfg.disks()))
	left, globErr := filepath.Glob(propagateDir(d.cfg.Prefix + "-*"))
	err = errors.Join(err, globErr)
	for _, dir := range left {
		err = errors.Join(err, os.Remove(dir))
	}
	if err != nil {
		return fmt.Errorf("sweep up what is left of %s: %w", d.cfg.Prefix, err)
	}
	return nil
}
