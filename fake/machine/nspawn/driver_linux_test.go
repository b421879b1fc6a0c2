package nspawn_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/nspawn"
)

func TestMachineBootsAndExecutesItsUserData(t *testing.T) {
	driver, log := newDriver(t)
	key := newKey(t)
	m := instance(driver, 0, `#cloud-config
write_files:
  - {path: /srv/a, content: written}
runcmd:
  - hostname > /srv/b
`, key.public)
	start(t, driver, m)
	booted(t, log, m, 1)
	require.NoError(t, driver.Condition(m.ID).Err)
	for command, want := range map[string]string{
		"cat /srv/a /srv/b":                                       "writtenweb-0",
		"sudo -n whoami":                                          "root",
		"cloud-init query platform":                               "exoscale",
		"systemctl is-system-running --wait":                      "running",
		"grep -c ^cpu[0-9] /proc/stat":                            "1",
		"awk '/MemTotal/{print $2}' /proc/meminfo":                "524288",
		"cat /etc/machine-id":                                     strings.ReplaceAll(m.ID, "-", ""),
		"dpkg -s podman 2>&1 | grep ^Status":                      "", // what real ones do not have
		"curl -s 169.254.169.254/1.0/meta-data/availability-zone": "at-vie-1",
	} {
		got, err := on(t, key, m, command)
		if want != "" {
			require.NoError(t, err, "%s: %s", command, got)
		}
		assert.Equal(t, want, got, command)
	}
	console, ok := driver.Console(m.ID)
	require.True(t, ok)
	text, err := os.ReadFile(console)
	require.NoError(t, err)
	assert.Contains(t, string(text), "Cloud-init")
}

func TestUserDataThatFailsIsTheInstancesError(t *testing.T) {
	driver, log := newDriver(t)
	for i, c := range []struct{ userData, want string }{
		{"#cloud-config\nruncmd:\n  - echo hi\n  - nosuchcommand\n", "at line 3 of runcmd"},
		{"#cloud-config\nruncmd:\n  - echo hi\n bad: [\n", "line 4, column 2"},
		{"#cloud-config\npackages: [nosuchpackage]\n", "nosuchpackage"},
		{"#cloud-config\nruncmd:\n  - echo hi\n  - [ls, /nosuchfile]\n", "at line 3 of runcmd (its commands begin at line 2): ls: cannot access '/nosuchfile': No such file or directory (exit code 2)"},
		{"#!/bin/sh\nset -e\n\nnosuchcommand\necho never\n", "at line 4 of part-001"},
		{"hello: world\n", "neither with #cloud-config nor with #!"},
	} {
		m := instance(driver, i, c.userData)
		start(t, driver, m)
		booted(t, log, m, 1)
		err := driver.Condition(m.ID).Err
		require.ErrorContains(t, err, "user-data failed")
		require.ErrorContains(t, err, c.want)
		assert.False(t, driver.Condition(m.ID).Off, "the machine is on as in the cloud")
		driver.Destroy(m.ID)
	}
	assert.Contains(t, log.String(), `msg="user-data wrote"`)
}

func TestMachineWithoutUserDataBoots(t *testing.T) {
	driver, log := newDriver(t)
	m := instance(driver, 0, "")
	start(t, driver, m)
	booted(t, log, m, 1)
	assert.Equal(t, driverapi.Condition{}, driver.Condition(m.ID))
}

func TestMachineIsBusyWhenItUsesAllThatItMay(t *testing.T) {
	driver, log := newDriver(t)
	k := newKey(t)
	m := instance(driver, 0, "", k.public)
	start(t, driver, m)
	booted(t, log, m, 1)
	got, err := on(t, k, m, `
		counters() { awk '/^cpu /{print $2+$3+$4, $5}' /proc/stat; }
		counters; sleep 4; counters; timeout 4 sh -c 'while :; do :; done' || true; counters`)
	require.NoError(t, err, got)
	var busy, idle [3]float64 // in hundredths of a second
	_, err = fmt.Sscan(got, &busy[0], &idle[0], &busy[1], &idle[1], &busy[2], &idle[2])
	require.NoError(t, err, got)
	share := func(from, to int) float64 {
		return (busy[to] - busy[from]) / (busy[to] - busy[from] + idle[to] - idle[from])
	}
	assert.Less(t, share(0, 1), 0.5, "at rest, but it may still finish its boot")
	assert.Greater(t, share(1, 2), 0.7, "one thread, on a host that may be busy with other things")
}

func TestRebootStopAndStartKeepTheDisk(t *testing.T) {
	driver, log := newDriver(t)
	key := newKey(t)
	m := instance(driver, 0, "#!/bin/sh\necho once >> /srv/runs\n", key.public)
	start(t, driver, m)
	booted(t, log, m, 1)
	_, err := on(t, key, m, "sudo systemctl reboot")
	t.Logf("the connection ends with the machine: %v", err)
	booted(t, log, m, 2)

	driver.Stop(m.ID)
	require.NoError(t, driver.Start(m), "it is shut down first")
	booted(t, log, m, 3)

	require.NoError(t, driver.Kill(m.ID))
	eventually(t, "the loss of power is noticed", func() bool { return driver.Condition(m.ID).Off })
	require.Error(t, driver.Kill(m.ID), "it is off")
	require.NoError(t, driver.Start(m))
	assert.False(t, driver.Condition(m.ID).Off)
	booted(t, log, m, 4)

	got, err := on(t, key, m, "cat /srv/runs")
	require.NoError(t, err)
	assert.Equal(t, "once", got, "user-data is executed at the first boot only")
}

func TestMachineKilledWhileItBootsFinishesNextTime(t *testing.T) {
	driver, log := newDriver(t)
	key := newKey(t)
	m := instance(driver, 0, "#!/bin/sh\necho once >> /srv/runs\n", key.public)
	start(t, driver, m)
	eventually(t, "it has power", func() bool { return strings.Contains(log.String(), "machine boots") })
	require.NoError(t, driver.Kill(m.ID))
	eventually(t, "the loss of power is noticed", func() bool { return driver.Condition(m.ID).Off })
	require.NoError(t, driver.Start(m))
	booted(t, log, m, 1)
	require.NoError(t, driver.Condition(m.ID).Err)
	got, err := on(t, key, m, "cat /srv/runs")
	require.NoError(t, err)
	assert.Equal(t, "once", got)
}

func TestMachineThatShutsDownIsOff(t *testing.T) {
	driver, log := newDriver(t)
	m := instance(driver, 0, "#!/bin/sh\nsystemctl --no-block poweroff\n")
	start(t, driver, m)
	eventually(t, "it is off", func() bool { return driver.Condition(m.ID).Off })
	assert.Contains(t, log.String(), "machine shut itself down")
}

// stubborn is user-data of a machine that never shuts down.
const stubborn = `#cloud-config
write_files:
  - path: /etc/systemd/system/stubborn.service
    content: |
      [Service]
      Type=oneshot
      RemainAfterExit=yes
      ExecStart=true
      ExecStop=sleep infinity
      TimeoutStopSec=infinity
runcmd: [[systemctl, start, stubborn]]
`

func TestStopInMidBootIsNoErrorOfTheUserData(t *testing.T) {
	driver, log := newDriver(t)
	m := instance(driver, 0, "#!/bin/sh\nsleep 1000\n")
	start(t, driver, m)
	console := func() string {
		name, _ := driver.Console(m.ID)
		text, _ := os.ReadFile(name)
		return string(text)
	}
	eventually(t, "cloud-init is at work", func() bool { return strings.Contains(console(), "Cloud-init v.") })
	driver.Stop(m.ID)
	require.NoError(t, driver.Start(m))
	eventually(t, "it boots again", func() bool { return len(log.find("machine boots")) == 2 })
	assert.Equal(t, driverapi.Condition{}, driver.Condition(m.ID))
}

func TestMachineThatDoesNotShutDownIsKilledAfterTheGrace(t *testing.T) {
	driver, log := newDriver(t, func(cfg *nspawn.Config) { cfg.Grace = time.Second })
	m := instance(driver, 0, stubborn)
	start(t, driver, m)
	booted(t, log, m, 1)
	driver.Stop(m.ID)
	eventually(t, "it is killed", func() bool { return strings.Contains(log.String(), "machine killed") })
	assert.Equal(t, driverapi.Condition{}, driver.Condition(m.ID), "it is off as wanted")
}

func TestMachineThatShutsDownCanBeDestroyed(t *testing.T) {
	driver, log := newDriver(t, func(cfg *nspawn.Config) { cfg.Grace = time.Hour })
	before := traces(t, prefix)
	m := instance(driver, 0, stubborn)
	start(t, driver, m)
	booted(t, log, m, 1)
	driver.Stop(m.ID)
	eventually(t, "it shuts down", func() bool { return strings.Contains(log.String(), "machine shuts down") })
	driver.Destroy(m.ID)
	eventually(t, "all of it is gone", func() bool { return len(traces(t, prefix)) <= len(before) })
}

func TestMachineThatRebootsAtTheEndOfItsUserDataIsJudgedByIt(t *testing.T) {
	driver, log := newDriver(t)
	m := instance(driver, 0, "#cloud-config\nruncmd: [nosuchcommand]\npower_state: {mode: reboot}\n")
	start(t, driver, m)
	booted(t, log, m, 2)
	assert.ErrorContains(t, driver.Condition(m.ID).Err, "at line 2 of runcmd")
}

func TestResetGivesANewDisk(t *testing.T) {
	driver, log := newDriver(t)
	key := newKey(t)
	m := instance(driver, 0, "#!/bin/sh\necho once >> /srv/runs\n", key.public)
	start(t, driver, m)
	booted(t, log, m, 1)
	_, err := on(t, key, m, "sudo touch /srv/old")
	require.NoError(t, err)
	driver.Destroy(m.ID)
	start(t, driver, m)
	booted(t, log, m, 2)
	got, err := on(t, key, m, "ls /srv; cat /srv/runs")
	require.NoError(t, err)
	assert.Equal(t, "runs\nonce", got)
}

func TestAddressPassesToTheNextMachine(t *testing.T) {
	driver, log := newDriver(t)
	first := instance(driver, 0, "")
	start(t, driver, first)
	booted(t, log, first, 1)
	driver.Destroy(first.ID)
	next := instance(driver, 1, "")
	next.Address = first.Address
	start(t, driver, next)
	booted(t, log, next, 1)
}

func TestDestroyLeavesNothingOfAMachine(t *testing.T) {
	driver, log := newDriver(t)
	before := traces(t, prefix)
	m := instance(driver, 0, "")
	start(t, driver, m)
	booted(t, log, m, 1)
	require.NotEqual(t, before, traces(t, prefix))
	driver.Destroy(m.ID)
	eventually(t, "all of it is gone", func() bool { return len(traces(t, prefix)) <= len(before) })
	assert.Equal(t, before, traces(t, prefix))
}

func TestWhatACrashLeavesIsSweptUp(t *testing.T) {
	driver, _ := newDriver(t)
	require.NoError(t, driver.Close(t.Context())) // it may not share the prefix
	child := exec.Command(os.Args[0], crashArgument)
	child.Stderr = os.Stderr
	output, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	t.Cleanup(func() {
		_ = child.Process.Kill()
		_ = child.Wait()
	})
	scanner := bufio.NewScanner(output)
	require.True(t, scanner.Scan(), "the machine never boots")
	_, err = nspawn.New(t.Context(), config(newLog()))
	require.ErrorContains(t, err, "another program")
	require.NoError(t, child.Process.Kill())
	eventually(t, "no process outlives the driver", func() bool {
		for _, trace := range traces(t, prefix) {
			if strings.Contains(trace, "systemd-nspawn") || strings.Contains(trace, "overlay") {
				return false
			}
		}
		return true
	})
	require.NotEmpty(t, traces(t, prefix))
	require.NoError(t, nspawn.Sweep(t.Context(), config(newLog())))
	assert.Empty(t, traces(t, prefix))
}

func TestMachinesThatCannotBeAreRefused(t *testing.T) {
	driver, _ := newDriver(t)
	m := instance(driver, 0, "")
	m.Template = "Linux Ubuntu 18.04 LTS 64-bit"
	err := driver.Start(m)
	require.ErrorContains(t, err, `no template "Linux Ubuntu 18.04 LTS 64-bit"`)
	require.ErrorContains(t, err, `only Linux Debian 13 (Trixie) 64-bit, `)
	m = instance(driver, 0, "")
	m.Address = m.Address.Prev().Prev()
	require.NoError(t, driver.Start(m), "tried in the background")
	eventually(t, "it fails", func() bool { return driver.Condition(m.ID).Err != nil })
	assert.ErrorContains(t, driver.Condition(m.ID).Err, "is not in")
}
