package settings

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
)

// printHelp lists all settings, each with its flags, its variables, its default
// and its range.
func (s *Set) printHelp(out io.Writer) {
	fmt.Fprintf(out, "%s\n\nUsage: %s\n\n", s.summary, strings.TrimSpace(s.program+" [flags] "+s.operands))
	if slices.ContainsFunc(s.settings, func(s *Setting) bool { return len(s.Env) > 0 }) {
		fmt.Fprintf(out, "A flag wins over the environment, the first variable of a line over the next.\n\n")
	}
	for _, setting := range s.settings {
		setting.printHelp(out)
	}
	fmt.Fprintf(out, "  -version\n        print the version and exit\n  -h\n        print this help and exit\n\n")
	for _, note := range s.notes {
		fmt.Fprintln(out, note)
	}
	fmt.Fprintf(out, "Exit codes: %s\n", s.ExitCodes)
}

func (s *Setting) printHelp(out io.Writer) {
	var tail []string
	if len(s.Flags) == 0 {
		fmt.Fprintf(out, "  %s (environment only)\n", strings.Join(s.Env, ", "))
	} else {
		fmt.Fprintf(out, "  %s\n", strings.TrimSpace("-"+strings.Join(s.Flags, ", -")+" "+s.arg))
		if len(s.Env) > 0 {
			tail = append(tail, "environment: "+strings.Join(s.Env, ", "))
		}
	}
	printWrapped(out, s.Help)
	switch {
	case s.Required:
		tail = append(tail, "required")
	case s.Default != "":
		tail = append(tail, "default: "+s.Default)
	}
	if s.Range != "" {
		tail = append(tail, "range: "+s.Range)
	}
	if len(tail) > 0 {
		printWrapped(out, strings.Join(tail, "; "))
	}
}

// printWrapped prints a text, indented, in lines of at most 100 characters.
func printWrapped(out io.Writer, text string) {
	const indent, width = "        ", 100
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(indent)+len(line)+len(word) >= width {
			fmt.Fprintf(out, "%s%s\n", indent, line)
			line = ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	fmt.Fprintf(out, "%s%s\n", indent, line)
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
