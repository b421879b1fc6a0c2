package discovery

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
)

// A group is a target group in the format that file_sd and HTTP SD share.
type group struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

// A document is one set of targets, ready to be served.
type document struct {
	body    []byte
	targets []string // sorted by their text
}

// A poolCount is how many members of one pool became targets.
type poolCount struct {
	targets int
	skipped int // members without a public address
}

// A target is one member that Prometheus is to scrape.
type target struct {
	at     netip.AddrPort
	pool   string // as the configuration names it
	member *Instance
	labels map[string]string // nil: labels are off
}

// targets turns what was seen into targets, in the order of their addresses,
// in whatever order members were listed.
func (c Config) targets(seen sighting) ([]target, map[string]poolCount) {
	counts := make(map[string]poolCount, len(seen.pools))
	taken := make(map[netip.AddrPort]bool)
	var targets []target
	for _, pool := range seen.pools {
		var count poolCount
		for _, member := range pool.members {
			if isGone(member.State) {
				continue
			}
			addr := publicAddress(member)
			if !addr.IsValid() {
				count.skipped++
				continue
			}
			at := netip.AddrPortFrom(addr, uint16(c.Port)) //nolint:gosec // checked by withDefaults
			if taken[at] {
				continue
			}
			taken[at] = true
			count.targets++
			t := target{at: at, pool: pool.name, member: member}
			if c.Labels {
				t.labels = c.labels(pool.pool, member, seen.backends)
			}
			targets = append(targets, t)
		}
		counts[pool.name] = count
	}
	slices.SortFunc(targets, func(a, b target) int { return a.at.Compare(b.at) })
	return targets, counts
}

// document renders targets. The same ones give the same bytes.
func (c Config) document(targets []target) (*document, error) {
	groups := groupByLabels(targets)
	if !c.Labels && len(groups) == 0 {
		groups = []group{{Targets: []string{}, Labels: map[string]string{}}}
	}
	return encode(groups)
}

// isGone tells members whose machine no longer exists though the list still
// has them. One that is being destroyed may still answer, so it stays.
func isGone(state string) bool { return state == "destroyed" || state == "expunging" }

// publicAddress prefers IPv4: not every Prometheus server has IPv6.
func publicAddress(member *Instance) netip.Addr {
	if member.IPv4.IsValid() {
		return member.IPv4
	}
	return member.IPv6
}

func byID(a, b *Instance) int { return cmp.Compare(a.ID, b.ID) }

// groupByLabels puts targets that share all labels together, in the order of
// their first targets.
func groupByLabels(targets []target) []group {
	groups := []group{}
	index := make(map[string]int)
	for _, t := range targets {
		key := ""
		if len(t.labels) > 0 {
			key = fmt.Sprintf("%q", t.labels) // in the order of the names
		}
		at, known := index[key]
		if !known {
			at = len(groups)
			index[key] = at
			labels := t.labels
			if labels == nil {
				labels = map[string]string{}
			}
			groups = append(groups, group{Labels: labels})
		}
		groups[at].Targets = append(groups[at].Targets, t.at.String())
	}
	return groups
}

// encode renders groups, which are in order already; package json sorts the
// labels.
func encode(groups []group) (*document, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(groups); err != nil {
		return nil, fmt.Errorf("encode targets: %w", err)
	}
	return &document{body: buf.Bytes(), targets: targetsOf(groups)}, nil
}

func targetsOf(groups []group) []string {
	var all []string
	for _, g := range groups {
		all = append(all, g.Targets...)
	}
	slices.Sort(all)
	return all
}

// changes counts the targets that only one of two documents has.
func changes(before, after *document) (added, removed int) {
	var old []string
	if before != nil {
		old = before.targets
	}
	return missing(after.targets, old), missing(old, after.targets)
}

// missing counts the entries of a that b does not have; both are sorted.
func missing(a, b []string) int {
	n := 0
	for _, s := range a {
		if _, found := slices.BinarySearch(b, s); !found {
			n++
		}
	}
	return n
}
