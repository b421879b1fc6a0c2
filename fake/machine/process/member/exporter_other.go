//go:build !linux

package member

import (
	"errors"
	"log/slog"
	"net/http"
)

// newExporter refuses: only Linux has a procfs, and the driver starts no
// members elsewhere.
func newExporter(string, string, *slog.Logger) (http.Handler, error) {
	return nil, errors.New("the node exporter of a member needs Linux")
}
