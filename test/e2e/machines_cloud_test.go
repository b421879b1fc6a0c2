package e2e_test

import (
	"context"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/intercept"
	"github.com/exopool/exopool/fake/machine/nspawn"
	"github.com/exopool/exopool/test/aptrepo"
)

const (
	// enableMachines is the variable that switches on what boots machines.
	enableMachines = "EXOPOOL_NSPAWN"
	// grafanaFolder is the variable that names a folder with a Grafana, for
	// computers that cannot reach its vendor's packages.
	grafanaFolder = "EXOPOOL_GRAFANA"
	grafanaHost   = "apt.grafana.com"
)

// bootingConfig keeps what these tests make apart from what a user has.
func bootingConfig(t *testing.T, log *slog.Logger) nspawn.Config {
	t.Helper()
	if os.Getenv(enableMachines) != "1" {
		t.Skipf("boots machines: set %s=1 to run it, as root on Linux", enableMachines)
	}
	cfg := nspawn.Config{Log: log, Prefix: "exopoole2e", Range: netip.MustParsePrefix("198.19.0.0/20")}
	for _, r := range nspawn.Examine(t.Context(), cfg) {
		if !r.OK() {
			t.Skipf("machines cannot be booted here: %s: %s; to change that: %s", r.Name, r.Problem, r.Remedy)
		}
	}
	return cfg
}

// A vendor is a package repository that machines find under a name that is
// somebody else's.
type vendor struct {
	domain, host string
	address      netip.Addr // one that no load balancer will have
	packages     *aptrepo.Repository
}

// trust makes an installation take the vendor's packages for Grafana's.
func (v *vendor) trust(t *testing.T, i installation) {
	t.Helper()
	path := filepath.Join(i.dir, "files/monitoring/usr/local/lib/exopool/grafana-key.fingerprint")
	require.NoError(t, os.WriteFile(path, []byte(v.packages.Fingerprint()+"\n"), 0o600))
}

// grafanaVendor offers a package as Grafana's vendor offers his.
func grafanaVendor(t *testing.T, p aptrepo.Package) *vendor {
	t.Helper()
	repository, err := aptrepo.New(t.Context(), t.TempDir(), p)
	require.NoError(t, err)
	return &vendor{"grafana.com", grafanaHost, netip.MustParseAddr("198.19.11.254"), repository}
}

// newBootingCloud returns a cloud whose machines boot, and what it logs.
func newBootingCloud(t *testing.T, v *vendor) (*cloud, *nspawn.Driver, *log) {
	t.Helper()
	said := &log{}
	logger := slog.New(slog.NewTextHandler(said, nil))
	cfg := bootingConfig(t, logger)
	api, err := intercept.NewAuthority("exoscale.com")
	require.NoError(t, err)
	cfg.Authority = api.PEM()
	var theirs *intercept.Authority
	if v != nil {
		theirs, err = intercept.NewAuthority(v.domain)
		require.NoError(t, err)
		cfg.Authority = append(cfg.Authority, theirs.PEM()...)
		cfg.Hosts = map[string]netip.Addr{v.host: v.address}
	}
	driver, err := nspawn.New(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		assert.NoError(t, driver.Close(ctx))
	})
	c := &cloud{}
	c.Cloud, err = exoapi.New(exoapi.Config{Machines: driver, Logger: logger})
	require.NoError(t, err)
	c.run(t)
	listen(t, driver, driver.Gateway(), c.intercept(t, api, logger))
	if v != nil {
		proxy, err := intercept.New(intercept.Config{Domains: []string{v.domain}, Handler: v.packages, Authority: theirs, Logger: logger})
		require.NoError(t, err)
		listen(t, driver, v.address, proxy)
	}
	return c, driver, said
}

// listen lets machines reach what a proxy answers, at an address that names
// lead them to.
func listen(t *testing.T, driver *nspawn.Driver, at netip.Addr, proxy *intercept.Proxy) {
	t.Helper()
	listener, err := driver.Listen(t.Context(), "tcp4", netip.AddrPortFrom(at, 443).String())
	require.NoError(t, err)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = proxy.Serve(listener) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = proxy.Close(ctx)
		_ = listener.Close()
		<-ended
	})
}
