package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/internal/rehearsal/report"
)

// A reportFile is where a report goes, in which format.
type reportFile struct {
	format string // empty: there is none
	path   string // empty: standard output
}

// add declares the settings of a report.
func (f *reportFile) add(set *settings.Set) {
	format := settings.Add(set, &f.format, settings.Spec{
		Flag: "format", Default: "as the name of the output ends: .json, .xml (junit) or .html",
		Help: "also write a report, as json, junit or html; without -output on standard output, and the lines go to standard error",
	}, settings.OneOf("FORMAT", report.Formats()...))
	output := settings.Add(set, &f.path, settings.Spec{
		Flag: "output", Default: "standard output", Help: "file for the report",
	}, settings.Path())
	inJSON := command.AddJSON(set)
	set.Check(func() {
		if *inJSON {
			f.format = report.Formats()[0]
		}
		if f.path == "" || f.format != "" {
			return
		}
		if f.format = formatOf(f.path); f.format == "" {
			set.Wrong("flag -output", fmt.Sprintf("names %s, whose format is not known", f.path), "give -format as well")
		}
	}, format, output)
}

// formatOf returns the format that the name of a file asks for, if any.
func formatOf(path string) string {
	return map[string]string{".json": "json", ".xml": "junit", ".html": "html", ".htm": "html"}[strings.ToLower(filepath.Ext(path))]
}

// onStdout reports whether standard output is the report's.
func (f reportFile) onStdout() bool { return f.format != "" && f.path == "" }

// writeReport writes the report that was asked for.
func (p program) writeReport(f reportFile, r report.Report) error {
	switch {
	case f.format == "":
		return nil
	case f.path == "":
		return report.Write(p.stdout, f.format, r)
	}
	var text strings.Builder
	if err := report.Write(&text, f.format, r); err != nil {
		return err
	}
	if err := os.WriteFile(f.path, []byte(text.String()), 0o644); err != nil { //nolint:gosec // to be handed in
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
