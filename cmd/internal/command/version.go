package command

import (
	"context"
	"encoding/json"
	"io"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/exopool/exopool/cmd/internal/settings"
)

// version is what "version -json" prints; its keys stay.
type version struct {
	Program  string `json:"program"`
	Version  string `json:"version"`            // of the module; "(devel)" when it was built outside of a repository
	Commit   string `json:"commit,omitempty"`   // that it was built from; empty: not known
	Date     string `json:"date,omitempty"`     // of that commit, RFC 3339
	Modified bool   `json:"modified,omitempty"` // the files were not those of the commit
	Go       string `json:"go"`
	Platform string `json:"platform"` // such as linux/amd64
}

// readVersion returns what the go command stamped into the binary.
func readVersion(program string) version {
	v := version{Program: program, Version: Version(), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			v.Commit = setting.Value
		case "vcs.time":
			v.Date = setting.Value
		case "vcs.modified":
			v.Modified = setting.Value == "true"
		}
	}
	return v
}

// String returns one line.
func (v version) String() string {
	text := v.Program + " " + v.Version
	if v.Commit != "" {
		text += " (" + strings.TrimSpace(v.Commit[:min(12, len(v.Commit))]+" "+v.Date) + ")"
	}
	return text + " " + v.Go + " " + v.Platform + "\n"
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

// versionCommand prints the version of a program.
func versionCommand(program string, stdout io.Writer) *Command {
	set := newSet(program+" version", "prints the version of "+program+", the commit it was built from, and the release of Go it was built with.")
	inJSON := AddJSON(set)
	return &Command{Set: set, Short: "print the version", Run: func(context.Context) error {
		v := readVersion(program)
		if *inJSON {
			return WriteJSON(stdout, v)
		}
		_, err := io.WriteString(stdout, v.String())
		return err
	}}
}

// AddJSON declares the flag that asks for JSON in place of a text.
func AddJSON(set *settings.Set) *bool {
	inJSON := new(bool)
	settings.Add(set, inJSON, settings.Spec{Flag: "json", Help: "print JSON, for programs"}, settings.Bool())
	return inJSON
}

// WriteJSON prints a value as JSON for programs that people read, too.
func WriteJSON(to io.Writer, value any) error {
	encoder := json.NewEncoder(to)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// newSet returns the settings of one of the commands that all programs have.
func newSet(name, does string) *settings.Set {
	set := settings.New(name, name+" "+does, func(string) string { return "" })
	set.ExitCodes = "0 on success, 1 on a failure, 2 when a setting is wrong."
	return set
}
