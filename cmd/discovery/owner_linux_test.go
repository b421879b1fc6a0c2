package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/cloudtest"
	"github.com/exopool/exopool/internal/programtest"
)

// TestRootIsDroppedInAContainer starts the program as the first process of a
// PID namespace, as container engines do, with the folders of several owners.
func TestRootIsDroppedInAContainer(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("makes a PID namespace: needs root")
	}
	namespace := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}
	probe := exec.Command("true")
	probe.SysProcAttr = namespace
	if err := probe.Run(); err != nil {
		t.Skipf("no PID namespace can be made here: %v", err)
	}
	cloud := cloudtest.New(t, 1)
	for name, uid := range map[string]int{"another user": 12345, "root": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
			require.NoError(t, os.Chmod(dir, 0o755))
			require.NoError(t, os.Chown(dir, uid, uid))
			file := filepath.Join(dir, "config.json")
			cmd := programtest.Self(t, cloud.Env(map[string]string{"DISCOVERY_FILE": file}), "-listen", "")
			cmd.SysProcAttr = namespace
			p := programtest.Start(t, cmd)
			require.Eventually(t, func() bool { _, err := os.Stat(file); return err == nil }, 20*time.Second, 5*time.Millisecond, p)

			status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(cmd.Process.Pid), "status"))
			require.NoError(t, err)
			user := strconv.Itoa(uid)
			for field, value := range map[string]string{
				"Uid": user + `\s` + user + `\s` + user + `\s` + user, "Gid": user + `\s` + user + `\s` + user + `\s` + user, "Groups": "",
				"CapInh": "0+", "CapPrm": "0+", "CapEff": "0+", "CapBnd": "0+", "CapAmb": "0+", "NoNewPrivs": "1",
			} {
				assert.Regexp(t, regexp.MustCompile(`(?m)^`+field+`:\s*`+value+`\s*$`), string(status))
			}
			info, err := os.Stat(file)
			require.NoError(t, err)
			stat, ok := info.Sys().(*syscall.Stat_t)
			require.True(t, ok)
			assert.Equal(t, uid, int(stat.Uid))
		})
	}
}
