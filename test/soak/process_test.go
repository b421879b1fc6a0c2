//go:build linux

package soak_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/programtest"
)

// build builds the programs as they are shipped.
func build(t *testing.T, into string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", into+"/",
		"github.com/exopool/exopool/cmd/autoscaler", "github.com/exopool/exopool/cmd/discovery", "github.com/exopool/exopool/cmd/fakecloud")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// start starts a program whose files, but for those that args name, are in home.
func start(t *testing.T, home, program string, args ...string) *programtest.Process {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), program, args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_RUNTIME_DIR=" + home, "TMPDIR=" + home, "WEBHOOK_TOKEN=" + token}
	return programtest.Start(t, cmd)
}

// A series is the readings of one program.
type series struct {
	name    string
	process *programtest.Process
	metrics string // address of its metrics; may be empty

	memory, goroutines, descriptors []float64 // memory in MiB
}

var resident = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)

func (s *series) read(ctx context.Context, t *testing.T) {
	t.Helper()
	proc := fmt.Sprintf("/proc/%d", s.process.Cmd.Process.Pid)
	status, err := os.ReadFile(proc + "/status")
	require.NoError(t, err)
	match := resident.FindSubmatch(status)
	require.NotNil(t, match, "%s has ended", s.name)
	kib, err := strconv.ParseFloat(string(match[1]), 64)
	require.NoError(t, err)
	s.memory = append(s.memory, kib/1024)
	open, err := os.ReadDir(proc + "/fd")
	require.NoError(t, err)
	s.descriptors = append(s.descriptors, float64(len(open)))
	if s.metrics != "" && ctx.Err() == nil {
		s.goroutines = append(s.goroutines, value(t, s.metrics, "go_goroutines"))
	}
}

// judge compares the last quarter with the second: in the first there is still
// much that a program does for the first time.
func (s *series) judge(t *testing.T) {
	t.Helper()
	for _, what := range []struct {
		name     string
		readings []float64
		factor   float64
		allowed  float64
	}{
		{"memory (MiB)", s.memory, 1.15, 4},
		{"goroutines", s.goroutines, 1, forgiven},
		{"descriptors", s.descriptors, 1, forgiven},
	} {
		if len(what.readings) < 8 {
			continue
		}
		quarter := len(what.readings) / 4
		early, late := mean(what.readings[quarter:2*quarter]), mean(what.readings[len(what.readings)-quarter:])
		t.Logf("%-10s %-12s %d readings: on average %.1f in the second quarter, %.1f in the last, %.1f at most",
			s.name, what.name, len(what.readings), early, late, slices.Max(what.readings))
		assert.LessOrEqual(t, late, early*what.factor+what.allowed, "%s: %s grow", s.name, what.name)
	}
}

func mean(readings []float64) (m float64) {
	for _, r := range readings {
		m += r / float64(len(readings))
	}
	return m
}

// value reads the sum of a metric.
func value(t *testing.T, url, metric string) (sum float64) {
	t.Helper()
	body := get(context.WithoutCancel(t.Context()), url)
	for _, match := range regexp.MustCompile(`(?m)^`+metric+` (\S+)$`).FindAllStringSubmatch(body, -1) {
		n, err := strconv.ParseFloat(match[1], 64)
		require.NoError(t, err)
		sum += n
	}
	return sum
}

func get(ctx context.Context, url string) string {
	return exchange(ctx, http.MethodGet, url, token, "")
}

func post(ctx context.Context, url, secret, body string) {
	exchange(ctx, http.MethodPost, url, secret, body)
}

// exchange makes one request on a connection of its own, and returns the body
// of the answer; nothing if there is none.
func exchange(ctx context.Context, method, url, secret, body string) string {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return ""
	}
	req.Close = true
	req.Header.Set("Authorization", "Bearer "+secret)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 4<<20))
	if err != nil {
		return ""
	}
	return string(text)
}
