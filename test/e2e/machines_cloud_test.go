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

// bootingConfig keeps what these tests make apart from what a user has.
func bootingConfig(t *testing.T, logger *slog.Logger) nspawn.Config {
	t.Helper()
	if os.Getenv(enableMachines) != "1" {
		t.Skipf("boots machines: set %s=1 to run it, as root on Linux", enableMachines)
	}
	cfg := nspawn.Config{Logger: logger, Prefix: "exopoole2e", Range: netip.MustParsePrefix("198.19.0.0/20")}
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

// newBootingCloud returns a cloud whose machines boot, and what it logs.
func newBootingCloud(t *testing.T, v *vendor) (*cloud, *programtest.Output) {
	t.Helper()
	said := &programtest.Output{}
	logger := slog.New(slog.NewTextHandler(said, nil))
	cfg := bootingConfig(t, logger)
	hosts := map[string]http.Handler{}
	if v != nil {
		hosts[v.host] = v.packages
	}
	generator, err := imageregistry.LoadGenerator(t.Context())
	require.NoError(t, err)
	return startCloud(t, fakecloud.Config{
		Hosts: hosts, Images: []*imageregistry.Image{generator}, Logger: logger,
		Machines: func(ctx context.Context, from fakecloud.DriverConfig) (fakecloud.Driver, error) {
			cfg.Authority, cfg.Hosts = from.Authority, map[string]netip.Addr{}
			for _, host := range from.Hosts {
				cfg.Hosts[host] = netip.Addr{} // the gateway
			}
			return nspawn.New(ctx, cfg)
		},
	}), said
}
