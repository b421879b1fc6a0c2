package vendorimages

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/exopool/exopool/fake/machine/nspawn/imageregistry/imagelayout"
	"github.com/exopool/exopool/internal/rehearsal/grafanaserver"
)

// Prometheus makes an image of this host's Prometheus in the folder dir, as an OCI
// layout. It has to run as root, for the owner of the data.
func Prometheus(ctx context.Context, dir string) error {
	program, err := exec.LookPath("prometheus")
	if err != nil {
		return fmt.Errorf("%w: install Debian's package prometheus", err)
	}
	return write(ctx, dir, program, "/bin/prometheus", "/prometheus", 65534, v1.Config{
		Entrypoint: []string{"/bin/prometheus"},
		Cmd:        []string{"--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"},
		User:       "nobody", WorkingDir: "/prometheus", ExposedPorts: set("9090/tcp"), Volumes: set("/prometheus"),
	})
}

// Grafana makes an image of the Grafana in a folder, with bin/grafana and home/, in
// the folder dir, as an OCI layout. It has to run as root, for the owner of the data.
func Grafana(ctx context.Context, dir, folder string) error {
	const home, data = "/usr/share/grafana", "/var/lib/grafana"
	temporary, err := os.MkdirTemp("", "exopool-grafana-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temporary)
	full, err := grafanaserver.CompleteHome(filepath.Join(folder, "home"), filepath.Join(temporary, "full"))
	if err != nil {
		return err
	}
	copied := filepath.Join(temporary, "copy")
	// For every user to read, with what links lead to in their place.
	//nolint:gosec // G204: a folder that the caller names, as an argument
	if output, err := exec.CommandContext(ctx, "cp", "-rL", "--", full, copied).CombinedOutput(); err != nil {
		return fmt.Errorf("copy %s: %w: %s", full, err, output)
	}
	//nolint:gosec // G204: a folder that was made here
	if output, err := exec.CommandContext(ctx, "chmod", "-R", "a+rX", copied).CombinedOutput(); err != nil {
		return fmt.Errorf("make %s readable: %w: %s", copied, err, output)
	}
	return write(ctx, dir, filepath.Join(folder, "bin", "grafana"), home+"/bin/grafana", data, 472, v1.Config{
		Entrypoint: []string{
			home + "/bin/grafana", "server", "--homepath=" + home,
			"cfg:default.paths.data=" + data, "cfg:default.paths.plugins=" + data + "/plugins", "cfg:default.paths.logs=" + data + "/log",
			"cfg:default.paths.provisioning=/etc/grafana/provisioning", "cfg:default.log.mode=console",
		},
		User: "472", WorkingDir: home, ExposedPorts: set("3000/tcp"),
	}, imagelayout.Part{From: copied, To: home})
}

func set(names ...string) map[string]struct{} {
	all := map[string]struct{}{}
	for _, name := range names {
		all[name] = struct{}{}
	}
	return all
}
