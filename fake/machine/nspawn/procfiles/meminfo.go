package procfiles

import (
	"fmt"
	"strings"
)

// Memory is what a machine has and uses, in bytes.
type Memory struct {
	Total    int64
	Programs int64 // what programs hold
	Files    int64 // the cache of files, which gives way to programs
}

// Text is the memory in the form of proc_meminfo(5), as far as tools read it. Its
// length never changes.
func (m Memory) Text() string {
	programs := min(max(m.Programs, 0), m.Total)
	files := min(max(m.Files, 0), m.Total-programs)
	var b strings.Builder
	for _, line := range []struct {
		name  string
		bytes int64
	}{
		{"MemTotal", m.Total},
		{"MemFree", m.Total - programs - files},
		{"MemAvailable", m.Total - programs},
		{"Buffers", 0},
		{"Cached", files},
		{"SwapCached", 0},
		{"Active", programs},
		{"Inactive", files},
		{"SwapTotal", 0},
		{"SwapFree", 0},
		{"Dirty", 0},
		{"AnonPages", programs},
		{"Shmem", 0},
		{"Slab", 0},
		{"SReclaimable", 0},
	} {
		fmt.Fprintf(&b, "%-15s %12d kB\n", line.name+":", line.bytes>>10)
	}
	return b.String()
}
