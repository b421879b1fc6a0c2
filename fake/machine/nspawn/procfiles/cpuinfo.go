package procfiles

import (
	"fmt"
	"strings"
)

// CPUInfo returns the /proc/cpuinfo of a machine with a number of CPUs like the
// first one of the host, given the host's.
func CPUInfo(host string, cpus int) string {
	first, _, _ := strings.Cut(host, "\n\n")
	first = strings.TrimRight(first, "\n") + "\n"
	var b strings.Builder
	for i := range max(cpus, 1) {
		for line := range strings.Lines(first) {
			switch name, _, _ := strings.Cut(line, ":"); strings.TrimSpace(name) {
			case "processor", "core id", "apicid", "initial apicid":
				line = fmt.Sprintf("%s: %d\n", name, i)
			case "siblings", "cpu cores":
				line = fmt.Sprintf("%s: %d\n", name, max(cpus, 1))
			}
			b.WriteString(line)
		}
		b.WriteString("\n")
	}
	return b.String()
}
