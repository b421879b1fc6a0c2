package grafana

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// pluginsDir is where the home has the plugins that belong to Grafana.
const pluginsDir = "public/app/plugins"

// prometheusPlugin describes the data source to a backend that was built
// without its front end, where such descriptions are kept.
const prometheusPlugin = `{
  "type": "datasource", "id": "prometheus", "name": "Prometheus",
  "backend": true, "metrics": true, "alerting": true, "annotations": true,
  "info": {"author": {"name": "Grafana Labs"}, "logos": {"small": "", "large": ""}}
}
`

// CompleteHome returns a home that has plugins: the one that is given, or one
// in dir that is the same but for the description of the one plugin needed.
func CompleteHome(home, dir string) (string, error) {
	_, err := os.Stat(filepath.Join(home, pluginsDir))
	if err == nil {
		return home, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("look for the plugins of grafana: %w", err)
	}
	complete := filepath.Join(dir, "home")
	plugin := filepath.Join(complete, pluginsDir, "datasource", "prometheus")
	if err := os.MkdirAll(plugin, 0o700); err != nil {
		return "", fmt.Errorf("complete the home of grafana: %w", err)
	}
	if err := os.WriteFile(filepath.Join(plugin, "plugin.json"), []byte(prometheusPlugin), 0o600); err != nil {
		return "", fmt.Errorf("complete the home of grafana: %w", err)
	}
	for _, folder := range []string{".", "public"} {
		if err := linkMissing(filepath.Join(home, folder), filepath.Join(complete, folder)); err != nil {
			return "", fmt.Errorf("complete the home of grafana: %w", err)
		}
	}
	return complete, nil
}

// linkMissing links what is in one folder into the other, unless there is
// something of that name.
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
