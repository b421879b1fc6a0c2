package exoapi

import "github.com/exopool/exopool/fake/exoapi/internal/world"

// A templateRow is a public template. Names, families and versions are the
// original's, but the names of Ubuntu 26.04 and CoreOS 44 follow those before.
// Made up are ids and dates, which change with each build of it, and default
// users other than debian and ubuntu.
type templateRow struct{ name, family, version, user, created, boot string }

// newTemplate makes a public template of 10 GiB, which starts by the old BIOS
// unless a boot mode is given.
func newTemplate(row templateRow) template {
	t := template{
		ID: world.FixedID("template/" + row.name), Name: row.name, Description: row.name, Family: row.family,
		Version: row.version, Build: row.created[:10], Maintainer: "Exoscale", DefaultUser: row.user,
		Visibility: "public", CreatedAt: row.created, Size: 10 * gib, BootMode: bootLegacy,
		Checksum: world.FixedID("checksum/" + row.name), SSHKeyEnabled: true, PasswordEnabled: true,
	}
	if row.boot != "" {
		t.BootMode = row.boot
	}
	return t
}

const (
	bootLegacy = "legacy"
	bootUEFI   = "uefi"
)

// publicTemplates are those that there are for everybody: of the original's, the
// general-purpose ones of today, and Ubuntu 20.04, which it has no more.
func publicTemplates() []template {
	rows := []templateRow{
		{"Linux Debian 12 (Bookworm) 64-bit", "debian", "12", "debian", "2026-01-12T09:00:00Z", ""},
		{"Linux Debian 13 (Trixie) 64-bit", "debian", "13", "debian", "2026-01-12T09:30:00Z", ""},
		{"Linux Ubuntu 20.04 LTS 64-bit", "ubuntu", "20.04", "ubuntu", "2026-01-13T08:30:00Z", bootUEFI},
		{"Linux Ubuntu 22.04 LTS 64-bit", "ubuntu", "22.04", "ubuntu", "2026-01-13T09:00:00Z", bootUEFI},
		{"Linux Ubuntu 24.04 LTS 64-bit", "ubuntu", "24.04", "ubuntu", "2026-01-13T09:30:00Z", bootUEFI},
		{"Linux Ubuntu 25.10 64-bit", "ubuntu", "25.10", "ubuntu", "2026-01-13T10:00:00Z", bootUEFI},
		{"Linux Ubuntu 26.04 LTS 64-bit", "ubuntu", "26.04", "ubuntu", "2026-05-13T09:00:00Z", bootUEFI},
		{"Linux CentOS Stream 9 64-bit", "centos stream", "9", "centos", "2026-01-14T09:00:00Z", bootUEFI},
		{"Linux CentOS Stream 10 64-bit", "centos stream", "10", "centos", "2026-01-14T09:30:00Z", bootUEFI},
		{"Linux Fedora CoreOS 43 64-bit", "fedora coreos", "43", "core", "2026-01-15T09:00:00Z", ""},
		{"Linux Fedora CoreOS 44 64-bit", "fedora coreos", "44", "core", "2026-01-15T09:30:00Z", ""},
		{"OpenSUSE Leap 16.0 64-bit", "opensuse", "16.0", "opensuse", "2026-01-16T09:00:00Z", bootUEFI},
		{"Rocky Linux 9 (Blue Onyx) 64-bit", "rocky linux", "9", "rockylinux", "2026-01-17T09:00:00Z", bootUEFI},
		{"Rocky Linux 10 64-bit", "rocky linux", "10", "rockylinux", "2026-01-17T09:30:00Z", bootUEFI},
	}
	windows := []templateRow{
		{"Windows Server 2022", "windows", "2022", "administrator", "2026-01-18T09:00:00Z", bootUEFI},
		{"Windows Server 2025", "windows", "2025", "administrator", "2026-01-18T09:30:00Z", bootUEFI},
		{"Windows Server 2022 with SQL 2022", "windows server with sql", "2022", "administrator", "2026-01-18T10:00:00Z", bootUEFI},
		{"Windows Server 2025 with SQL 2022", "windows server with sql", "2025", "administrator", "2026-01-18T10:30:00Z", bootUEFI},
	}
	templates := make([]template, 0, len(rows)+len(windows))
	for _, row := range rows {
		templates = append(templates, newTemplate(row))
	}
	for _, row := range windows {
		t := newTemplate(row)
		t.Size, t.SSHKeyEnabled, t.Consistent = 50*gib, false, true
		templates = append(templates, t)
	}
	return templates
}
