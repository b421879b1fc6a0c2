package acceptance

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/exopool/exopool/fake/exoapi"
)

const (
	lineDiscoveryImage = "an image is built from the folder servicediscovery alone"
	lineFile           = "the targets file has the addresses of all members, with TARGET_PORT, and no others"

	fileLimit   = 5 * time.Minute
	targetsFile = "config.json"
)

// discovery runs the service discovery of the hand-in.
func (r *run) discovery() scenario {
	return scenario{sprint: 2, name: nameDiscovery, optional: true, skip: r.noContainers("servicediscovery"), checks: []check{
		r.built(lineDiscoveryImage, "servicediscovery"),
		r.apply(),
		r.started(lineDiscoveryImage),
		r.emptied(lineEmptied2, 2),
		r.healthy(lineEmptied2),
		{Line: Line{Text: lineFile, Limit: fileLimit}, after: []string{lineStarted, lineEmptied2}, do: r.withLog(r.eventually(r.fileComplete))},
		r.stopped(),
	}, end: r.closeContainer}
}

// fileComplete compares the targets with the members.
func (r *run) fileComplete(ctx context.Context) (bool, string) {
	text, err := r.container.container.ReadFile(ctx, targetsFile)
	if err != nil {
		return false, err.Error()
	}
	var groups []struct {
		Targets []string          `json:"targets"`
		Labels  map[string]string `json:"labels"`
	}
	// Like the course's checker, which reads the first value only.
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&groups); err != nil {
		return false, fmt.Sprintf("%s is not valid: %v", targetsFile, err)
	}
	found := map[string]bool{}
	for _, g := range groups {
		for _, t := range g.Targets {
			found[t] = true
		}
	}
	members := r.members()
	fault := r.targetFault(members, found)
	return fault == "", fmt.Sprintf("%d targets for %s%s", len(found), membersText(len(members)), fault)
}

// targetFault says which member is missing, and which target is none; nothing if all
// is well.
func (r *run) targetFault(members []exoapi.InstanceInfo, found map[string]bool) (fault string) {
	wanted, hosts := map[string]bool{}, map[string]bool{}
	for _, m := range members {
		host := m.Address.String()
		hosts[host] = true
		target := net.JoinHostPort(host, strconv.Itoa(r.container.target))
		wanted[target] = true
		if !found[target] && fault == "" {
			fault = "; missing: " + target
		}
	}
	for _, target := range slices.Sorted(maps.Keys(found)) {
		if wanted[target] {
			continue
		}
		host, _, _ := strings.Cut(target, ":")
		if hosts[host] {
			return fault + fmt.Sprintf("; the port of %.60q is not TARGET_PORT", target)
		}
		return fault + fmt.Sprintf("; no member is at %.60q", target)
	}
	return fault
}
