package fakecloud

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/machine/nspawn/imageregistry"
	"github.com/exopool/exopool/fake/prices"
	"github.com/exopool/exopool/fake/vendordomains"
	"github.com/exopool/exopool/internal/loopback"
)

// Config describes a [Cloud]. Its zero value is a cloud whose machines exist on
// paper, on a free port.
type Config struct {
	// Listen is the loopback address to serve on, such as 127.0.0.1:8929. By
	// default any free port of 127.0.0.1.
	Listen string
	// Zone is the one that clients without a zone get. The default is the first
	// of Zones, or at-vie-1.
	Zone string
	// Zones are the names of the zones; all of Exoscale's by default.
	Zones []string
	// Credentials maps API keys to their secrets. A pair is generated when
	// there is none.
	Credentials map[string]string
	// Quotas overrides limits by resource name; -1 means unlimited.
	Quotas map[string]int
	// Removal is what becomes of the requests to members that are removed. Its
	// zero value is the worst case.
	Removal exoapi.Removal
	// AntiAffinityCapacity is how many instances an anti-affinity group holds;
	// -1 means unlimited. Default 8.
	AntiAffinityCapacity int
	// Speed is how many times faster than real time things happen, health
	// checks of load balancers included. Default 1.
	Speed float64
	// Instant makes operations succeed at once; see [exoapi.Timing]. What runs
	// in a machine takes as long as ever.
	Instant bool
	// Templates are names of templates besides those that the catalog has.
	Templates []string
	// Prices are those of [Cloud.Bill]; [prices.Default] by default.
	Prices *prices.List
	// Catalog holds instance types and templates besides those of the emulator,
	// or instead of those with the same names.
	Catalog exoapi.Catalog
	// Machines starts what runs the instances. By default they exist on paper.
	Machines Machines
	// Hosts answer for names outside the cloud that machines with a network
	// of their own ask for over HTTPS, such as a mirror of packages.
	Hosts map[string]http.Handler
	// Images are those that machines with a network of their own get when they
	// ask a container registry, besides what the real registries have. The
	// cloud closes them.
	Images []*imageregistry.Image
	// Environ is the environment of the user. The proxy that it names is the
	// way to hosts outside the cloud, and clients go on to trust the
	// certificates that it names.
	Environ []string
	// Logger gets what happens behind the API; at level debug, each call; at
	// level warn, what clients ask for that is not emulated. Nothing is logged
	// by default.
	Logger *slog.Logger
	// KeepChanges keeps what changes the cloud, so that its state can be saved.
	KeepChanges bool
	// Saved is a state that the cloud begins with; see [exoapi.Cloud.Load]. Its
	// credentials are taken unless others are given. Empty is none.
	Saved []byte
	// Recorder gets the state and each change of it. With one, changes are kept.
	Recorder exoapi.Recorder
	// KeepBodies also keeps and logs what calls and their answers say, without
	// secrets.
	KeepBodies bool
}

func (cfg Config) withDefaults() Config {
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	if cfg.Zone == "" {
		cfg.Zone = "at-vie-1"
		if len(cfg.Zones) > 0 {
			cfg.Zone = cfg.Zones[0]
		}
	}
	if cfg.Speed == 0 {
		cfg.Speed = 1
	}
	if cfg.Prices == nil {
		cfg.Prices = new(prices.Default())
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return cfg
}

// validate reports all faults but those that the emulator and the driver find.
func (cfg Config) validate() error {
	var errs []error
	if cfg.Listen != "" {
		if _, err := LoopbackAddress(cfg.Listen); err != nil {
			errs = append(errs, fmt.Errorf("listen address %q %w", cfg.Listen, err))
		}
	}
	if len(cfg.Images) > 0 && cfg.Machines == nil {
		errs = append(errs, errors.New("images: no machines given that could pull them"))
	}
	for name, handler := range cfg.Hosts {
		switch {
		case vendordomains.OfVendor(name):
			errs = append(errs, fmt.Errorf("host %s: it is one of the vendor's, which the cloud itself answers for", name))
		case handler == nil:
			errs = append(errs, fmt.Errorf("host %s: no handler given", name))
		}
	}
	return errors.Join(errs...)
}

// LoopbackAddress returns an address to listen on, as given by a user, in
// numbers. It refuses addresses that other hosts can reach. The error completes
// a sentence whose subject is the address.
func LoopbackAddress(listen string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", errors.New("is not HOST:PORT")
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", errors.New("has no port from 0 to 65535")
	}
	if host == "" || host == "localhost" {
		host = "127.0.0.1"
	}
	address := net.JoinHostPort(host, port)
	if !loopback.IsAddrPort(address) {
		return "", errors.New("can be reached from other hosts")
	}
	return address, nil
}
