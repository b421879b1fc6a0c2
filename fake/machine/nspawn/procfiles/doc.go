// Package procfiles shows a machine its own CPU time, load, uptime and memory in the
// place of the host's.
//
// The kernel's /proc/stat, /proc/meminfo and the like are those of the whole host, also
// within a container that may use only a quarter of a CPU and half a gigabyte.
// [Files] have the same form, kept up to date from what the control group counts:
// a machine that uses all it may is 100 % busy, as a machine of that type is in
// the cloud.
package procfiles
