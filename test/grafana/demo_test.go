package grafana_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// demoTimeout is several times what the demo takes with these flags.
const demoTimeout = 15 * time.Minute

// The whole loop, as a person would start it: real member processes behind a
// real load balancer, and Grafana between their load and the pool's size.
func TestPoolFollowsTheLoadByTheWordOfGrafana(t *testing.T) {
	found := installation(t)
	t.Parallel()
	dir := t.TempDir()
	program, report := filepath.Join(dir, "demo"), filepath.Join(dir, "summary.json")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../cmd/demo")
	output, err := build.CombinedOutput()
	require.NoError(t, err, "%s", output)
	rest := t.TempDir()

	ctx, cancel := context.WithTimeout(t.Context(), demoTimeout)
	defer cancel()
	// Two members are enough for five clients, and more would take longer to go.
	demo := exec.CommandContext(ctx, program, "-grafana", found.Program, "-grafana-home", found.Home,
		"-clients", "5", "-max", "2", "-json", report)
	demo.Env = append(os.Environ(), "TMPDIR="+rest)
	demo.Cancel = func() error { return demo.Process.Signal(syscall.SIGTERM) }
	demo.WaitDelay = time.Minute
	var printed bytes.Buffer
	demo.Stdout, demo.Stderr = &printed, &printed
	began := time.Now()
	require.NoError(t, demo.Run(), "%s", &printed)

	text, err := os.ReadFile(report)
	require.NoError(t, err)
	var summary struct {
		Passed                bool    `json:"passed"`
		Alerting              string  `json:"alerting"`
		PeakSize              int     `json:"peak_size"`
		EndSize               int     `json:"end_size"`
		WebhooksUp            int     `json:"webhooks_up"`
		WebhooksDown          int     `json:"webhooks_down"`
		SecondsToSecondMember float64 `json:"seconds_to_second_member"`
	}
	require.NoError(t, json.Unmarshal(text, &summary))
	assert.True(t, summary.Passed)
	assert.Equal(t, "grafana "+found.Version, summary.Alerting)
	assert.Greater(t, summary.PeakSize, 1)
	assert.Equal(t, 1, summary.EndSize)
	assert.Positive(t, summary.WebhooksUp)
	assert.Positive(t, summary.WebhooksDown)
	assert.Less(t, summary.SecondsToSecondMember, 300.0)
	assert.Contains(t, printed.String(), "alerts are evaluated by grafana")
	left, err := os.ReadDir(rest)
	require.NoError(t, err)
	assert.Empty(t, left, "no file is left behind")
	t.Logf("the demo took %s; what it printed:\n%s", seconds(time.Since(began)), withoutStatus(printed.String()))
}

// withoutStatus leaves out the lines that only say that time passes.
func withoutStatus(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if !strings.Contains(line, "  status  ") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}
