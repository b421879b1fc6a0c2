package grafanaserver

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// Where the files are on the monitoring machine, and where in Config.Dir.
const (
	provisioningSource = "etc/grafana/provisioning"
	dashboardsSource   = "etc/grafana/dashboards"

	provisioningDir = "provisioning"
	dashboardsDir   = "dashboards"
	dataDir         = "data"
	passwordFile    = "admin-password"
	keyFile         = "secret-key"
)

// writeFiles copies the files into dir. It also makes the empty folders for
// provisioning that are in the home, as Grafana's packages do: Grafana reports a
// missing one as an error.
func writeFiles(files fs.FS, home, dir string) error {
	if err := copyTree(files, provisioningSource, filepath.Join(dir, provisioningDir)); err != nil {
		return err
	}
	if err := copyTree(files, dashboardsSource, filepath.Join(dir, dashboardsDir)); err != nil {
		return err
	}
	usual, err := os.ReadDir(filepath.Join(home, "conf", provisioningDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("list the provisioning folders of grafana: %w", err)
	}
	wanted := []string{filepath.Join(dir, dataDir)}
	for _, folder := range usual {
		if folder.IsDir() {
			wanted = append(wanted, filepath.Join(dir, provisioningDir, folder.Name()))
		}
	}
	for _, folder := range wanted {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return fmt.Errorf("make a folder for grafana: %w", err)
		}
	}
	return nil
}

// copyTree copies the files below root, replacing what is there.
func copyTree(files fs.FS, root, dir string) error {
	err := fs.WalkDir(files, root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(filepath.FromSlash(root), filepath.FromSlash(name))
		if err != nil {
			return err
		}
		target := filepath.Join(dir, relative)
		if entry.IsDir() {
			return os.MkdirAll(target, 0o700)
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		return os.WriteFile(target, content, 0o600)
	})
	if err != nil {
		return fmt.Errorf("copy %s: %w", path.Base(root), err)
	}
	return nil
}
