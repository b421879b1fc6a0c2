package system

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/exopool/exopool/terraform/files"
	"github.com/exopool/exopool/terraform/templates"
)

// countingFile records what counts as load.
const countingFile = "etc/exopool/rules/counting.yml"

// monitoringFiles returns the files of the monitoring machine, with the age that
// the configuration asks for. Durations in the files are shortened when they are
// loaded; the age is a plain number, so it is written here.
func (s *System) monitoringFiles() (fs.FS, error) {
	if s.cfg.BootAge == 0 {
		return files.Monitoring(), nil
	}
	dir := filepath.Join(s.dir, "monitoring")
	if err := os.CopyFS(dir, files.Monitoring()); err != nil {
		return nil, fmt.Errorf("copy the files of the monitoring machine: %w", err)
	}
	counting := templates.Counting{Steal: true, BootAwareAge: s.times.MinAge}
	if err := os.WriteFile(filepath.Join(dir, countingFile), []byte(counting.Rules()), 0o600); err != nil {
		return nil, fmt.Errorf("write which members count: %w", err)
	}
	return os.DirFS(dir), nil
}
