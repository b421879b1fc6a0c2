package process_test

import (
	"bufio"
	"context"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/process"
)

func TestLoadRaisesTheCPUOfTheRightMemberOnly(t *testing.T) {
	driver := newDriver(t, nil)
	members := start(t, driver, 2)
	for _, m := range members {
		health, err := fetch(t.Context(), url(driver, m, process.LoadPort, "/health"))
		require.NoError(t, err)
		assert.Equal(t, "OK", health)
	}
	for range 20 { // 10 ms each
		_, err := fetch(t.Context(), url(driver, members[0], process.LoadPort, "/load"))
		require.NoError(t, err)
	}
	eventually(t, func() bool { return busySeconds(t, driver, members[0]) >= 0.2 }, "the load is not in the metrics")
	assert.InDelta(t, 0.2, busySeconds(t, driver, members[0]), 1e-9)
	assert.Zero(t, busySeconds(t, driver, members[1]))
	assert.Positive(t, cpuSeconds(t, driver, members[1])["idle"])
}

func TestMemberAnswersOnlyAfterItsBootTime(t *testing.T) {
	driver := newDriver(t, nil)
	m := instance(driver, 0)
	m.BootTime = 300 * time.Millisecond
	begin := time.Now()
	require.NoError(t, driver.Start(m))
	_, running := driver.PID(m.ID)
	assert.False(t, running)
	eventually(t, func() bool { return answers(t.Context(), driver, m) }, "never answered")
	assert.GreaterOrEqual(t, time.Since(begin), m.BootTime)
}

func TestMachineStoppedWhileItBootsNeverRuns(t *testing.T) {
	driver := newDriver(t, nil)
	m := instance(driver, 0)
	m.BootTime = time.Hour
	require.NoError(t, driver.Start(m))
	driver.Stop(m.ID)
	m.BootTime = 0
	require.NoError(t, driver.Start(m), "and may be started again")
	eventually(t, func() bool { return answers(t.Context(), driver, m) }, "never answered")
}

func TestStartOfARunningMachineChangesNothing(t *testing.T) {
	driver := newDriver(t, nil)
	m := start(t, driver, 1)[0]
	before, _ := driver.PID(m.ID)
	require.NoError(t, driver.Start(m))
	after, _ := driver.PID(m.ID)
	assert.Equal(t, before, after)
}

func TestMemberThatDiedIsNotRestartedUntilAsked(t *testing.T) {
	driver := newDriver(t, nil)
	m := start(t, driver, 1)[0]
	before, _ := driver.PID(m.ID)
	require.NoError(t, syscall.Kill(before, syscall.SIGKILL))
	eventually(t, func() bool { _, running := driver.PID(m.ID); return !running }, "the death was not noticed")
	assert.False(t, answers(t.Context(), driver, m))

	require.NoError(t, driver.Start(m))
	eventually(t, func() bool { return answers(t.Context(), driver, m) }, "not started again")
	after, _ := driver.PID(m.ID)
	assert.NotEqual(t, before, after)
}

func TestStopFinishesRequestsInFlightAndFreesTheAddress(t *testing.T) {
	driver := newDriver(t, func(cfg *process.Config) { cfg.Work = 100 * time.Millisecond })
	m := start(t, driver, 1)[0]
	first, _ := driver.PID(m.ID)
	const requests = 5 // half a second of work
	results := make(chan error, requests)
	for range requests {
		go func() {
			_, err := fetch(context.WithoutCancel(t.Context()), url(driver, m, process.LoadPort, "/load"))
			results <- err
		}()
	}
	eventually(t, func() bool { return busySeconds(t, driver, m) > 0 }, "no request arrived")
	driver.Stop(m.ID)
	require.NoError(t, driver.Start(m), "the new process waits for the old one")
	for range requests {
		assert.NoError(t, <-results)
	}
	eventually(t, func() bool { return answers(t.Context(), driver, m) }, "not started again")
	assert.False(t, alive(first))
}

func TestRequestsWaitAtTheSameTime(t *testing.T) {
	driver := newDriver(t, func(cfg *process.Config) { cfg.Wait = 500 * time.Millisecond })
	m := start(t, driver, 1)[0]
	begin := time.Now()
	var requests sync.WaitGroup
	for range 20 {
		requests.Go(func() {
			_, err := fetch(t.Context(), url(driver, m, process.LoadPort, "/load"))
			assert.NoError(t, err)
		})
	}
	requests.Wait()
	assert.GreaterOrEqual(t, time.Since(begin), 500*time.Millisecond)
	assert.Less(t, time.Since(begin), 20*500*time.Millisecond)
	eventually(t, func() bool { return busySeconds(t, driver, m) >= 0.2 }, "the load is not in the metrics")
	assert.InDelta(t, 0.2, busySeconds(t, driver, m), 1e-9, "waiting takes no CPU time")
}

func TestMemberThatEndsSaysSoInItsLastAnswers(t *testing.T) {
	driver := newDriver(t, func(cfg *process.Config) { cfg.Work = 50 * time.Millisecond })
	m := start(t, driver, 1)[0]
	target := url(driver, m, process.LoadPort, "/load")
	closes := make(chan bool, 4)
	for range cap(closes) {
		go func() {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			resp, err := client.Get(target)
			if assert.NoError(t, err) {
				resp.Body.Close()
			}
			closes <- err == nil && resp.Close
		}()
	}
	require.False(t, <-closes, "while it serves, connections are kept")
	driver.Stop(m.ID)
	<-closes // may have been on its way
	<-closes
	assert.True(t, <-closes)
}

func TestRequestsThatExceedTheGraceAreCut(t *testing.T) {
	driver := newDriver(t, func(cfg *process.Config) {
		cfg.Work, cfg.Grace = time.Hour, 50*time.Millisecond
	})
	m := start(t, driver, 1)[0]
	pid, _ := driver.PID(m.ID)
	result := make(chan error, 1)
	go func() {
		_, err := fetch(context.WithoutCancel(t.Context()), url(driver, m, process.LoadPort, "/load"))
		result <- err
	}()
	eventually(t, func() bool { return busySeconds(t, driver, m) > 0 }, "the request did not arrive")
	driver.Stop(m.ID)
	require.Error(t, <-result)
	eventually(t, func() bool { return !alive(pid) }, "the process is left")
}

func TestDestroyKillsAtOnce(t *testing.T) {
	for name, stopped := range map[string]bool{"a member that serves": false, "a member that finishes its requests": true} {
		t.Run(name, func(t *testing.T) {
			driver := newDriver(t, func(cfg *process.Config) { cfg.Work, cfg.Grace = time.Hour, time.Hour })
			m := start(t, driver, 1)[0]
			pid, _ := driver.PID(m.ID)
			result := make(chan error, 1)
			go func() {
				_, err := fetch(context.WithoutCancel(t.Context()), url(driver, m, process.LoadPort, "/load"))
				result <- err
			}()
			eventually(t, func() bool { return busySeconds(t, driver, m) > 0 }, "the request did not arrive")
			if stopped {
				driver.Stop(m.ID)
			}
			driver.Destroy(m.ID)
			driver.Destroy(m.ID)
			require.Error(t, <-result)
			eventually(t, func() bool { return !alive(pid) }, "the process is left")
		})
	}
}

func TestKillLeavesAMachineThatCanBeStartedAgain(t *testing.T) {
	driver := newDriver(t, func(cfg *process.Config) { cfg.Grace = time.Hour })
	m := start(t, driver, 1)[0]
	pid, _ := driver.PID(m.ID)
	require.NoError(t, driver.Kill(m.ID))
	eventually(t, func() bool { return !alive(pid) }, "the process is left")
	require.Error(t, driver.Kill(m.ID), "it is off")
	require.NoError(t, driver.Start(m))
	eventually(t, func() bool { again, on := driver.PID(m.ID); return on && again != pid }, "it does not start")
}

func TestCloseLeavesNoProcess(t *testing.T) {
	driver := newDriver(t, nil) // which checks the directory
	members := start(t, driver, 2)
	pids := make([]int, 0, len(members))
	for _, m := range members {
		pid, running := driver.PID(m.ID)
		require.True(t, running)
		require.True(t, alive(pid))
		pids = append(pids, pid)
	}
	require.NoError(t, driver.Close(t.Context()))
	for _, pid := range pids {
		assert.False(t, alive(pid))
	}
	require.ErrorContains(t, driver.Start(members[0]), "closed")
	require.NoError(t, driver.Close(t.Context()), "a second time does nothing")
}

func TestCloseWithoutTimeLeftKills(t *testing.T) {
	driver := newDriver(t, func(cfg *process.Config) { cfg.Work, cfg.Grace = time.Hour, time.Hour })
	m := start(t, driver, 1)[0]
	pid, _ := driver.PID(m.ID)
	result := make(chan error, 1)
	go func() {
		_, err := fetch(context.WithoutCancel(t.Context()), url(driver, m, process.LoadPort, "/load"))
		result <- err
	}()
	eventually(t, func() bool { return busySeconds(t, driver, m) > 0 }, "the request did not arrive")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, driver.Close(ctx))
	assert.False(t, alive(pid))
	require.Error(t, <-result)
}

func TestMembersEndWhenTheirParentIsKilled(t *testing.T) {
	dir := t.TempDir()
	parent := exec.Command(os.Args[0], parentArgument, dir)
	_, err := parent.StdinPipe()
	require.NoError(t, err)
	output, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	t.Cleanup(func() {
		_ = parent.Process.Kill()
		_ = parent.Wait()
	})
	lines := bufio.NewScanner(output)
	var pids []int
	for len(pids) < 2 && lines.Scan() {
		pid, err := strconv.Atoi(lines.Text())
		require.NoError(t, err, lines.Text())
		require.True(t, alive(pid))
		pids = append(pids, pid)
	}
	require.Len(t, pids, 2)
	require.NoError(t, parent.Process.Kill())
	for _, pid := range pids {
		eventually(t, func() bool { return !alive(pid) }, "member %d outlived its parent", pid)
	}
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestDriversDoNotShareANetwork(t *testing.T) {
	one, two := newDriver(t, nil), newDriver(t, nil)
	first, _ := one.Networks()
	second, _ := two.Networks()
	assert.False(t, first.Overlaps(second))
	instances, balancers := one.Networks()
	assert.False(t, instances.Overlaps(balancers))

	_, err := process.New(t.Context(), process.Config{
		Logger: quiet(), Network: netip.PrefixFrom(first.Addr(), first.Bits()-1),
	})
	assert.ErrorContains(t, err, "claim loopback network")
}

func TestSettingsAreChecked(t *testing.T) {
	for name, cfg := range map[string]process.Config{
		"no logger given":    {},
		"share 2":            {Logger: quiet(), Share: 2},
		"wait -1s":           {Logger: quiet(), Wait: -time.Second},
		"speed -1":           {Logger: quiet(), Speed: -1},
		"want a part of 127": {Logger: quiet(), Network: netip.MustParsePrefix("10.0.0.0/16")},
	} {
		_, err := process.New(t.Context(), cfg)
		assert.ErrorContains(t, err, name)
	}
	driver := newDriver(t, nil)
	m := instance(driver, 0)
	m.Address = netip.MustParseAddr("127.0.0.1")
	assert.ErrorContains(t, driver.Start(m), "is not in")
}
