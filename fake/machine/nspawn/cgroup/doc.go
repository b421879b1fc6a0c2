// Package cgroup limits and accounts what machines use, with control groups of
// version 2 or, where a host still has it, version 1.
//
// All groups of a [Hierarchy] lie in one folder named after it, so that
// [Hierarchy.Sweep] finds what an earlier run left.
//
//	/sys/fs/cgroup/NAME/GROUP               version 2
//	/sys/fs/cgroup/CONTROLLER/NAME/GROUP    version 1
package cgroup
