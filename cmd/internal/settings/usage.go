package settings

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
)

// printHelp lists all settings, each with its flags, its variables and its
// default.
func (l *loader) printHelp(out io.Writer) {
	fmt.Fprintf(out, "%s\n\nUsage: %s [flags]\n\n", l.summary, l.program)
	fmt.Fprintf(out, "A flag wins over the environment, the first variable of a line over the next.\n\n")
	for _, s := range l.specs {
		printSpec(out, s)
	}
	fmt.Fprintf(out, "  -version\n        print the version and exit\n  -h\n        print this help and exit\n\n")
	fmt.Fprintf(out, "EXOSCALE_ZONE_ID is accepted and not needed.\n")
	fmt.Fprintf(out, "Exit codes: 0 after TERM or INT, 1 on a failure, 2 when a setting is wrong.\n")
}

func printSpec(out io.Writer, s spec) {
	head := "(environment only)"
	if len(s.flags) > 0 {
		names := make([]string, len(s.flags))
		for i, name := range s.flags {
			names[i] = "-" + name
		}
		head = strings.TrimSpace(strings.Join(names, ", ") + " " + s.arg)
	}
	fmt.Fprintf(out, "  %s\n        %s\n", head, s.usage)
	tail := "environment: " + strings.Join(s.env, ", ")
	switch {
	case s.required:
		tail += "; required"
	case s.def != "":
		tail += "; default: " + s.def
	}
	fmt.Fprintf(out, "        %s\n", tail)
}

func printVersion(out io.Writer, program string) {
	fmt.Fprintf(out, "%s %s %s %s/%s\n", program, Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// Version returns the version that the go command stamped into the binary,
// with the commit it was built from when there is no release.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(unknown)"
	}
	return info.Main.Version
}
