// Package nspawn runs the instances of the emulated cloud as machines that really
// boot: Debian under systemd-nspawn, where the real cloud-init executes the
// user-data, sshd answers, and packages are installed from a Debian mirror.
//
//	emulator ──▶ Driver ──▶ container   disk, process, console     per machine
//	               │         ├ cgroup     CPU and memory limits
//	               │         ├ procfiles  the machine's own /proc/stat, meminfo and others
//	               │         └ cloudinit  what became of the user-data
//	               ├──▶ template   the disk they start from, built once
//	               └──▶ network, metadata, dnsserver, egressproxy   shared
//
// The packages below do not know each other; this one connects them. It needs
// Linux, root and a few packages of the distribution: [Examine] returns what is
// missing. Everything it creates on the host has one prefix and is removed when
// the program ends or, after a crash, by the next start.
//
// Machines share the host's kernel and have most rights of root there: run only
// software that you trust.
package nspawn
