package nspawn

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/exopool/exopool/fake/domains"
	"github.com/exopool/exopool/fake/infra"
	"github.com/exopool/exopool/fake/machine/nspawn/template"
	"github.com/exopool/exopool/fake/machine/nspawn/unshare"
)

// Config is what a [Driver] needs. Only Log is required.
type Config struct {
	Log *slog.Logger
	// Prefix begins the names of all that is made on the computer. One to
	// twelve lower-case letters and digits. Default "exopool".
	Prefix string
	// Range is where all addresses come from: an IPv4 range of 8 to 24 bits
	// that the computer has no other use for. Default 198.18.0.0/16.
	Range netip.Prefix
	// RangeFlag is how users set Range, for the error that asks them to.
	RangeFlag string
	// Dir is where the directory with the disks of machines is made, which is
	// named after Prefix. It must not be on an overlay file system.
	// Default /var/lib.
	Dir string
	// Cache is the directory for templates. Default /var/cache/exopool.
	Cache string
	// Mirror is the address of a Debian mirror. Default: the one that the
	// computer uses itself, otherwise Debian's own.
	Mirror string
	// Authority is a certificate, as PEM, that all machines trust: that of the
	// emulated API.
	Authority []byte
	// Hosts are names that machines find at an address of their own, besides
	// those of the vendor's domains, which lead to the gateway; so do those
	// with the zero Addr. One that begins with "*." stands for all names
	// below the rest.
	Hosts map[string]netip.Addr
	// CPU is how much of one CPU of this computer a machine gets for each CPU
	// that its type has. Default 0.25.
	CPU float64
	// BootCPU is how many CPUs of this computer a machine gets, if that is
	// more, until its user-data is done. Default 1.
	BootCPU float64
	// Grace is how long a machine may take to shut down. Default 20 s.
	Grace time.Duration
	// Speed divides intervals and timeouts of the load balancers' health
	// checks. Default 1.
	Speed float64
}

func (c *Config) complete() error {
	if c.Log == nil {
		return errors.New("no logger given")
	}
	defaultTo(&c.Prefix, "exopool")
	defaultTo(&c.Dir, "/var/lib")
	defaultTo(&c.Cache, "/var/cache/exopool")
	defaultTo(&c.CPU, 0.25)
	defaultTo(&c.BootCPU, 1)
	defaultTo(&c.Grace, 20*time.Second)
	defaultTo(&c.Speed, 1)
	if c.Mirror == "" {
		c.Mirror = template.Mirror(os.DirFS("/etc/apt"))
	}
	if !(c.CPU >= 0.01) || !(c.BootCPU >= 0.01) || c.Grace < 0 || !(c.Speed > 0) {
		return fmt.Errorf("CPU %v and boot CPU %v must be at least 0.01, grace %v and speed %v positive",
			c.CPU, c.BootCPU, c.Grace, c.Speed)
	}
	for _, dir := range []*string{&c.Dir, &c.Cache} {
		if !unshare.Mountable(*dir) {
			return fmt.Errorf(`directory %s: its path must be without ":", "," and "\"`, *dir)
		}
		var err error
		if *dir, err = filepath.Abs(*dir); err != nil {
			return err
		}
	}
	return nil
}

func defaultTo[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// hosts returns the names that machines find in their own network: all of the
// vendor's, so that none leads them to the real cloud, and those configured.
func (c *Config) hosts(gateway, metadata netip.Addr) map[string]netip.Addr {
	hosts := map[string]netip.Addr{"metadata.exoscale.com": metadata}
	for _, domain := range domains.All() {
		hosts[domain], hosts["*."+domain] = gateway, gateway
	}
	for name, address := range c.Hosts {
		if !address.IsValid() {
			address = gateway
		}
		hosts[name] = address
	}
	return hosts
}

// disks is the directory of all disks of machines.
func (c *Config) disks() string { return filepath.Join(c.Dir, c.Prefix+"-machines") }

// share is how many CPUs of this computer a machine of a type gets.
func (c *Config) share(t infra.InstanceType) float64 { return c.CPU * float64(max(t.CPUs, 1)) }

func (c *Config) template() template.Config {
	return template.Config{Cache: c.Cache, Mirror: c.Mirror, Log: c.Log}
}
