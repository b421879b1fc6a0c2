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
	fmt.Fprintf(out, "Exit codes: %s\n", l.codes)
}

func printSpec(out io.Writer, s spec) {
	var tail []string
	if len(s.flags) == 0 {
		fmt.Fprintf(out, "  %s (environment only)\n", strings.Join(s.env, ", "))
	} else {
		fmt.Fprintf(out, "  %s\n", strings.TrimSpace("-"+strings.Join(s.flags, ", -")+" "+s.arg))
		if len(s.env) > 0 {
			tail = append(tail, "environment: "+strings.Join(s.env, ", "))
		}
	}
	fmt.Fprintf(out, "        %s\n", s.usage)
	switch {
	case s.required:
		tail = append(tail, "required")
	case s.def != "":
		tail = append(tail, "default: "+s.def)
	case s.otherwise != "":
		tail = append(tail, "default: "+s.otherwise)
	}
	if len(tail) > 0 {
		fmt.Fprintf(out, "        %s\n", strings.Join(tail, "; "))
	}
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
