// Package member is what a member process of the process driver runs: the load
// generator on a virtual CPU, the genuine node exporter code, which reads that
// CPU's time from a procfs directory of the member's own, and the endpoint for
// draining.
//
// It is apart from package process because the exporter brings many packages
// along and registers its flags globally; only programs that start members
// need to link it. Such a program begins with
//
//	if code, ok := member.Run(os.Args); ok {
//		os.Exit(code)
//	}
package member
