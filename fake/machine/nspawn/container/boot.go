package container

import (
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/exopool/exopool/fake/machine/nspawn/unshare"
)

// Hardware is what a machine gets from its host for one boot.
type Hardware struct {
	// Name of the container, unique on the host.
	Name string
	// UUID becomes the machine id of a disk that has none yet.
	UUID string
	// Namespace is the file of the network namespace, with an interface eth0
	// that is ready.
	Namespace string
	// Cgroups are the cgroup.procs files to join.
	Cgroups []string
	// Unified is true when the host has control groups of version 2 only.
	Unified bool
}

// A Process is a machine that is on.
type Process struct {
	*unshare.Process
}

// rebootCode is how systemd-nspawn ends when the machine asked to be rebooted
// and no other program watches over it.
const rebootCode = 133

// Reboots reports, once the process is done, whether the machine wants to be
// booted again.
func (p Process) Reboots() bool { return p.ExitCode() == rebootCode }

// PowerOff is the signal that makes a machine shut down in order.
const PowerOff = syscall.SIGTERM

// maxConsole bounds the console log of a machine that is booted again and
// again, in bytes.
const maxConsole = 4 << 20

// Boot switches a machine on.
func Boot(disk *Disk, hw Hardware) (Process, error) {
	console, err := openConsole(disk.Console())
	if err != nil {
		return Process{}, fmt.Errorf("boot: %w", err)
	}
	defer console.Close() // the process has its own
	p, err := unshare.Start(unshare.Spec{
		Args:    command(disk, hw, exists("/dev/fuse")),
		Env:     environment(hw.Unified),
		Output:  console,
		Cgroups: hw.Cgroups,
		Overlay: disk.overlay(),
	})
	if err != nil {
		return Process{}, fmt.Errorf("boot: %w", err)
	}
	return Process{p}, nil
}

func openConsole(name string) (*os.File, error) {
	mode := os.O_CREATE | os.O_WRONLY | os.O_APPEND
	if info, err := os.Stat(name); err == nil && info.Size() > maxConsole {
		mode |= os.O_TRUNC
	}
	return os.OpenFile(name, mode, 0o600) //nolint:gosec // G304: the name is ours
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// command is systemd-nspawn with what a booted machine needs.
func command(disk *Disk, hw Hardware, fuse bool) []string {
	args := []string{
		"systemd-nspawn", "--quiet",
		"--directory=" + disk.mountPoint(), "--boot",
		"--machine=" + hw.Name, "--uuid=" + strings.ReplaceAll(hw.UUID, "-", ""),
		// No systemd of the host has to know of it: there may be none.
		"--register=no", "--keep-unit", "--link-journal=no",
		"--network-namespace-path=" + hw.Namespace,
		"--resolv-conf=off", "--timezone=off",
		// On [PowerOff], this goes to the machine's systemd: shut down.
		"--kill-signal=SIGRTMIN+4",
		// Container engines need nearly everything. What is left out would
		// change the host as a whole.
		"--capability=all", "--drop-capability=CAP_SYS_MODULE,CAP_SYS_TIME,CAP_SYS_RAWIO",
		"--system-call-filter=@keyring bpf add_key keyctl",
		"--bind-ro=" + disk.Proc() + ":/run/exopool-proc",
	}
	if fuse {
		args = append(args, "--bind=/dev/fuse")
	}
	for _, inside := range plain() {
		args = append(args, "--bind="+disk.volume(inside)+":"+inside)
	}
	return args
}

// environment of systemd-nspawn.
func environment(unified bool) []string {
	// Container engines set up networks: /proc/sys/net must be writable, which
	// it is not by default in a namespace that nspawn did not make. The rest of
	// /proc/sys is that of the host.
	env := []string{"SYSTEMD_NSPAWN_API_VFS_WRITABLE=network"}
	if !unified {
		// Debian 13 does not boot on control groups of version 1.
		env = append(env, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1")
	}
	return env
}
