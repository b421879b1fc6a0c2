package pages_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// prelude makes what the commands of the pages expect: a cloud with a pool, an
// autoscaler that scales it and wants a token, and files where an installation has
// them. Requests that fail are errors.
const prelude = `set -e
cd "$dir"
mkdir -p etc var/autoscaler srv bin
echo secret >etc/webhook-token
fakecloud serve -listen 127.0.0.1:0 -instant >cloud.log 2>&1 &
until fakecloud env >env 2>/dev/null; do sleep 0.1; done
. ./env
webpool >/dev/null
export EXOSCALE_INSTANCEPOOL_ID=web
discovery -listen none -file srv/config.json 2>discovery.log &
WEBHOOK_TOKEN=secret autoscaler -listen-port "$port" -state-dir var/autoscaler 2>autoscaler.log &
cp "$programs/autoscaler" "$programs/discovery" .
printf 'seconds_from_start,load\n0,10\n3600,20\n' >load.csv
curl() { command curl --fail-with-body "$@"; }
until curl -s "127.0.0.1:$port/readyz" >/dev/null && test -s srv/config.json; do sleep 0.1; done
`

// TestCommandsOfThePages runs the commands that docs/commands.txt says are run
// here, page by page, each page with a cloud of its own.
func TestCommandsOfThePages(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the commands are for Linux")
	}
	for _, name := range []string{"bash", "curl", "jq", "openssl"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skip(err)
		}
	}
	programs := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", programs+"/", "./cmd/fakecloud", "./cmd/autoscaler", "./cmd/discovery", "./cmd/replay", "./examples/webpool")
	build.Dir = "../.."
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	commands := runHere(t)
	for _, page := range slices.Sorted(maps.Keys(commands)) {
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			runCommands(t, programs, commands[page])
		})
	}
}

// runHere returns the commands by page.
func runHere(t *testing.T) map[string][]string {
	t.Helper()
	list, err := os.ReadFile("../../docs/commands.txt")
	require.NoError(t, err)
	commands := map[string][]string{}
	for line := range strings.Lines(string(list)) {
		entry, ok := strings.CutSuffix(strings.TrimSpace(line), " => run")
		page, text, found := strings.Cut(entry, ": ")
		if ok && found && !strings.HasPrefix(page, "#") {
			commands[page] = append(commands[page], text)
		}
	}
	require.NotEmpty(t, commands)
	return commands
}

func runCommands(t *testing.T, programs string, commands []string) {
	t.Helper()
	dir, port := t.TempDir(), freePort(t)
	here := strings.NewReplacer("go run ./cmd/", "", "sudo ", "", "./fakecloud", "fakecloud", "FILE", "saved.json", "COMMAND", "true",
		"/etc/exopool", "etc", "/var/lib/private", "var", "/srv/service-discovery", "srv",
		"/usr/local/bin/", "bin/", "127.0.0.1:8090", "127.0.0.1:"+port)
	script := prelude
	for _, command := range commands {
		script += fmt.Sprintf("echo %s\n%s\n", "'== "+strings.ReplaceAll(command, "'", `'\''`)+"'", here.Replace(command))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", script)
	cmd.Env = append(os.Environ(), "PATH="+programs+":"+os.Getenv("PATH"), "XDG_RUNTIME_DIR="+dir, "TMPDIR="+dir, "dir="+dir, "port="+port,
		"programs="+programs, "AUTOSCALER_URL=http://127.0.0.1:"+port)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	output, err := os.Create(filepath.Join(dir, "output"))
	require.NoError(t, err)
	defer func() { _ = output.Close() }()
	cmd.Stdout, cmd.Stderr = output, output // a file: what runs in the background keeps it open
	err = cmd.Run()
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
	said, readErr := os.ReadFile(output.Name())
	require.NoError(t, readErr)
	require.NoError(t, err, "the last command failed:\n%s", said)
	assert.Eventually(t, func() bool {
		left, _ := filepath.Glob(filepath.Join(dir, "fakecloud", "*"))
		return len(left) == 0
	}, time.Minute, 10*time.Millisecond, "the cloud goes on")
}
