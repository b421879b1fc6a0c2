package nspawn_test

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/nspawn/cgroup"
)

// BenchmarkMachines boots machines at once. Figures are seconds until all can
// be logged in to, and until the user-data of all is done; CPU time and memory
// are those of one machine. Run it with -benchtime 1x.
func BenchmarkMachines(b *testing.B) {
	for _, userData := range []struct{ name, text string }{
		{"bare", "#!/bin/sh\necho hello\n"},
		{"application", application}, // installs packages, starts a container
	} {
		for _, count := range []int{1, 3, 6} {
			b.Run(userData.name+"/"+strconv.Itoa(count), func(b *testing.B) {
				var login, done, cpu, memory float64
				for b.Loop() {
					l, d, u := bootTogether(b, count, userData.text)
					login, done = login+l.Seconds(), done+d.Seconds()
					cpu, memory = cpu+u.cpu.Seconds()/float64(count), memory+float64(u.memory)/float64(count)/(1<<20)
				}
				n := float64(b.N)
				b.ReportMetric(login/n, "s-to-login")
				b.ReportMetric(done/n, "s-to-done")
				b.ReportMetric(cpu/n, "cpu-s/machine")
				b.ReportMetric(memory/n, "MiB/machine")
			})
		}
	}
}

type used struct {
	cpu    time.Duration
	memory int64
}

func bootTogether(b *testing.B, count int, userData string) (login, done time.Duration, u used) {
	b.Helper()
	driver, _, log := newDriverWithImages(b, internet{})
	key := newKey(b)
	machines := make([]driverapi.Machine, count)
	begin := time.Now()
	for i := range machines {
		machines[i] = instance(driver, i, userData, key.public)
		require.NoError(b, driver.Start(machines[i]))
	}
	var all sync.WaitGroup
	for _, m := range machines {
		all.Go(func() {
			_, err := on(b, key, m, "true")
			if err != nil {
				b.Error(err)
			}
		})
	}
	all.Wait()
	login = time.Since(begin)
	for _, m := range machines {
		booted(b, log, m, 1)
		require.NoError(b, driver.Condition(m.ID).Err)
	}
	done = time.Since(begin)
	groups, err := cgroup.Open(cgroup.Root, prefix)
	require.NoError(b, err)
	for _, m := range machines {
		group, err := groups.Make(m.ID)
		require.NoError(b, err)
		usage, err := group.Usage()
		require.NoError(b, err)
		memory, err := group.Memory()
		require.NoError(b, err)
		u.cpu += usage.Total()
		u.memory += memory.Programs
	}
	require.NoError(b, driver.Close(b.Context()))
	return login, done, u
}
