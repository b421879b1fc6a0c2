// Package traces holds the recorded loads that come with exopool. Its README says
// what they are, where they are from, and whose they are.
package traces

import (
	"embed"
	"fmt"
	"path"
	"strings"

	"github.com/exopool/exopool/replay"
)

//go:embed *.csv
var files embed.FS

// All returns the traces in the order of their names.
func All() ([]replay.Trace, error) {
	entries, err := files.ReadDir(".")
	if err != nil {
		return nil, err
	}
	traces := make([]replay.Trace, 0, len(entries))
	for _, entry := range entries {
		file, err := files.Open(entry.Name())
		if err != nil {
			return nil, err
		}
		trace, err := replay.ReadTrace(strings.TrimSuffix(path.Base(entry.Name()), ".csv"), file)
		_ = file.Close()
		if err != nil {
			return nil, fmt.Errorf("bundled trace: %w", err)
		}
		traces = append(traces, trace)
	}
	return traces, nil
}
