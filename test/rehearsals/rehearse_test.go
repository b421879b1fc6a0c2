package rehearsals_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	// enable is the variable that switches these tests on: "sample" for the
	// sample without a mistake, with Debian in place of Ubuntu, which saves
	// building another template; "all" for the mistakes as well, on Ubuntu.
	enable = "EXOPOOL_REHEARSALS"
	// sampleTimeout bounds the rehearsal of the sample, which takes about a
	// quarter of an hour.
	sampleTimeout = 40 * time.Minute
	// variantTimeout bounds that of a mistake. It includes a line that times out
	// after its 15 minutes, as some have to.
	variantTimeout = 30 * time.Minute
)

// A verdict is the part of a report in JSON that these tests look at.
type verdict struct {
	Passed bool     `json:"passed"`
	Lines  []line   `json:"lines"`
	Advice []advice `json:"advice"`
}

type advice struct {
	Text string `json:"text"`
	Seen string `json:"seen"`
}

type line struct {
	Sprint   int      `json:"sprint"`
	Scenario string   `json:"scenario"`
	Optional bool     `json:"optional"`
	Line     string   `json:"line"`
	Outcome  string   `json:"outcome"`
	Took     float64  `json:"took_seconds"`
	Note     string   `json:"note"`
	Hints    []string `json:"hints"`
}

// enabled skips a test that is not switched on.
func enabled(t *testing.T, values ...string) {
	t.Helper()
	for _, v := range values {
		if os.Getenv(enable) == v {
			return
		}
	}
	t.Skipf("takes long, as root on Linux: set %s=%s to run it", enable, values[0])
}

// A rehearser runs the program of this repository as its users do.
type rehearser struct {
	program string
	images  map[string]string
	places  chan place // that are free
}

// A place on this host is for one rehearsal at a time.
type place struct{ prefix, network string }

// maxPlaces bounds how many rehearsals there are at a time, whatever -parallel says.
const maxPlaces = 6

func newRehearser(t *testing.T) rehearser {
	t.Helper()
	program := filepath.Join(t.TempDir(), "fakecloud")
	goBuild(t, ".", program, "github.com/exopool/exopool/cmd/fakecloud")
	r := rehearser{program, sampleImages(t), make(chan place, maxPlaces)}
	for n := range maxPlaces {
		r.places <- place{fmt.Sprintf("exopoolhin%d", n), fmt.Sprintf("198.19.%d.0/20", 160+16*n)}
	}
	return r
}

// rehearse returns what the program found. The timeout begins when there is a place.
func (r rehearser) rehearse(t *testing.T, timeout time.Duration, dir string, flags ...string) verdict {
	t.Helper()
	report := filepath.Join(t.TempDir(), "report.json")
	at := <-r.places
	defer func() { r.places <- at }()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	args := []string{
		"rehearse", "-machines=nspawn", "-prefix=" + at.prefix, "-range=" + at.network,
		"-format=json", "-output=" + report, "-root=" + dir,
	}
	if os.Getenv(enable) == "sample" {
		args = append(args, "-template=Linux Ubuntu 22.04 LTS 64-bit=debian-13")
	}
	args = append(args, flags...)
	for name, image := range r.images {
		args = append(args, "-image="+name+"="+image)
	}
	cmd := exec.CommandContext(ctx, r.program, append(args, dir)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 2 * time.Minute
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	err := cmd.Run()
	t.Logf("%s", &output)
	if cmd.ProcessState.ExitCode() != 1 {
		require.NoError(t, err) // 1: a line failed
	}
	text, err := os.ReadFile(report)
	require.NoError(t, err)
	var v verdict
	require.NoError(t, json.Unmarshal(text, &v))
	return v
}

// copySample returns a copy of the sample with edits.
func copySample(t *testing.T, edits []edit) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "handin")
	require.NoError(t, os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "sample"))))
	for _, e := range edits {
		path := filepath.Join(dir, e.file)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Contains(t, string(text), e.old, e.file)
		require.NoError(t, os.WriteFile(path, []byte(strings.ReplaceAll(string(text), e.old, e.new)), 0o600))
	}
	return dir
}

func TestSamplePassesEveryLine(t *testing.T) {
	enabled(t, "sample", "all")
	v := newRehearser(t).rehearse(t, sampleTimeout, copySample(t, nil))
	assert.True(t, v.Passed)
	scenarios := map[string]bool{}
	for _, l := range v.Lines {
		scenarios[l.Scenario] = true
	}
	assert.Len(t, scenarios, 8, "those of the checker: %v", scenarios)
	for _, l := range v.Lines {
		assert.Equal(t, "passed", l.Outcome, "%s: %s: %s", l.Scenario, l.Line, l.Note)
	}
}

// TestMistakesAreNamed rehearses as many at a time as -parallel says: most of the time
// they wait for a limit of the checker.
func TestMistakesAreNamed(t *testing.T) {
	enabled(t, "all")
	r := newRehearser(t)
	for _, mistake := range variants() {
		t.Run(mistake.name, func(t *testing.T) {
			t.Parallel()
			dir := copySample(t, mistake.edits)
			for _, folder := range []string{"servicediscovery", "autoscaler"} {
				if !mistake.touches(folder) { // else its image would be built for nothing
					require.NoError(t, os.RemoveAll(filepath.Join(dir, folder)))
				}
			}
			v := r.rehearse(t, variantTimeout, dir, "-failfast", "-sprint="+mistake.sprints)
			failed := firstFailed(v)
			if mistake.line == "" {
				assert.Nil(t, failed, "the checker does not see it")
				assert.Regexp(t, regexp.MustCompile(mistake.hint), fmt.Sprint(v.Advice))
				return
			}
			require.NotNil(t, failed, "no line failed")
			assert.Contains(t, failed.Line, mistake.line)
			said := failed.Note + "\n" + strings.Join(failed.Hints, "\n")
			assert.Regexp(t, regexp.MustCompile(mistake.hint), said)
			t.Logf("✗ %s after %.0f s: %s", failed.Line, failed.Took, said)
		})
	}
}

// TestMistakesAreInTheSample holds the edits to the sample, so that none of them
// edits nothing.
func TestMistakesAreInTheSample(t *testing.T) {
	for _, mistake := range variants() {
		t.Run(mistake.name, func(t *testing.T) { copySample(t, mistake.edits) })
	}
}

func firstFailed(v verdict) *line {
	for i := range v.Lines {
		if v.Lines[i].Outcome == "failed" {
			return &v.Lines[i]
		}
	}
	return nil
}
