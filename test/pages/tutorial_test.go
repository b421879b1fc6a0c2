// Package pages_test follows pages of the documentation, command by command.
package pages_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A tutorialBlock is a block of a page: commands, and the output that the page
// shows after them, if any.
type tutorialBlock struct{ commands, output string }

// TestTutorial follows docs/tutorial.md from the page alone: every command, in
// order, in one shell, twice where the vendor's command is installed.
func TestTutorial(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("members are processes on addresses that only Linux has")
	}
	for _, name := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skip(err)
		}
	}
	blocks := tutorialBlocks(t)
	t.Run("with the vendor's client", func(t *testing.T) {
		t.Parallel()
		follow(t, blocks, "exo ")
	})
	t.Run("with the vendor's command", func(t *testing.T) {
		t.Parallel()
		if _, err := exec.LookPath("exo"); err != nil {
			t.Skip(err)
		}
		follow(t, blocks, "balancer=$(webpool)")
	})
}

// Blocks that begin so are not run: this is a clone, and the gate runs the demo.
var notInTheTutorialTest = []string{"git clone ", "go run ./cmd/demo"}

// follow runs the blocks but those that begin with the given text, and compares
// what they print.
func follow(t *testing.T, blocks []tutorialBlock, otherWay string) {
	t.Helper()
	script := "set -e\n"
	var run []tutorialBlock
	for _, block := range blocks {
		skip := strings.HasPrefix(block.commands, otherWay)
		for _, beginning := range notInTheTutorialTest {
			skip = skip || strings.HasPrefix(block.commands, beginning)
		}
		if skip {
			continue
		}
		script += fmt.Sprintf("%secho; echo '=== end of %d'\n", block.commands, len(run))
		run = append(run, block)
	}
	for _, port := range []string{"8090", "8091"} { // others on this host may use them
		script = strings.ReplaceAll(script, "127.0.0.1:"+port, "127.0.0.1:"+freePort(t))
	}
	receiver := regexp.MustCompile(`127\.0\.0\.1:(\d+)/up`).FindStringSubmatch(script)[1]

	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", script)
	if setpriv, err := exec.LookPath("setpriv"); err == nil && os.Getuid() == 0 {
		// The page needs no root: port 80 is not to be had, either.
		cmd = exec.CommandContext(ctx, setpriv, "--bounding-set=-net_bind_service", "--inh-caps=-net_bind_service", "bash", "-c", script)
	}
	cmd.Dir = "../.."
	home := t.TempDir()
	cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+home, "TMPDIR="+home, "LISTEN_PORT="+receiver,
		"AUTOSCALER_URL=http://127.0.0.1:"+receiver, "DISCOVERY_LISTEN=none")
	var out, errors bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errors
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	err := cmd.Run()
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) // what a failed script has left
	require.NoError(t, err, "%s\n%s", out.String(), errors.String())

	said := out.String()
	for i, block := range run {
		var printed string
		var found bool
		printed, said, found = strings.Cut(said, fmt.Sprintf("\n=== end of %d\n", i))
		require.True(t, found, "the script ended before block %d:\n%s", i, block.commands)
		if block.output != "" {
			assert.Equal(t, withoutFigures(block.output), withoutFigures(printed), "what the page shows after\n%s", block.commands)
		}
	}
	left, err := filepath.Glob(filepath.Join(home, "*", "*"))
	require.NoError(t, err)
	assert.Empty(t, left, "the last step removes everything")
}

// withoutFigures leaves out what differs from run to run: second and third numbers
// of addresses.
func withoutFigures(text string) string {
	text = regexp.MustCompile(`127\.\d+\.`).ReplaceAllString(text, "127.N.")
	text = regexp.MustCompile(`("127\.N\.\d+\.\d+):\d+"`).ReplaceAllString(text, `$1:PORT"`)
	return strings.TrimSpace(text)
}

// tutorialBlocks reads the page.
func tutorialBlocks(t *testing.T) []tutorialBlock {
	t.Helper()
	page, err := os.ReadFile("../../docs/tutorial.md")
	require.NoError(t, err)
	var blocks []tutorialBlock
	fences := regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$").FindAllStringSubmatch(string(page), -1)
	for _, fence := range fences {
		switch fence[1] {
		case "sh":
			blocks = append(blocks, tutorialBlock{commands: fence[2]})
		case "text":
			require.NotEmpty(t, blocks)
			blocks[len(blocks)-1].output = fence[2]
		default:
			t.Fatalf("the tutorial has a block of %q, which nobody runs", fence[1])
		}
	}
	require.Greater(t, len(blocks), 8)
	return blocks
}

// freePort returns a port of this host that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}
