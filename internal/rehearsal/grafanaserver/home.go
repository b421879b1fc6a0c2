package grafanaserver

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// pluginsDir is where the home has the plugins that belong to Grafana.
const pluginsDir = "public/app/plugins"

// prometheusPlugin describes the data source to a backend that was built without
// the front end, which has such descriptions.
const prometheusPlugin = `{
  "type": "datasource", "id": "prometheus", "name": "Prometheus",
  "backend": true, "metrics": true, "alerting": true, "annotations": true,
  "info": {"author": {"name": "Grafana Labs"}, "logos": {"small": "", "large": ""}}
}
`

// CompleteHome returns a home that has plugins: the given one, or a copy in dir
// with the description of the one plugin that is needed.
func CompleteHome(home, dir string) (string, error) {
	_, err := os.Stat(filepath.Join(home, pluginsDir))
	if err == nil {
		return home, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("find the plugins of grafana: %w", err)
	}
	completed := filepath.Join(dir, "home")
	plugin := filepath.Join(completed, pluginsDir, "datasource", "prometheus")
	if err := os.MkdirAll(plugin, 0o700); err != nil {
		return "", fmt.Errorf("complete the home of grafana: %w", err)
	}
	if err := os.WriteFile(filepath.Join(plugin, "plugin.json"), []byte(prometheusPlugin), 0o600); err != nil {
		return "", fmt.Errorf("complete the home of grafana: %w", err)
	}
	for _, folder := range []string{".", "public"} {
		if err := linkMissing(filepath.Join(home, folder), filepath.Join(completed, folder)); err != nil {
			return "", fmt.Errorf("complete the home of grafana: %w", err)
		}
	}
	return completed, nil
}

// linkMissing makes links in one folder to what is in the other, except for names
// that exist.
func linkMissing(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		err := os.Symlink(filepath.Join(from, entry.Name()), filepath.Join(to, entry.Name()))
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}
