package container

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/exopool/exopool/fake/machine/nspawn/unshare"
)

// A Disk is the directory of a machine: what it changed of its template, and
// what lies beside it.
type Disk struct {
	dir      string
	template string
}

// Paths in a template and a machine.
const (
	bundle      = "etc/ssl/certs/ca-certificates.crt"
	authorities = "usr/local/share/ca-certificates/"
)

// Contents is what distinguishes a new disk from its template.
type Contents struct {
	Hostname string // cut to the length that the kernel takes
	// Nameserver is the IP address of the machine's name server.
	Nameserver string
	// Authority is a certificate, as PEM, that the machine trusts beyond the
	// usual ones. Optional.
	Authority []byte
	// HostAuthorities are what else it trusts, because its host does, by file
	// name.
	HostAuthorities map[string][]byte
	// Files are further files by their path without a leading slash.
	Files map[string][]byte
}

// maxHostname is the kernel's limit.
const maxHostname = 63

// Format makes a new disk in a directory that does not exist yet. Nothing is
// left there if it fails.
func Format(dir, template string, c Contents) (*Disk, error) {
	d := &Disk{dir: dir, template: template}
	if err := d.format(c); err != nil {
		return nil, fmt.Errorf("make disk: %w", errors.Join(err, d.Remove()))
	}
	return d, nil
}

func (d *Disk) format(c Contents) error {
	for _, dir := range append([]string{d.upper(), d.work(), d.mountPoint(), d.Proc()}, d.volumes()...) {
		if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // G301: the machine's users read it
			return err
		}
	}
	upper, err := d.Open()
	if err != nil {
		return err
	}
	defer upper.Close()
	files := map[string][]byte{
		"etc/hostname":    []byte(c.Hostname[:min(len(c.Hostname), maxHostname)] + "\n"),
		"etc/resolv.conf": []byte("nameserver " + c.Nameserver + "\n"),
	}
	if err := d.trust(c, files); err != nil {
		return err
	}
	for _, set := range []map[string][]byte{files, c.Files} {
		for name, content := range set {
			if err := upper.MkdirAll(path.Dir(name), 0o755); err != nil {
				return err
			}
			if err := upper.WriteFile(name, content, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// trust adds the files that make a machine trust authorities.
func (d *Disk) trust(c Contents, files map[string][]byte) error {
	added := map[string][]byte{}
	if len(c.Authority) > 0 {
		added["exopool.crt"] = c.Authority
	}
	for name, certificate := range c.HostAuthorities {
		added["host-"+name] = certificate
	}
	if len(added) == 0 {
		return nil
	}
	trusted, err := d.trusted()
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(added)) {
		files[authorities+name] = added[name]
		trusted = append(trusted, added[name]...)
	}
	files[bundle] = trusted
	return nil
}

// trusted is the list of certificates that the template brings.
func (d *Disk) trusted() ([]byte, error) {
	root, err := os.OpenRoot(d.template)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := root.Open(bundle)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// Open opens what the machine has changed. Links in it cannot lead out of it.
func (d *Disk) Open() (*os.Root, error) { return os.OpenRoot(d.upper()) }

// Proc is the directory whose files the machine sees in /proc.
func (d *Disk) Proc() string { return filepath.Join(d.dir, "proc") }

// Console is the file that gets what the machine writes to its console.
func (d *Disk) Console() string { return filepath.Join(d.dir, "console.log") }

// Remove deletes the disk.
func (d *Disk) Remove() error { return os.RemoveAll(d.dir) }

func (d *Disk) upper() string      { return filepath.Join(d.dir, "upper") }
func (d *Disk) work() string       { return filepath.Join(d.dir, "work") }
func (d *Disk) mountPoint() string { return filepath.Join(d.dir, "root") }

// volumes are directories that stay plain in the machine: container engines
// mount overlays there, which do not stack on another one.
func (d *Disk) volumes() []string {
	dirs := make([]string, 0, len(plain()))
	for _, inside := range plain() {
		dirs = append(dirs, d.volume(inside))
	}
	return dirs
}

func (d *Disk) volume(inside string) string {
	return filepath.Join(d.dir, "volumes", path.Base(inside))
}

func plain() []string {
	return []string{"/var/lib/containers", "/var/lib/containerd", "/var/lib/docker"}
}

func (d *Disk) overlay() *unshare.Overlay {
	return &unshare.Overlay{Lower: d.template, Upper: d.upper(), Work: d.work(), Target: d.mountPoint()}
}
