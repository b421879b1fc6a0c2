package grafanaserver

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"strings"
)

// unitFile is the drop-in of the monitoring machine for the package's unit.
const unitFile = "etc/systemd/system/grafana-server.service.d/exopool.conf"

// unitEnvironment returns the variables that the unit sets. It supports what the
// unit uses, one plain assignment per line, and rejects the rest of systemd's
// syntax.
func unitEnvironment(files fs.FS) (map[string]string, error) {
	text, err := fs.ReadFile(files, unitFile)
	if err != nil {
		return nil, fmt.Errorf("read the unit of grafana: %w", err)
	}
	environment := map[string]string{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		assignment, ok := strings.CutPrefix(lines.Text(), "Environment=")
		if !ok {
			continue
		}
		name, value, ok := strings.Cut(assignment, "=")
		if !ok || name == "" || strings.ContainsAny(assignment, "\"'\\% \t") {
			return nil, fmt.Errorf("read the unit of grafana: %q is more than one plain assignment", lines.Text())
		}
		environment[name] = value
	}
	return environment, lines.Err()
}
