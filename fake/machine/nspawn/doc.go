// Package nspawn runs the instances of the emulated cloud as machines that really
// boot: Debian under systemd-nspawn, where the real cloud-init executes the
// user-data, sshd answers, and packages are installed from a Debian mirror.
//
//	exoapi.Cloud ──▶ Driver ──▶ guest      disk, process, console     per machine
//	                    │         ├ cgroup    CPU and memory limits
//	                    │         ├ procstat  the machine's own /proc/stat
//	                    │         └ cloudinit what became of the user-data
//	                    ├──▶ template   the disk they start from, built once
//	                    └──▶ network, metadata, names, egress, registry   shared
//
// Parts know nothing of each other; this package connects them. It needs Linux,
// root and a few packages: [Examine] tells what is missing. Everything that it
// makes on the computer has one prefix, ends with the program, and is swept up
// by the next start should it not.
//
// Machines share the kernel of the computer and have most rights of root there.
// They are for one's own software, not for somebody else's.
package nspawn
