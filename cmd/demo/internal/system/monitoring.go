package system

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/exopool/exopool/terraform/files"
	"github.com/exopool/exopool/terraform/templates"
)

// signalFile records what the pool is scaled by.
const signalFile = "etc/exopool/rules/signal.yml"

// monitoringFiles returns the files of the monitoring machine, with the signal
// that the configuration asks for. Durations in the files are shortened when
// they are loaded; the age in the signal is a plain number, so it is written
// here.
func (s *System) monitoringFiles() (fs.FS, error) {
	if s.cfg.BootAge == 0 {
		return files.Monitoring(), nil
	}
	dir := filepath.Join(s.dir, "monitoring")
	if err := os.CopyFS(dir, files.Monitoring()); err != nil {
		return nil, fmt.Errorf("copy the files of the monitoring machine: %w", err)
	}
	signal := []byte(templates.BootAwareSignal(s.times.MinAge))
	if err := os.WriteFile(filepath.Join(dir, signalFile), signal, 0o600); err != nil {
		return nil, fmt.Errorf("write the boot-aware signal: %w", err)
	}
	return os.DirFS(dir), nil
}
