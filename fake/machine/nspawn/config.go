package nspawn

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/nspawn/template"
	"github.com/exopool/exopool/fake/machine/nspawn/unshare"
	"github.com/exopool/exopool/fake/vendordomains"
)

// Config is what a [Driver] needs. Only Logger is required.
type Config struct {
	Logger *slog.Logger
	// Prefix begins the names of all that is made on the host. One to
	// twelve lower-case letters and digits. Default "exopool".
	Prefix string
	// Range is where all addresses come from: an IPv4 range of 8 to 24 bits
	// that the host has no other use for. Default 198.18.0.0/16.
	Range netip.Prefix
	// RangeFlag is how users set Range, for the error that asks them to.
	RangeFlag string
	// Dir is where the directory with the disks of machines is made, which is
	// named after Prefix. It must not be on an overlay file system.
	// Default /var/lib.
	Dir string
	// Cache is the directory for templates. Those of earlier versions go when nobody
	// has used them for two weeks. Default /var/cache/exopool.
	Cache string
	// Mirror is the address of a Debian mirror. Default: the one that the
	// host uses itself, otherwise Debian's own.
	Mirror string
	// UbuntuMirror is the address of an Ubuntu mirror. Default: Ubuntu's own.
	UbuntuMirror string
	// StandIns are templates that stand in for others: one that can be built,
	// by its name or its short form such as debian-13, by the name of the
	// template that instances ask for.
	StandIns map[string]string
	// TemplateFlag is how users set StandIns, for errors that ask them to.
	TemplateFlag string
	// ProgressLogger gets the steps of building templates, which takes minutes.
	// Default: Logger.
	ProgressLogger *slog.Logger
	// Waiting is told what is waited for, such as a template that is built, and
	// returns what to call when it is over. Default: nobody is told.
	Waiting func(what string) (end func())
	// Authority is a certificate, as PEM, that all machines trust: that of the
	// emulated API.
	Authority []byte
	// Hosts are names that machines find at an address of their own, besides
	// those of the vendor's domains, which lead to the gateway; so do those
	// with the zero Addr. One that begins with "*." stands for all names
	// below the rest.
	Hosts map[string]netip.Addr
	// CPU is how much of one CPU of this host a machine gets for each CPU
	// that its type has. Default 0.25.
	CPU float64
	// BootCPU is how many CPUs of this host a machine gets, if that is
	// more, until its user-data is done. Default 1.
	BootCPU float64
	// Grace is how long a machine may take to shut down. Default 20 s.
	Grace time.Duration
	// Speed divides intervals and timeouts of the load balancers' health
	// checks. Default 1.
	Speed float64

	// hostAuthorities are what the host trusts beyond the usual certificates,
	// by file name.
	hostAuthorities map[string][]byte
}

// withDefaults returns the configuration with its defaults filled in, and
// absolute directories.
func (c Config) withDefaults() Config {
	c.Prefix = cmp.Or(c.Prefix, "exopool")
	c.Dir = cmp.Or(c.Dir, "/var/lib")
	c.Cache = cmp.Or(c.Cache, "/var/cache/exopool")
	c.CPU = cmp.Or(c.CPU, 0.25)
	c.BootCPU = cmp.Or(c.BootCPU, 1)
	c.Grace = cmp.Or(c.Grace, 20*time.Second)
	c.Speed = cmp.Or(c.Speed, 1)
	if c.Mirror == "" {
		c.Mirror = template.Mirror(os.DirFS("/etc/apt"))
	}
	c.hostAuthorities = hostAuthorities(os.DirFS("/"))
	c.UbuntuMirror = cmp.Or(c.UbuntuMirror, template.UbuntuMirror())
	c.ProgressLogger = cmp.Or(c.ProgressLogger, c.Logger)
	for _, dir := range []*string{&c.Dir, &c.Cache} {
		if absolute, err := filepath.Abs(*dir); err == nil {
			*dir = absolute
		}
	}
	return c
}

// validate returns all that is wrong with a configuration.
func (c Config) validate() error {
	var errs []error
	if c.Logger == nil {
		errs = append(errs, errors.New("no logger given"))
	}
	if !(c.CPU >= 0.01) {
		errs = append(errs, fmt.Errorf("CPU %v: must be at least 0.01", c.CPU))
	}
	if !(c.BootCPU >= 0.01) {
		errs = append(errs, fmt.Errorf("boot CPU %v: must be at least 0.01", c.BootCPU))
	}
	if c.Grace < 0 {
		errs = append(errs, fmt.Errorf("grace %v: must be positive", c.Grace))
	}
	if !(c.Speed > 0) {
		errs = append(errs, fmt.Errorf("speed %v: must be positive", c.Speed))
	}
	for _, wanted := range slices.Sorted(maps.Keys(c.StandIns)) {
		if _, ok := template.Find(c.StandIns[wanted]); !ok {
			errs = append(errs, fmt.Errorf("stand-in %q for template %q: cannot be built; want one of %s",
				c.StandIns[wanted], wanted, strings.Join(template.Names(), ", ")))
		}
	}
	for _, dir := range []string{c.Dir, c.Cache} {
		if !unshare.Mountable(dir) || !filepath.IsAbs(dir) {
			errs = append(errs, fmt.Errorf(`directory %s: must be an absolute path without ":", "," and "\"`, dir))
		}
	}
	return errors.Join(errs...)
}

// hosts returns the names that machines find in their own network: all of the
// vendor's, so that none leads them to the real cloud, and those configured.
func (c Config) hosts(gateway, metadata netip.Addr) map[string]netip.Addr {
	hosts := map[string]netip.Addr{"metadata.exoscale.com": metadata}
	for _, domain := range vendordomains.All() {
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
func (c Config) disks() string { return filepath.Join(c.Dir, c.Prefix+"-machines") }

// share is how many CPUs of this host a machine of a type gets.
func (c Config) share(t driverapi.InstanceType) float64 { return c.CPU * float64(max(t.CPUs, 1)) }

func (c Config) template() template.Config {
	return template.Config{Cache: c.Cache, Mirror: c.Mirror, UbuntuMirror: c.UbuntuMirror, Logger: c.ProgressLogger, Waiting: c.Waiting}
}

// userOf returns the default user of the template that another one stands in for;
// "" for machines that get what they ask for.
func (c Config) userOf(spec driverapi.Machine) string {
	if _, ok := c.StandIns[spec.Template]; !ok {
		return ""
	}
	return spec.DefaultUser
}
