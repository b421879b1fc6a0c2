package procfiles_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/procfs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/exopool/exopool/fake/machine/nspawn/procfiles"
)

func epoch() time.Time { return time.Unix(1_700_000_000, 0) }

// stat reads an account as node exporters do.
func stat(t *testing.T, text string) procfs.Stat {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "stat"), []byte(text), 0o600))
	fs, err := procfs.NewFS(dir)
	require.NoError(t, err)
	s, err := fs.Stat()
	require.NoError(t, err)
	return s
}

func TestAllThatIsAllowedIsAllOfTheMachine(t *testing.T) {
	a := procfiles.NewAccount(1, epoch(), procfiles.Used{})
	var used procfiles.Used
	for i := range 50 { // ten seconds at a quarter of a CPU
		used.User += 40 * time.Millisecond
		used.System += 10 * time.Millisecond
		a.Update(epoch().Add(time.Duration(i+1)*200*time.Millisecond), used, 0.25)
	}
	s := stat(t, a.Text())
	assert.InDelta(t, 8, s.CPUTotal.User, 0.02)
	assert.InDelta(t, 2, s.CPUTotal.System, 0.02)
	assert.InDelta(t, 0, s.CPUTotal.Idle, 0.02)
	assert.EqualValues(t, epoch().Unix(), s.BootTime)
}

func TestEveryCPUOfTheTypeIsShown(t *testing.T) {
	a := procfiles.NewAccount(2, epoch(), procfiles.Used{})
	a.Update(epoch().Add(10*time.Second), procfiles.Used{User: 2500 * time.Millisecond}, 0.5)
	s := stat(t, a.Text())
	require.Len(t, s.CPU, 2)
	for _, cpu := range s.CPU {
		assert.InDelta(t, 5, cpu.User, 0.02)
		assert.InDelta(t, 5, cpu.Idle, 0.02)
	}
	assert.InDelta(t, 10, s.CPUTotal.User, 0.02)
}

func TestTimeUsedBeforeTheBootIsNotShown(t *testing.T) {
	a := procfiles.NewAccount(1, epoch(), procfiles.Used{User: time.Hour})
	a.Update(epoch().Add(time.Second), procfiles.Used{User: time.Hour}, 1)
	assert.Zero(t, stat(t, a.Text()).CPUTotal.User)
}

func TestPortionsAheadOfTimeAreShownLater(t *testing.T) {
	a := procfiles.NewAccount(1, epoch(), procfiles.Used{})
	a.Update(epoch().Add(200*time.Millisecond), procfiles.Used{User: 75 * time.Millisecond}, 0.25)
	assert.InDelta(t, 0.2, stat(t, a.Text()).CPUTotal.User, 0.001, "never more than time has passed")
	a.Update(epoch().Add(400*time.Millisecond), procfiles.Used{User: 100 * time.Millisecond}, 0.25)
	assert.InDelta(t, 0.4, stat(t, a.Text()).CPUTotal.User, 0.001)
}

func TestCountersNeverFallAndAddUpToTheTimePassed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cpus := rapid.IntRange(1, 8).Draw(t, "cpus")
		a := procfiles.NewAccount(cpus, epoch(), procfiles.Used{})
		now, used := epoch(), procfiles.Used{}
		before := counters(a)
		length := len(a.Text())
		for range rapid.IntRange(1, 30).Draw(t, "updates") {
			now = now.Add(time.Duration(rapid.IntRange(-10, 2000).Draw(t, "passed")) * time.Millisecond)
			used.User += time.Duration(rapid.IntRange(-5, 3000).Draw(t, "user")) * time.Millisecond
			used.System += time.Duration(rapid.IntRange(0, 3000).Draw(t, "system")) * time.Millisecond
			a.Update(now, used, rapid.Float64Range(0, 4).Draw(t, "limit"))
			after := counters(a)
			for i := range after {
				if after[i] < before[i] {
					t.Fatalf("counter %d fell from %s to %s", i, before[i], after[i])
				}
			}
			if len(a.Text()) != length {
				t.Fatalf("the length changed from %d to %d", length, len(a.Text()))
			}
			before = after
		}
	})
}

// counters of the first line, which have a fixed width.
func counters(a *procfiles.Account) []string {
	line, _, _ := strings.Cut(a.Text(), "\n")
	return strings.Fields(line)[1:]
}

func TestMemoryIsThatOfTheType(t *testing.T) {
	dir := t.TempDir()
	text := procfiles.Memory{Total: 512 << 20, Programs: 100 << 20, Files: 200 << 20}.Text()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "meminfo"), []byte(text), 0o600))
	fs, err := procfs.NewFS(dir)
	require.NoError(t, err)
	m, err := fs.Meminfo()
	require.NoError(t, err)
	assert.EqualValues(t, 512<<10, *m.MemTotal)
	assert.EqualValues(t, 212<<10, *m.MemFree)
	assert.EqualValues(t, 412<<10, *m.MemAvailable)
	assert.EqualValues(t, 200<<10, *m.Cached)
	over := procfiles.Memory{Total: 1 << 20, Programs: 2 << 20, Files: 3 << 20}.Text()
	assert.NotContains(t, over, "-", "never below zero")
	assert.Len(t, over, len(text))
}

func TestFilesStayTheSameOnes(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "stat")
	require.NoError(t, os.WriteFile(name, []byte(strings.Repeat("of a larger machine\n", 100)), 0o600))
	asked := make(chan struct{}, 100)
	used := procfiles.Used{User: time.Hour}
	cpu, uptime := procfiles.CPU(1, func() (procfiles.Used, float64, error) {
		asked <- struct{}{}
		used.User += time.Second
		return used, 1, nil
	})
	files, err := procfiles.Create(dir, procfiles.Named{Name: "stat", Source: cpu}, procfiles.Named{Name: "uptime", Source: uptime})
	require.NoError(t, err)
	before, err := os.Stat(name)
	require.NoError(t, err)
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Zero(t, stat(t, string(text)).CPUTotal.User, "it is there at once")

	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- files.Keep(ctx) }()
	for range 4 { // by the third update, the second was written
		<-asked
	}
	cancel()
	require.NoError(t, <-done)
	after, err := os.Stat(name)
	require.NoError(t, err)
	assert.True(t, os.SameFile(before, after))
	assert.Equal(t, before.Size(), after.Size())
	text, err = os.ReadFile(name)
	require.NoError(t, err)
	assert.Positive(t, stat(t, string(text)).CPUTotal.User)
	var seconds, idle float64
	text, err = os.ReadFile(filepath.Join(dir, "uptime"))
	require.NoError(t, err)
	_, err = fmt.Sscan(string(text), &seconds, &idle)
	require.NoError(t, err)
	assert.Positive(t, seconds)
}

func TestFilesThatCannotBeKeptAreAnError(t *testing.T) {
	broken := errors.New("no such group")
	calls := 0
	source := func() (string, error) {
		if calls++; calls > 1 {
			return "", broken
		}
		return "text", nil
	}
	files, err := procfiles.Create(t.TempDir(), procfiles.Named{Name: "stat", Source: source})
	require.NoError(t, err)
	require.ErrorIs(t, files.Keep(t.Context()), broken)
	_, err = procfiles.Create(t.TempDir(), procfiles.Named{Name: "stat", Source: source})
	assert.ErrorIs(t, err, broken)
}

// procFS is a /proc with one file.
func procFS(t *testing.T, name, text string) procfs.FS {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	fs, err := procfs.NewFS(dir)
	require.NoError(t, err)
	return fs
}

func TestUptimeIsSinceTheBoot(t *testing.T) {
	a := procfiles.NewAccount(2, epoch(), procfiles.Used{User: time.Hour})
	length := len(a.Uptime())
	a.Update(epoch().Add(10*time.Second), procfiles.Used{User: time.Hour + 2500*time.Millisecond}, 0.5)
	assert.Equal(t, "10.00 10.00", strings.TrimSpace(a.Uptime()), "two CPUs, each idle half of the time")
	a.Update(epoch().Add(400*24*time.Hour), procfiles.Used{}, 0.5)
	assert.Len(t, a.Uptime(), length)
}

func TestLoadFollowsTheTasks(t *testing.T) {
	var load procfiles.Load
	length := len(load.Text())
	for i := range 61 { // five minutes
		load.Update(epoch().Add(time.Duration(i)*5*time.Second), procfiles.Tasks{Active: 4, All: 100})
	}
	got, err := procFS(t, "loadavg", load.Text()).LoadAvg()
	require.NoError(t, err)
	// As the kernel does, after n samples: active * (1 - e^(-n*5s/window)).
	assert.InDelta(t, 3.97, got.Load1, 0.01)
	assert.InDelta(t, 2.53, got.Load5, 0.01)
	assert.InDelta(t, 1.13, got.Load15, 0.01)
	assert.Contains(t, load.Text(), " 4/100 ")
	assert.Len(t, load.Text(), length)
	load.Update(epoch().Add(time.Hour), procfiles.Tasks{Active: 1 << 30, All: 1 << 30})
	assert.Equal(t, 3, strings.Count(load.Text(), "."))
}

func TestLoadIsSampledEveryFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		source := procfiles.LoadAverage(func() (procfiles.Tasks, error) {
			if calls++; calls == 4 {
				return procfiles.Tasks{}, errors.New("no such group")
			}
			return procfiles.Tasks{Active: 1}, nil
		})
		for range 51 {
			_, err := source()
			require.NoError(t, err)
			time.Sleep(200 * time.Millisecond)
		}
		assert.Equal(t, 3, calls)
		time.Sleep(5 * time.Second)
		_, err := source()
		assert.ErrorContains(t, err, "no such group")
	})
}

func TestCPUInfoHasTheCPUsOfTheType(t *testing.T) {
	host, err := os.ReadFile("/proc/cpuinfo")
	require.NoError(t, err)
	const arm = "processor\t: 0\nBogoMIPS\t: 243.75\n\nprocessor\t: 1\nBogoMIPS\t: 243.75\n\n"
	for _, text := range []string{string(host), arm} {
		for _, cpus := range []int{1, 2, 8} {
			shown := procfiles.CPUInfo(text, cpus)
			assert.Equal(t, cpus, strings.Count(shown, "processor\t"))
			assert.Contains(t, shown, fmt.Sprintf("processor\t: %d\n", cpus-1))
			if info, err := procFS(t, "cpuinfo", shown).CPUInfo(); text == string(host) && assert.NoError(t, err) {
				require.Len(t, info, cpus)
			}
		}
	}
}
