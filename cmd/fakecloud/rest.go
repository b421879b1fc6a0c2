package main

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/exopool/exopool/fake/fakecloud"
)

// maxRest bounds how much of what is left behind is listed.
const maxRest = 50

// reportRest prints what a command sent that nobody read, which quotas it met,
// and what it left behind, as far as there is any. It has to run before the cloud
// is closed.
func (p program) reportRest(ctx context.Context, cloud *fakecloud.Cloud, command, state string) {
	p.reportUnread(cloud, command)
	for _, name := range quotasReached(ctx, cloud) {
		fmt.Fprintf(p.stderr, "\nfakecloud: the quota of %s was reached; -quota %s=NUMBER sets another, and -1 is unlimited\n", name, name)
	}
	inventory := cloud.API().Inventory()
	if len(inventory) == 0 {
		return
	}
	whither := "they have ended with the cloud"
	if state != "" {
		whither = "they are kept in " + state
	}
	fmt.Fprintf(p.stderr, "\nfakecloud: %s left these behind; %s:\n", command, whither)
	listed, all := 0, 0
	for _, kind := range slices.Sorted(maps.Keys(inventory)) {
		for _, entry := range inventory[kind] {
			if all++; listed < maxRest {
				listed++
				fmt.Fprintf(p.stderr, "  %s %s\n", kind, entry)
			}
		}
	}
	if all > listed {
		fmt.Fprintf(p.stderr, "  and %d more\n", all-listed)
	}
}

// reportUnread prints the fields that were sent and that nobody read: misspelt, or
// not emulated.
func (p program) reportUnread(cloud *fakecloud.Cloud, command string) {
	unread := cloud.API().Unread()
	if len(unread) == 0 {
		return
	}
	fmt.Fprintf(p.stderr, "\nfakecloud: %s sent fields that nothing reads here, so that they changed nothing:\n", command)
	for _, operation := range slices.Sorted(maps.Keys(unread)) {
		fmt.Fprintf(p.stderr, "  %s: %s\n", operation, strings.Join(unread[operation], ", "))
	}
}

var quotaReached = regexp.MustCompile(`^quota of resource ([a-z0-9-]+) reached: `)

// quotasReached returns the names of quotas that refused one of the latest calls.
func quotasReached(ctx context.Context, cloud *fakecloud.Cloud) (names []string) {
	ctx, cancel := context.WithCancel(ctx)
	cancel() // does not wait for calls
	for _, x := range cloud.API().Exchanges(ctx, 0) {
		if found := quotaReached.FindStringSubmatch(x.Refusal); found != nil && !slices.Contains(names, found[1]) {
			names = append(names, found[1])
		}
	}
	return names
}
