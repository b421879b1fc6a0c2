package main

import (
	"fmt"
	"slices"

	"github.com/exopool/exopool/fake/fakecloud"
)

// storageAdvice is what users of object storage can do.
const storageAdvice = `
Object storage is not emulated. If it was asked for Terraform's state: "fakecloud rehearse" and "fakecloud exec -local-state"
use a copy of the folder with a local state.
Buckets and their contents have to be left out here, for example by a variable.
`

// reportStandIns prints which machines were not made from what they asked for.
func (p program) reportStandIns(cloud *fakecloud.Cloud) {
	for _, s := range cloud.StandIns() {
		fmt.Fprintf(p.stderr, "\nfakecloud: %s, as %s says\n", s, templateFlag)
	}
}

// reportUnsupported prints what a command asked for and did not get, if
// anything.
func (p program) reportUnsupported(cloud *fakecloud.Cloud, command string) {
	list := cloud.Unsupported()
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(p.stderr, "\nfakecloud: %s asked for things that are not emulated:\n", command)
	for _, u := range list {
		fmt.Fprintf(p.stderr, "%6d x %s", u.Count, u.Request)
		if u.Operation != "" {
			fmt.Fprintf(p.stderr, "  (%s)", u.Operation)
		}
		fmt.Fprintln(p.stderr)
	}
	if slices.ContainsFunc(list, fakecloud.Unsupported.ObjectStorage) {
		fmt.Fprint(p.stderr, storageAdvice)
	}
}
