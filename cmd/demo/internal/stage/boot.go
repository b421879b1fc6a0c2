package stage

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

// monitoringFiles is what the monitoring machine has, with the signal that the
// configuration asks for. Other spans in the files are shortened as they are
// loaded; an age is a number, which nobody can tell from others.
func (s *Stage) monitoringFiles() (fs.FS, error) {
	if s.cfg.BootAge == 0 {
		return files.Monitoring(), nil
	}
	dir := filepath.Join(s.dir, "monitoring")
	if err := os.CopyFS(dir, files.Monitoring()); err != nil {
		return nil, fmt.Errorf("copy the files of the monitoring machine: %w", err)
	}
	signal := []byte(templates.BootAwareSignal(s.times.Young))
	if err := os.WriteFile(filepath.Join(dir, signalFile), signal, 0o600); err != nil {
		return nil, fmt.Errorf("write the signal without members that boot: %w", err)
	}
	return os.DirFS(dir), nil
}
