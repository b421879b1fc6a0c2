package cgroup_test

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/nspawn/cgroup"
)

// tree makes a directory that looks like a mount of control groups. The
// kernel's files are not made by programs, so they must be there.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		name = filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
	}
	return root
}

func content(t *testing.T, parts ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(parts...))
	require.NoError(t, err)
	return string(text)
}

func unified(t *testing.T) string {
	t.Helper()
	return tree(t, map[string]string{
		"cgroup.controllers": "cpuset cpu io memory\n", "cgroup.subtree_control": "",
		"exopool/cgroup.subtree_control": "",
		"exopool/m1/cpu.max":             "max 100000\n", "exopool/m1/memory.max": "max\n", "exopool/m1/memory.stat": "anon 4096\nfile 8192\n",
		"exopool/m1/cpu.stat": "usage_usec 3500000\nuser_usec 2500000\nsystem_usec 1000000\nnr_periods 0\n",
	})
}

func legacy(t *testing.T) string {
	t.Helper()
	return tree(t, map[string]string{
		"cpu/exopool/m1/cpu.cfs_quota_us": "-1\n", "cpu/exopool/m1/cpu.cfs_period_us": "100000\n",
		"cpuacct/exopool/m1/cpuacct.usage_user": "2500000000\n", "cpuacct/exopool/m1/cpuacct.usage_sys": "1000000000\n",
		"memory/exopool/m1/memory.limit_in_bytes": "9223372036854771712\n", "memory/exopool/m1/memory.stat": "rss 1\ntotal_cache 8192\ntotal_rss 4096\n",
		"systemd/cgroup.procs": "", "unified/cgroup.procs": "",
	})
}

func TestVersion2(t *testing.T) {
	root := unified(t)
	h, err := cgroup.Open(root, "exopool")
	require.NoError(t, err)
	assert.True(t, h.Unified())
	g, err := h.Make("m1")
	require.NoError(t, err)
	assert.Equal(t, "+memory", content(t, root, "cgroup.subtree_control"), "the last of them, each enabled by itself")
	assert.Equal(t, []string{filepath.Join(root, "exopool/m1/cgroup.procs")}, g.Joins())
	require.NoError(t, g.LimitCPU(0.25))
	require.NoError(t, g.LimitMemory(512<<20))
	assert.Contains(t, content(t, root, "exopool/m1/cpu.max"), "25000 100000")
	assert.Contains(t, content(t, root, "exopool/m1/memory.max"), "536870912")
	check(t, g)
}

func TestVersion1(t *testing.T) {
	root := legacy(t)
	h, err := cgroup.Open(root, "exopool")
	require.NoError(t, err)
	assert.False(t, h.Unified())
	g, err := h.Make("m1")
	require.NoError(t, err)
	var joins []string
	for _, file := range g.Joins() {
		name, err := filepath.Rel(root, file)
		require.NoError(t, err)
		joins = append(joins, name)
	}
	assert.Equal(t, []string{
		"cpu/exopool/m1/cgroup.procs", "cpuacct/exopool/m1/cgroup.procs", "memory/exopool/m1/cgroup.procs",
		"systemd/exopool/m1/cgroup.procs", "unified/exopool/m1/cgroup.procs",
	}, joins)
	require.NoError(t, g.LimitCPU(1.5))
	require.NoError(t, g.LimitMemory(1<<30))
	assert.Contains(t, content(t, root, "cpu/exopool/m1/cpu.cfs_quota_us"), "150000")
	assert.Contains(t, content(t, root, "memory/exopool/m1/memory.limit_in_bytes"), "1073741824")
	check(t, g)
}

func check(t *testing.T, g *cgroup.Group) {
	t.Helper()
	usage, err := g.Usage()
	require.NoError(t, err)
	assert.Equal(t, cgroup.Usage{User: 2500 * time.Millisecond, System: time.Second}, usage)
	assert.Equal(t, 3500*time.Millisecond, usage.Total())
	memory, err := g.Memory()
	require.NoError(t, err)
	assert.Equal(t, cgroup.Memory{Programs: 4096, Files: 8192}, memory)
	require.ErrorContains(t, g.LimitCPU(0.001), "at least 0.01")
	assert.ErrorContains(t, g.LimitMemory(0), "at least 1 MiB")
}

func TestMemoryIsNotLimitedWithoutItsController(t *testing.T) {
	root := legacy(t)
	require.NoError(t, os.RemoveAll(filepath.Join(root, "memory")))
	h, err := cgroup.Open(root, "exopool")
	require.NoError(t, err)
	g, err := h.Make("m1")
	require.NoError(t, err)
	require.NoError(t, g.LimitMemory(1<<30))
	memory, err := g.Memory()
	require.NoError(t, err)
	assert.Zero(t, memory)
}

func TestHostsWithoutCPUControllerAreRefused(t *testing.T) {
	_, err := cgroup.Open(tree(t, map[string]string{"cgroup.controllers": "cpuset memory\n"}), "exopool")
	require.ErrorContains(t, err, "no cpu controller")
	_, err = cgroup.Open(t.TempDir(), "exopool")
	assert.ErrorContains(t, err, "neither version 2 nor the cpu controller of version 1")
}

func TestSweepRemovesGroupsOfItsNameOnly(t *testing.T) {
	root := tree(t, map[string]string{"cgroup.controllers": "cpu\n"})
	for _, dir := range []string{"exopool/m1/payload/system.slice", "exopool/m2", "other/m1"} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, dir), 0o755))
	}
	h, err := cgroup.Open(root, "exopool")
	require.NoError(t, err)
	require.NoError(t, h.Sweep(t.Context()))
	assert.NoDirExists(t, filepath.Join(root, "exopool"))
	assert.DirExists(t, filepath.Join(root, "other/m1"))
	require.NoError(t, h.Sweep(t.Context()), "nothing to remove is no error")
}

func FuzzCPUStat(f *testing.F) {
	f.Add("usage_usec 3\nuser_usec 2\nsystem_usec 1\n")
	f.Add("user_usec -1\nsystem_usec 9223372036854775807\n")
	f.Fuzz(func(t *testing.T, text string) {
		usage, err := cgroup.ParseStat(text)
		if err == nil && (usage.User < 0 || usage.System < 0) {
			t.Errorf("%q means %v", text, usage)
		}
	})
}

// The file of a group lists threads; here it lists one of this program.
func TestTasksAreThoseOfAllSubgroups(t *testing.T) {
	self := strconv.Itoa(os.Getpid())
	for name, root := range map[string]string{
		"version 2": tree(t, map[string]string{
			"cgroup.controllers": "cpu", "cgroup.subtree_control": "", "exopool/cgroup.subtree_control": "",
			"exopool/m1/cgroup.threads": "", "exopool/m1/a.slice/b.service/cgroup.threads": self + "\n4194305\n",
		}),
		"version 1": tree(t, map[string]string{
			"cpu/exopool/m1/tasks": "", "cpu/exopool/m1/sub/tasks": self + "\n4194305\n", "cpuacct/exopool/m1/tasks": "",
		}),
	} {
		h, err := cgroup.Open(root, "exopool")
		require.NoError(t, err, name)
		g, err := h.Make("m1")
		require.NoError(t, err, name)
		tasks, err := g.Tasks()
		require.NoError(t, err, name)
		assert.Equal(t, 1, tasks.All, "%s: those that are gone do not count", name)
		assert.LessOrEqual(t, tasks.Active, 1, name)
	}
}

func TestStateFollowsTheName(t *testing.T) {
	for stat, want := range map[string]byte{
		"1 (init) S 0 1": 'S', "7 (a) R) D 1": 'D', "8 ((sd-pam)) R 1": 'R', "9 (x)": 0, "": 0,
	} {
		assert.Equal(t, want, cgroup.State([]byte(stat)), stat)
	}
}
