// Package container runs one machine: a container of systemd-nspawn that boots the
// Debian of a template like a real machine.
//
// A machine is a [Disk], which stays while it is off, and a process for every
// time it is on, see [Boot]. It shares the kernel with its host and has most of
// the rights of root there: it is no place for software that is not trusted.
package container
