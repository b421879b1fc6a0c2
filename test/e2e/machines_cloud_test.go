package e2e_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/machine/nspawn"
	"github.com/exopool/exopool/fake/machine/nspawn/imageregistry"
	"github.com/exopool/exopool/internal/programtest"
	"github.com/exopool/exopool/test/aptrepo"
)

const (
	// enableMachines is the variable that switches on what boots machines.
	enableMachines = "EXOPOOL_NSPAWN"
	// grafanaFolder is the variable that names a folder with a Grafana, for
	// hosts that cannot reach its vendor's packages.
	grafanaFolder = "EXOPOOL_GRAFANA"
	grafanaHost   = "apt.grafana.com"
)

// A bootingNetwork keeps what a test makes apart from what a user has, and
// from what other tests make.
type bootingNetwork struct {
	prefix, addresses string
	cpu               float64 // of this host that a machine gets for each of its own; 0: as by default
}

// config skips the test where machines cannot boot.
func (n bootingNetwork) config(t *testing.T, logger *slog.Logger) nspawn.Config {
	t.Helper()
	if os.Getenv(enableMachines) != "1" {
		t.Skipf("boots machines: set %s=1 to run it, as root on Linux", enableMachines)
	}
	cfg := nspawn.Config{Logger: logger, Prefix: n.prefix, Range: netip.MustParsePrefix(n.addresses), CPU: n.cpu}
	for _, r := range nspawn.Examine(t.Context(), cfg) {
		if !r.OK() {
			t.Skipf("machines cannot be booted here: %s: %s; to change that: %s", r.Name, r.Problem, r.Remedy)
		}
	}
	return cfg
}

// A vendor is a package repository that machines find under another
// repository's name.
type vendor struct {
	host     string
	packages *aptrepo.Repository
}

// trust makes an installation take the vendor's packages for Grafana's.
func (v *vendor) trust(t *testing.T, i installation) {
	t.Helper()
	path := filepath.Join(i.dir, "files/monitoring/usr/local/lib/exopool/grafana-key.fingerprint")
	require.NoError(t, os.WriteFile(path, []byte(v.packages.Fingerprint()+"\n"), 0o600))
}

// grafanaVendor offers a package as Grafana's vendor does.
func grafanaVendor(t *testing.T, p aptrepo.Package) *vendor {
	t.Helper()
	repository, err := aptrepo.New(t.Context(), t.TempDir(), p)
	require.NoError(t, err)
	return &vendor{grafanaHost, repository}
}

// hosts are what machines find under the vendor's name; none for no vendor.
func (v *vendor) hosts() map[string]http.Handler {
	if v == nil {
		return map[string]http.Handler{}
	}
	return map[string]http.Handler{v.host: v.packages}
}

// newBootingCloud returns a cloud whose machines boot and find these hosts
// here, and what it logs.
func newBootingCloud(t *testing.T, n bootingNetwork, speed float64, hosts map[string]http.Handler) (*cloud, *programtest.Output) {
	t.Helper()
	said := &programtest.Output{}
	logger := slog.New(slog.NewTextHandler(said, nil))
	cfg := n.config(t, logger)
	generator, err := imageregistry.LoadGenerator(t.Context())
	require.NoError(t, err)
	return startCloud(t, fakecloud.Config{
		Speed: speed, Hosts: hosts, Images: []*imageregistry.Image{generator}, Logger: logger,
		Machines: func(ctx context.Context, from fakecloud.DriverConfig) (fakecloud.Driver, error) {
			cfg.Speed, cfg.Authority, cfg.Hosts = from.Speed, from.Authority, map[string]netip.Addr{}
			for _, host := range from.Hosts {
				cfg.Hosts[host] = netip.Addr{} // the gateway
			}
			return nspawn.New(ctx, cfg)
		},
	}), said
}
