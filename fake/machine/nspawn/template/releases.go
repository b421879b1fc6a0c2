package template

import (
	"runtime"
	"slices"
	"strings"
)

// Default is the template that the catalog of the emulated cloud lists for
// Debian 13, from which exopool's own machines start.
const Default = "Linux Debian 13 (Trixie) 64-bit"

// A release is what a template is built from.
type release struct {
	name    string // in the catalog of the emulated cloud
	short   string // what users may type for it
	suite   string // in the archive
	pockets []string
	ubuntu  bool     // else Debian
	more    []string // packages that the distribution's cloud images have besides those of [base]
	// Packages that are downloaded in advance, not installed.
	downloaded []string
}

// Debian 12 is not among them: its cloud-init looks at the hardware even if there
// is one source of metadata only.
func releases() []release {
	ubuntu := func(number, suite string, downloaded ...string) release {
		return release{
			name: "Linux Ubuntu " + number + " LTS 64-bit", short: "ubuntu-" + number, suite: suite,
			pockets: []string{"updates", "security"}, ubuntu: true, more: ubuntuServer(),
			downloaded: slices.Concat(downloaded, []string{"docker.io"}, monitoring()),
		}
	}
	return []release{
		{
			name: Default, short: "debian-13", suite: "trixie",
			downloaded: slices.Concat(containers(), []string{"netavark", "aardvark-dns"}, monitoring()),
		},
		ubuntu("24.04", "noble", slices.Concat(containers(), []string{"netavark", "aardvark-dns"})...),
		ubuntu("22.04", "jammy", containers()...),
		ubuntu("20.04", "focal"), // which has no podman
	}
}

// containers and monitoring are what user-data often installs.
func containers() []string { return []string{"podman", "crun", "apparmor"} }
func monitoring() []string { return []string{"prometheus-node-exporter", "prometheus"} }

// base is what makes a root directory the image of a cloud.
func base() []string {
	return []string{
		"systemd-sysv", "dbus", "udev", "libpam-systemd", "cloud-init", "openssh-server", "ca-certificates", "curl", "wget",
		"iproute2", "iputils-ping", "procps", "sudo", "netbase", "nftables", "less", "python3",
	}
}

// ubuntuServer is what scripts expect of Ubuntu's cloud images. Snaps are left
// out: they need mounts and a store.
func ubuntuServer() []string {
	return []string{
		"ubuntu-minimal", "lsb-release", "software-properties-common", "gnupg", "iptables", "git", "cron", "rsyslog",
		"netcat-openbsd", "xz-utils", "bzip2", "rsync", "vim-tiny", "nano", "lsof", "file", "bash-completion", "dnsutils",
	}
}

func (r release) packages() []string { return slices.Concat(base(), r.more) }

// mirror is where the release comes from.
func (r release) mirror(cfg Config) string {
	if r.ubuntu {
		return cfg.UbuntuMirror
	}
	return cfg.Mirror
}

// sources is what apt reads, here and in the machines.
func (r release) sources(cfg Config) string {
	components := "main"
	if r.ubuntu {
		components = "main restricted universe multiverse"
	}
	var b strings.Builder
	for _, pocket := range append([]string{""}, r.pockets...) {
		suite := r.suite
		if pocket != "" {
			suite += "-" + pocket
		}
		b.WriteString("deb " + r.mirror(cfg) + " " + suite + " " + components + "\n")
	}
	return b.String()
}

// Names returns the names of all templates that can be built.
func Names() []string {
	all := releases()
	names := make([]string, 0, len(all))
	for _, r := range all {
		names = append(names, r.name)
	}
	return names
}

// Find returns the name of a template, given that or its short form, such as
// debian-13 or ubuntu-22.04. It returns false if there is none that can be built.
func Find(text string) (name string, ok bool) {
	r, ok := find(text)
	return r.name, ok
}

// Short returns the short form of a template's name, for users to type.
func Short(name string) string {
	r, _ := find(name)
	return r.short
}

func find(text string) (release, bool) {
	all := releases()
	i := slices.IndexFunc(all, func(r release) bool { return r.name == text || strings.EqualFold(r.short, text) })
	if i < 0 {
		return release{}, false
	}
	return all[i], true
}

// UbuntuMirror is Ubuntu's own address for the architecture of this program.
func UbuntuMirror() string {
	if runtime.GOARCH == "amd64" {
		return "http://archive.ubuntu.com/ubuntu"
	}
	return "http://ports.ubuntu.com/ubuntu-ports"
}
