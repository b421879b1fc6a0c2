// Package procstat shows a machine its own CPU time in the place of the host's.
//
// The kernel's /proc/stat is that of the whole computer, also within a container
// that may use only a quarter of a CPU. A [File] has the same form, kept up to
// date from the control group's CPU time: a machine that uses all it may is
// 100 % busy, as a machine of that type is in the cloud.
package procstat
