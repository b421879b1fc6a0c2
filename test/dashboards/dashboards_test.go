//go:build linux

// Package dashboards_test draws Grafana's dashboards with Grafana's own components,
// from a Prometheus that has watched an installation under load.
package dashboards_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/process/member"
)

const (
	boards = "../../terraform/files/monitoring/etc/grafana/dashboards"
	tool   = "../../tools/dashboards"
)

func TestMain(m *testing.M) {
	if code, ok := member.Run(os.Args); ok {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// A finding is what the tool did not like about a panel.
type finding struct {
	Dashboard, Panel, Theme string
	Width                   int
	Problem                 string
}

// withoutData are the panels that a run without trouble leaves empty.
func withoutData() []string {
	return []string{"Failures", "Hours of pause", "Load and forecast", "Requests by member"}
}

// TestDashboardsAreReadable draws both dashboards after an installation, as
// Terraform makes it by default, has followed a load and come back, in real time.
// The variable names the folder for the pictures.
func TestDashboardsAreReadable(t *testing.T) {
	pictures := os.Getenv("EXOPOOL_DASHBOARDS")
	if pictures == "" {
		t.Skip("takes a quarter of an hour and npm: see make dashboards")
	}
	pictures, err := filepath.Abs(pictures)
	require.NoError(t, err)
	if _, err := os.Stat(filepath.Join(tool, "node_modules")); err != nil {
		t.Fatal("the tool is not installed: make dashboards does it")
	}
	in := install(t)
	in.followLoad(t)
	in.draw(t, pictures)
}

// draw draws all panels, and fails the test for what cannot be read in them.
func (in *installation) draw(t *testing.T, pictures string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", "draw.mjs",
		"--dashboards", absolute(t, boards), "--out", pictures, "--prometheus", in.url(9090),
		"--from", strconv.FormatInt(in.began.Unix(), 10), "--to", strconv.FormatInt(time.Now().Unix(), 10))
	cmd.Dir = tool
	cmd.Stderr = os.Stderr
	said, err := cmd.Output()
	require.NoError(t, err)
	var findings []finding
	require.NoError(t, json.Unmarshal(said, &findings))
	empty := map[string]bool{}
	for _, f := range findings {
		if f.Problem == "no data" {
			empty[f.Panel] = true
			continue
		}
		assert.Fail(t, f.Problem, "%s: %s, %d pixels, %s", f.Dashboard, f.Panel, f.Width, f.Theme)
	}
	assert.ElementsMatch(t, withoutData(), slices.Collect(maps.Keys(empty)), "panels without data")
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	require.NoError(t, err)
	return path
}

// url is where a program of the monitoring machine listens.
func (in *installation) url(port int) string { return fmt.Sprintf("http://%s:%d", in.address, port) }
