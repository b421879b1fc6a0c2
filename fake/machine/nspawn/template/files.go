package template

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
)

// files are put into every template as they are; those with "#!" at the start are
// programs.
//
//go:embed all:root
var files embed.FS

// masked units have no business in a machine whose network and devices come
// from outside, or would only take its CPU.
func masked() []string {
	return []string{
		"apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "fstrim.timer",
		"systemd-udevd.service", "systemd-udev-trigger.service",
		"systemd-udevd-kernel.socket", "systemd-udevd-control.socket",
		"systemd-networkd.service", "systemd-networkd.socket", "systemd-networkd-wait-online.service",
		"console-getty.service", "getty@.service", "systemd-resolved.service",
		"console-setup.service", "keyboard-setup.service", "setvtrgb.service",
		// Each has an inotify instance, of which all machines and their host share 128.
		"systemd-ask-password-console.path", "systemd-ask-password-wall.path",
		// News and offers of Ubuntu. Every "apt-get update" starts the first two.
		"apt-news.service", "esm-cache.service", "motd-news.timer", "ua-timer.timer", "ua-reboot-cmds.service",
		"ubuntu-advantage.service",
		"sys-kernel-debug.mount", "sys-kernel-tracing.mount", "dev-hugepages.mount", "dev-mqueue.mount",
	}
}

// finish turns a fresh installation into an image: nothing in it is about one
// machine, and what cannot work in a container is switched off.
func finish(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	err = fs.WalkDir(files, "root", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		target := strings.TrimPrefix(name, "root/")
		if err := root.MkdirAll(path.Dir(target), 0o755); err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if bytes.HasPrefix(content, []byte("#!")) {
			mode = 0o755
		}
		return root.WriteFile(target, content, mode)
	})
	if err != nil {
		return err
	}
	if err := removeIdentity(root); err != nil {
		return err
	}
	units := "etc/systemd/system/"
	for _, unit := range masked() {
		if err := root.RemoveAll(units + unit); err != nil {
			return err
		}
		if err := root.Symlink("/dev/null", units+unit); err != nil {
			return err
		}
	}
	if err := root.MkdirAll(units+"sysinit.target.wants", 0o755); err != nil {
		return err
	}
	return root.Symlink("../exopool-proc.service", units+"sysinit.target.wants/exopool-proc.service")
}

// removeIdentity removes what each machine must have of its own.
func removeIdentity(root *os.Root) error {
	keys, err := fs.Glob(root.FS(), "etc/ssh/ssh_host_*")
	if err != nil {
		return err
	}
	own := []string{
		"etc/hostname", "etc/resolv.conf", "var/lib/dbus/machine-id",
		// Settings of the build, not of the machines.
		"etc/apt/apt.conf.d/99mmdebstrap", "etc/dpkg/dpkg.cfg.d/99mmdebstrap",
	}
	for _, name := range append(keys, own...) {
		if err := root.RemoveAll(name); err != nil {
			return fmt.Errorf("remove %s: %w", name, err)
		}
	}
	// Empty, not absent: systemd fills it at boot with what it is told.
	return root.WriteFile("etc/machine-id", nil, 0o644)
}
