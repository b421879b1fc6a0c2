package nspawn

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/machine/nspawn/cloudinit"
	"github.com/exopool/exopool/fake/machine/nspawn/guest"
	"github.com/exopool/exopool/fake/machine/nspawn/procstat"
)

const (
	// outcomeInterval is how often a machine's disk is looked at until
	// cloud-init is done.
	outcomeInterval = 250 * time.Millisecond
	// bootLimit is how long a machine may have more CPU than its type
	// allows, in case its user-data never ends.
	bootLimit = 5 * time.Minute
	// removeLimit bounds the wait for the last traces of a machine.
	removeLimit = 10 * time.Second
)

// assemble makes what the machine does not have yet.
func (m *machine) assemble(ctx context.Context, spec exoapi.Machine) (err error) {
	if m.disk == nil {
		m.disk, err = guest.Format(filepath.Join(m.cfg.disks(), m.id), m.template, m.contents(spec))
		if err != nil {
			return err
		}
		m.mu.Lock()
		m.console = m.disk.Console()
		m.mu.Unlock()
	}
	if m.group == nil {
		if m.group, err = m.groups.Make(m.id); err != nil {
			return err
		}
	}
	if err := m.group.LimitMemory(spec.Type.Memory); err != nil {
		return fmt.Errorf("limit memory: %w", err)
	}
	m.namespace, err = m.link.Attach(ctx, m.id, m.address)
	return err
}

// contents of a new disk.
func (m *machine) contents(spec exoapi.Machine) guest.Contents {
	gateway := m.link.Gateway().String()
	files := map[string][]byte{
		"etc/containers/registries.conf.d/90-exopool.conf": fmt.Appendf(nil, registries, gateway, registryPort),
		"etc/docker/daemon.json":                           fmt.Appendf(nil, dockerMirror, gateway, registryPort),
	}
	if !m.groups.Unified() {
		// Where the computer has control groups of version 1, machines have no
		// pids controller, and container engines refuse to do without the
		// limit that they set by default.
		files["etc/containers/containers.conf.d/90-exopool.conf"] = []byte("[containers]\npids_limit = 0\n")
	}
	return guest.Contents{
		Hostname: spec.Name, Nameserver: gateway, Authority: m.cfg.Authority, Files: files,
	}
}

const registryPort = 5000

// registries sends podman to the registry mirror for images of Docker Hub.
// What the mirror does not have is fetched from there.
const registries = `[[registry]]
location = "docker.io"
[[registry.mirror]]
location = "%s:%d"
insecure = true
`

// dockerMirror is the same for docker.
const dockerMirror = `{"registry-mirrors": ["http://%s:%d"]}
`

// boot is from power on to power off or reboot; again tells which of the two.
// It ends the machine as soon as stay says so.
func (m *machine) boot(ctx context.Context, spec exoapi.Machine, stay func() bool) (again bool, err error) {
	if err := m.link.Reset(ctx, m.id); err != nil {
		return false, err
	}
	limit := newLimit(m.group.LimitCPU, m.cfg.share(spec.Type))
	if err := limit.set(max(m.cfg.share(spec.Type), m.cfg.BootCPU)); err != nil {
		return false, fmt.Errorf("limit CPU: %w", err)
	}
	stat, err := m.ownCPU(spec.Type.CPUs, limit)
	if err != nil {
		return false, err
	}
	var companions sync.WaitGroup
	defer companions.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	companions.Go(func() {
		if err := stat.Keep(ctx); err != nil {
			m.log.Error("the machine's CPU time is not up to date any more", "err", err)
		}
	})
	begin := time.Now()
	process, err := guest.Boot(m.disk, guest.Hardware{
		Name: m.cfg.Prefix + "-" + m.id, UUID: m.id, Namespace: m.namespace,
		Cgroups: m.group.Joins(), Unified: m.groups.Unified(),
	})
	if err != nil {
		return false, err
	}
	m.log.Info("machine boots", "pid", process.PID())
	m.hold(&process)
	defer m.hold(nil)
	companions.Go(func() { m.follow(ctx, begin, limit) })
	return m.attend(ctx, process, stay)
}

func (m *machine) hold(process *guest.Process) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.process = process
}

// attend waits for the end of a boot, and brings it about when it is wanted.
func (m *machine) attend(ctx context.Context, process guest.Process, stay func() bool) (again bool, err error) {
	for {
		select {
		case <-process.Done():
			if err := process.Err(); err != nil && !process.Reboots() {
				return false, fmt.Errorf("machine died: %w", err)
			}
			return process.Reboots(), nil
		case <-ctx.Done():
			return false, process.Kill()
		case <-m.changed:
		}
		if m.wanted() == gone {
			return false, process.Kill()
		}
		if !stay() {
			return false, m.shutDown(ctx, process)
		}
	}
}

func (m *machine) shutDown(ctx context.Context, process guest.Process) error {
	killed, err := process.End(ctx, guest.PowerOff, m.cfg.Grace)
	if killed && ctx.Err() == nil {
		m.log.Warn("machine killed: it did not shut down in time", "grace", m.cfg.Grace)
	}
	return err
}

// ownCPU makes the machine's /proc/stat, which has to be there when it boots.
func (m *machine) ownCPU(cpus int, limit *cpuLimit) (*procstat.File, error) {
	return procstat.Create(filepath.Join(m.disk.Proc(), "stat"), cpus, func() (procstat.Used, float64, error) {
		usage, err := m.group.Usage()
		return procstat.Used(usage), limit.get(), err
	})
}

// follow waits until cloud-init is done, tells what became of it, and takes the
// extra CPU away.
func (m *machine) follow(ctx context.Context, begin time.Time, limit *cpuLimit) {
	ticker := time.NewTicker(outcomeInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		outcome, finished, err := m.outcome(begin)
		if !finished && err == nil {
			if time.Since(begin) > bootLimit && limit.boosted() {
				m.log.Warn("cloud-init is still at work", "since", time.Since(begin).Round(time.Second))
				m.calm(limit)
			}
			continue
		}
		m.judge(outcome, err, time.Since(begin))
		m.calm(limit)
		return
	}
}

func (m *machine) outcome(begin time.Time) (cloudinit.Outcome, bool, error) {
	disk, err := m.disk.Open()
	if err != nil {
		return cloudinit.Outcome{}, false, err
	}
	defer disk.Close()
	return cloudinit.Read(disk, begin)
}

// judge takes over what cloud-init did. What the first boot said remains, as
// later ones do not execute the user-data again.
func (m *machine) judge(outcome cloudinit.Outcome, err error, took time.Duration) {
	if err == nil {
		err = outcome.Err()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.judged {
		m.log.Info("machine booted again", "took", took.Round(time.Millisecond))
		return
	}
	m.judged = true
	if err == nil {
		for _, w := range outcome.Warnings {
			m.log.Warn("cloud-init warns", "warning", w)
		}
		m.log.Info("machine booted, user-data done", "took", took.Round(time.Millisecond))
		return
	}
	m.condition.Err = err
	m.log.Error("user-data failed", "err", err, "took", took.Round(time.Millisecond))
	for _, line := range outcome.Tail {
		m.log.Error("user-data wrote", "line", line)
	}
}

func (m *machine) calm(limit *cpuLimit) {
	if err := limit.calm(); err != nil {
		m.log.Error("machine keeps the CPU that it had to boot", "err", err)
	}
}

// dismantle removes all that the machine has on this computer.
func (m *machine) dismantle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeLimit)
	defer cancel()
	faults := []error{m.link.Detach(m.id)}
	if m.group != nil {
		faults = append(faults, m.group.Remove(ctx))
	}
	if m.disk != nil {
		faults = append(faults, m.disk.Remove())
	}
	if err := os.Remove(propagate(m.cfg.Prefix + "-" + m.id)); err != nil && !os.IsNotExist(err) {
		faults = append(faults, err)
	}
	if err := errors.Join(faults...); err != nil {
		m.log.Error("machine not removed completely; the next start tries again", "err", err)
		return
	}
	m.log.Debug("machine removed")
}

// propagate is a directory that systemd-nspawn makes for a machine and leaves
// behind.
func propagate(name string) string { return filepath.Join("/run/systemd/nspawn/propagate", name) }

// A cpuLimit is the machine's limit in CPUs, higher while it boots.
type cpuLimit struct {
	apply  func(cpus float64) error
	normal float64
	now    atomic.Value // float64
}

func newLimit(apply func(float64) error, normal float64) *cpuLimit {
	return &cpuLimit{apply: apply, normal: normal}
}

func (l *cpuLimit) set(cpus float64) error {
	l.now.Store(cpus)
	return l.apply(cpus)
}

func (l *cpuLimit) get() float64  { return l.now.Load().(float64) }
func (l *cpuLimit) boosted() bool { return l.get() != l.normal }
func (l *cpuLimit) calm() error   { return l.set(l.normal) }
