package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/rehearsal/acceptance"
	"github.com/exopool/exopool/internal/rehearsal/report"
)

var update = flag.Bool("update", false, "write the golden files")

func example() report.Report {
	return report.Report{
		Folder: "infra", Started: time.Date(2026, 3, 4, 15, 6, 7, 8, time.UTC), Took: 754 * time.Second,
		Versions: []report.Version{{Program: "exopool", Version: "v0.9.0"}, {Program: "Terraform", Version: "1.9.8"}},
		Machines: "machines that boot", StandIns: []string{"Debian 13 stands in for Linux Ubuntu 22.04 LTS 64-bit"},
		Verdict: acceptance.Verdict{
			Results: []acceptance.Result{
				{Sprint: 1, Scenario: "resources", Line: "terraform apply ends without an error", Took: 31500 * time.Millisecond},
				{
					Sprint: 1, Scenario: "resources", Line: "all backends are healthy", Outcome: acceptance.Failed, Took: 46 * time.Second, Limit: 15 * time.Minute,
					Note:  `web-1: user-data failed at line 5 of part-001: E: Unable to locate package <dockre.io> & "more" (exit code 100)`,
					Hints: []string{"correct the name of the package in the script", "begin it with set -e"},
				},
				{
					Sprint: 2, Scenario: "blocks", Line: "there is a monitoring server", StandIn: "it answers whatever its user-data says",
					Note: "monitoring at 198.18.0.3",
				},
				{Sprint: 2, Scenario: "blocks", Line: "Prometheus answers on its port 9090", Outcome: acceptance.Skipped, Limit: 15 * time.Minute, Note: `depends on "all backends are healthy"`},
				{
					Sprint: 3, Scenario: "autoscaler", Optional: true, Line: "the container stops with exit code 0", Outcome: acceptance.Failed, Took: 10 * time.Second,
					Note: "exit code 137\x00\x1b", Hints: []string{"handle SIGTERM"},
				},
			},
			Advice: []acceptance.Advice{
				{Text: "the service forwards to port 8080", Seen: "80 to 80", Hints: []string{"set target_port = 8080"}},
				{Text: "Grafana answers on port 3000", Seen: "refused"},
			},
		},
	}
}

func write(t *testing.T, format string, r report.Report) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, report.Write(&b, format, r))
	return b.String()
}

func TestFormatsAreAsTheyWere(t *testing.T) {
	for _, format := range report.Formats() {
		got, golden := write(t, format, example()), "testdata/report."+format
		if *update {
			require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
		}
		want, err := os.ReadFile(golden)
		require.NoError(t, err)
		assert.Equal(t, string(want), got, format)
		assert.Equal(t, got, write(t, format, example()), "%s is the same again", format)
	}
}

func TestJSONHasAllKeysAndNoNull(t *testing.T) {
	text := write(t, "json", report.Report{Verdict: acceptance.Verdict{Results: []acceptance.Result{{}}, Advice: []acceptance.Advice{{}}}})
	assert.NotContains(t, text, "null")
	var document map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &document))
	assert.Equal(t, true, document["passed"])
	assert.Len(t, document, 11)
}

func TestJUnitCountsWhatFailsTheVerdict(t *testing.T) {
	var suites struct {
		Failures int `xml:"failures,attr"`
		Suites   []struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Skipped  int `xml:"skipped,attr"`
			Cases    []struct {
				Failure []string `xml:"failure"`
				Skipped []struct {
					Message string `xml:"message,attr"`
				} `xml:"skipped"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	require.NoError(t, xml.Unmarshal([]byte(write(t, "junit", example())), &suites))
	assert.Equal(t, 1, suites.Failures)
	require.Len(t, suites.Suites, 4, "three scenarios and the advice")
	for _, s := range suites.Suites {
		failures, skipped := 0, 0
		for _, c := range s.Cases {
			failures += len(c.Failure)
			skipped += len(c.Skipped)
		}
		assert.Equal(t, []int{len(s.Cases), failures, skipped}, []int{s.Tests, s.Failures, s.Skipped})
	}
	assert.Contains(t, suites.Suites[2].Cases[0].Skipped[0].Message, "optional, failed: exit code 137")
}

func TestPageNeedsNothingElseAndEscapes(t *testing.T) {
	text := write(t, "html", example())
	assert.NotRegexp(t, regexp.MustCompile(`<script|src=|href=|https?://|url\(|@import`), text)
	assert.Contains(t, text, "&lt;dockre.io&gt;")
	assert.NotContains(t, text, "<dockre.io>")
	assert.Contains(t, text, "The course’s checker would not pass this folder")
	assert.Contains(t, text, "Only the stand-in: it answers whatever its user-data says")
	passed := example()
	passed.Results = passed.Results[:1]
	assert.Contains(t, write(t, "html", passed), "The course’s checker would pass this folder")
	passed.Results = append(passed.Results, acceptance.Result{Outcome: acceptance.Skipped})
	assert.Contains(t, write(t, "html", passed), "No line failed that could be checked")
}

func TestUnknownFormatAndFullDisk(t *testing.T) {
	require.ErrorContains(t, report.Write(io.Discard, "pdf", example()), `there is no format "pdf"`)
	for _, format := range report.Formats() {
		require.ErrorContains(t, report.Write(full{}, format, example()), "report as "+format+": no space", format)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space") }

func TestControlCharactersDoNotReachAFile(t *testing.T) {
	for _, format := range report.Formats() {
		assert.False(t, strings.ContainsAny(write(t, format, example()), "\x00\x1b"), format)
	}
}
