package nspawn

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/nspawn/container"
	"github.com/exopool/exopool/fake/machine/nspawn/procfiles"
)

// removeTimeout bounds the wait for the last traces of a machine.
const removeTimeout = 10 * time.Second

// prepare makes what the machine does not have yet.
func (m *machine) prepare(ctx context.Context, spec driverapi.Machine) (err error) {
	if m.disk == nil {
		template, err := m.awaitTemplate(ctx, spec.Template)
		if err != nil {
			return err
		}
		m.disk, err = container.Format(filepath.Join(m.cfg.disks(), m.id), template, m.contents(spec))
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
func (m *machine) contents(spec driverapi.Machine) container.Contents {
	gateway := m.link.Gateway().String()
	files := map[string][]byte{}
	if !m.groups.Unified() {
		// Where the host has control groups of version 1, machines have no
		// pids controller, and container engines refuse to do without the
		// limit that they set by default.
		files["etc/containers/containers.conf.d/90-exopool.conf"] = []byte("[containers]\npids_limit = 0\n")
	}
	if user := m.cfg.userOf(spec); user != "" {
		files["etc/cloud/cloud.cfg.d/99-exopool-user.cfg"] = fmt.Appendf(nil, "system_info: {default_user: {name: %s}}\n", user)
	}
	return container.Contents{
		Hostname: spec.Name, Nameserver: gateway, Authority: m.cfg.Authority, HostAuthorities: m.cfg.hostAuthorities,
		Files: files,
	}
}

// boot runs the machine from power on to power off or reboot; again reports
// whether it reboots.
// It ends the machine as soon as wantedOn is false.
func (m *machine) boot(ctx context.Context, spec driverapi.Machine, wantedOn func() bool) (again bool, err error) {
	if err := m.link.Reset(ctx, m.id); err != nil {
		return false, err
	}
	limit := newLimit(m.group.LimitCPU, m.cfg.share(spec.Type))
	if err := limit.set(max(m.cfg.share(spec.Type), m.cfg.BootCPU)); err != nil {
		return false, fmt.Errorf("limit CPU: %w", err)
	}
	shown, err := m.createProcFiles(spec.Type, limit)
	if err != nil {
		return false, err
	}
	var companions sync.WaitGroup
	defer companions.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	companions.Go(func() {
		if err := shown.Keep(ctx); err != nil {
			m.logger.Error("the machine's /proc is not up to date any more", "err", err)
		}
	})
	begin := time.Now()
	process, err := container.Boot(m.disk, container.Hardware{
		Name: m.cfg.Prefix + "-" + m.id, UUID: m.id, Namespace: m.namespace,
		Cgroups: m.group.Joins(), Unified: m.groups.Unified(),
	})
	if err != nil {
		return false, err
	}
	m.logger.Info("machine boots", "pid", process.PID())
	m.setProcess(&process)
	defer m.setProcess(nil)
	companions.Go(func() { m.awaitCloudInit(ctx, begin, limit, wantedOn) })
	return m.awaitEnd(ctx, process, wantedOn)
}

func (m *machine) setProcess(process *container.Process) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.process = process
}

// awaitEnd waits for the end of a boot, and brings it about when it is wanted.
func (m *machine) awaitEnd(ctx context.Context, process container.Process, wantedOn func() bool) (again bool, err error) {
	for {
		select {
		case <-process.Done():
			if err := process.Err(); err != nil && !process.Reboots() {
				return false, causeOfDeath(m.console, err)
			}
			return process.Reboots(), nil
		case <-ctx.Done():
			return false, process.Kill()
		case <-m.changed:
		}
		if m.wanted() == gone {
			return false, process.Kill()
		}
		if !wantedOn() {
			return false, m.shutDown(ctx, process)
		}
	}
}

// shutDown asks the machine to end, and kills it when it takes too long or
// it is to be destroyed.
func (m *machine) shutDown(ctx context.Context, process container.Process) error {
	m.logger.Info("machine shuts down")
	if err := process.Signal(container.PowerOff); err != nil {
		return err
	}
	limit := time.NewTimer(m.cfg.Grace)
	defer limit.Stop()
	for {
		select {
		case <-process.Done():
			return nil
		case <-ctx.Done():
			return process.Kill()
		case <-limit.C:
			m.logger.Warn("machine killed: it did not shut down in time", "grace", m.cfg.Grace)
			return process.Kill()
		case <-m.changed:
			if m.wanted() == gone {
				return process.Kill()
			}
		}
	}
}

// createProcFiles makes the files that show the machine its own CPU time, load and
// memory. They have to exist when it boots.
func (m *machine) createProcFiles(t driverapi.InstanceType, limit *cpuLimit) (*procfiles.Files, error) {
	host, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return nil, err
	}
	stat, uptime := procfiles.CPU(t.CPUs, func() (procfiles.Used, float64, error) {
		usage, err := m.group.Usage()
		return procfiles.Used(usage), limit.get(), err
	})
	load := procfiles.LoadAverage(func() (procfiles.Tasks, error) {
		tasks, err := m.group.Tasks()
		return procfiles.Tasks(tasks), err
	})
	memory := func() (string, error) {
		used, err := m.group.Memory()
		return procfiles.Memory{Total: t.Memory, Programs: used.Programs, Files: used.Files}.Text(), err
	}
	return procfiles.Create(m.disk.Proc(),
		procfiles.Named{Name: "cpuinfo", Source: procfiles.Fixed(procfiles.CPUInfo(string(host), t.CPUs))},
		procfiles.Named{Name: "stat", Source: stat},
		procfiles.Named{Name: "uptime", Source: uptime},
		procfiles.Named{Name: "loadavg", Source: load},
		procfiles.Named{Name: "meminfo", Source: memory},
	)
}

// removeAll removes all that the machine has on this host.
func (m *machine) removeAll(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeTimeout)
	defer cancel()
	errs := []error{m.link.Detach(m.id)}
	if m.group != nil {
		errs = append(errs, m.group.Remove(ctx))
	}
	if m.disk != nil {
		errs = append(errs, m.disk.Remove())
	}
	if err := os.Remove(propagateDir(m.cfg.Prefix + "-" + m.id)); err != nil && !os.IsNotExist(err) {
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		m.logger.Error("machine not removed completely; the next start tries again", "err", err)
		return
	}
	m.logger.Debug("machine removed")
}

// propagateDir is a directory that systemd-nspawn makes for a machine and leaves
// behind.
func propagateDir(name string) string { return filepath.Join("/run/systemd/nspawn/propagate", name) }
