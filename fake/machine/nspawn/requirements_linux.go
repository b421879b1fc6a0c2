package nspawn

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/exopool/exopool/fake/machine/nspawn/cgroup"
	"github.com/exopool/exopool/fake/machine/nspawn/network"
	"github.com/exopool/exopool/fake/machine/nspawn/template"
	"github.com/exopool/exopool/fake/machine/nspawn/unshare"
)

// room is what a template, a few machines and their packages take.
const room = 5 << 30

// Examine tests everything that the driver needs on this host, and leaves
// nothing behind. Without root it cannot test much, and says so.
func Examine(ctx context.Context, cfg Config) []Requirement {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return []Requirement{{Name: "settings", Problem: err.Error(), Remedy: "correct them"}}
	}
	list := basics(ctx, cfg)
	if unmet(list) != nil {
		return list
	}
	list = append(list, examine("network", func() error {
		n, err := network.New(ctx, network.Config{
			Logger: cfg.Logger, Prefix: cfg.Prefix, Range: cfg.Range, RangeFlag: cfg.RangeFlag,
		})
		if err != nil {
			return err
		}
		return n.Close()
	}, "end the other program or choose another range, see the message; the kernel needs veth and nf_tables with nat"))
	if template.Cached(cfg.template(), template.Default) {
		return append(list, Requirement{Name: "template"})
	}
	return append(list, examine("Debian mirror", func() error {
		return template.Reach(ctx, cfg.template(), template.Default)
	}, "give the address of a mirror that this host reaches"))
}

// basics are what can be tested in a moment.
func basics(ctx context.Context, cfg Config) []Requirement {
	list := []Requirement{
		examine("root", func() error {
			if os.Geteuid() != 0 {
				return errors.New("network namespaces and mounts are for root only")
			}
			return nil
		}, "run it as root, say with sudo"),
		program("systemd-nspawn", "systemd-container"),
	}
	if !template.Cached(cfg.template(), template.Default) {
		list = append(list, program("mmdebstrap", "mmdebstrap"), examine("Debian's keys", keyring,
			"install the package debian-archive-keyring"))
	}
	if unmet(list[:1]) != nil {
		return list
	}
	return append(list,
		examine("namespaces and overlays", func() error { return overlay(cfg.Dir) },
			"run it on the host itself or in a privileged container, "+
				"with the directory of machines on a plain file system such as ext4, xfs or btrfs"),
		examine("control groups", func() error { return groups(ctx, cfg.Prefix) },
			"run it where control groups can be written: on the host itself, not in a container"),
		examine("room on disk", func() error { return errors.Join(free(cfg.Dir), free(cfg.Cache)) },
			"free some, or choose other directories"),
	)
}

func examine(name string, test func() error, remedy string) Requirement {
	if err := test(); err != nil {
		return Requirement{Name: name, Problem: err.Error(), Remedy: remedy}
	}
	return Requirement{Name: name}
}

func program(name, pkg string) Requirement {
	return examine(name, func() error { _, err := exec.LookPath(name); return err },
		"install the package "+pkg+", say with apt-get install "+pkg)
}

// keyring looks where mmdebstrap does.
func keyring() error {
	for _, dir := range []string{"/usr/share/keyrings", "/etc/apt/trusted.gpg.d"} {
		found, err := filepath.Glob(filepath.Join(dir, "debian-archive-*"))
		if err != nil {
			return err
		}
		if len(found) > 0 {
			return nil
		}
	}
	return errors.New("they are not there to check packages with")
}

// overlay mounts one as a machine's disk is mounted.
func overlay(parent string) error {
	dir, err := os.MkdirTemp(parent, "exopool-examine-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	o := &unshare.Overlay{}
	for name, to := range map[string]*string{"lower": &o.Lower, "upper": &o.Upper, "work": &o.Work, "target": &o.Target} {
		*to = filepath.Join(dir, name)
		if err := os.Mkdir(*to, 0o700); err != nil {
			return err
		}
	}
	var output bytes.Buffer
	p, err := unshare.Start(unshare.Spec{Args: []string{"true"}, Overlay: o, Output: &output})
	if err != nil {
		return err
	}
	<-p.Done()
	if err := p.Err(); err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(output.String()))
	}
	return nil
}

// groups makes one, limits it and removes it.
func groups(ctx context.Context, prefix string) error {
	h, err := cgroup.Open(cgroup.Root, prefix)
	if err != nil {
		return err
	}
	g, err := h.Make("examine")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, removeTimeout)
	defer cancel()
	return errors.Join(g.LimitCPU(1), g.Remove(ctx))
}

func free(dir string) error {
	for ; dir != "/"; dir = filepath.Dir(dir) { // the nearest that exists
		if _, err := os.Stat(dir); err == nil {
			break
		}
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return &os.PathError{Op: "statfs", Path: dir, Err: err}
	}
	//nolint:gosec // G115: sizes of blocks are small and positive
	if bytes := fs.Bavail * uint64(fs.Bsize); bytes < room {
		return fmt.Errorf("%s has %d MiB left, %d are needed", dir, bytes>>20, room>>20)
	}
	return nil
}
