package discovery

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// labels returns what the provider says about one member. What it omits has no
// label, which to Prometheus is the same as an empty one.
func (cfg Config) labels(pool Pool, member member, backends []Backend) map[string]string {
	prefix := cfg.LabelPrefix
	labels := map[string]string{
		prefix + "zone":                 cfg.Zone,
		prefix + "pool_id":              member.PoolID,
		prefix + "pool_name":            pool.Name,
		prefix + "pool_state":           pool.State,
		prefix + "pool_size":            strconv.Itoa(pool.Size),
		prefix + "instance_id":          member.ID,
		prefix + "instance_name":        member.Name,
		prefix + "instance_state":       member.State,
		prefix + "instance_type":        member.TypeID,
		prefix + "template_id":          member.TemplateID,
		prefix + "security_groups":      list(member.SecurityGroupIDs),
		prefix + "anti_affinity_groups": list(member.AntiAffinityGroupIDs),
	}
	if !member.Created.IsZero() {
		labels[prefix+"instance_created"] = strconv.FormatInt(member.Created.Unix(), 10)
	}
	if member.IPv4.IsValid() {
		labels[prefix+"public_ipv4"] = member.IPv4.String()
	}
	if member.IPv6.IsValid() {
		labels[prefix+"public_ipv6"] = member.IPv6.String()
	}
	addUserLabels(labels, prefix, member.Labels)
	addBackendLabels(labels, prefix, member, backends)
	maps.DeleteFunc(labels, func(_, value string) bool { return value == "" })
	return labels
}

// addUserLabels adds the labels that users gave the member. If two names become
// the same, the first of them in order wins.
func addUserLabels(labels map[string]string, prefix string, user map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(user)) {
		name, value := prefix+"label_"+sanitise(name), user[name]
		if _, taken := labels[name]; !taken {
			labels[name] = strings.ToValidUTF8(value, "\uFFFD")
		}
	}
}

// addBackendLabels adds what load balancers say about the member. A pool may be
// behind several services: then ids and names are lists, and the health is the
// worst of them. A member that no service has checked yet has no health.
func addBackendLabels(labels map[string]string, prefix string, member member, backends []Backend) {
	var balancers, services []string
	var checks []Health
	for _, b := range backends {
		if b.PoolID != member.PoolID {
			continue
		}
		balancers = append(balancers, b.BalancerID)
		services = append(services, b.Service)
		if health, checked := b.Health[member.addr]; checked {
			checks = append(checks, health)
		}
	}
	labels[prefix+"nlb_id"] = oneOrList(balancers)
	labels[prefix+"nlb_service"] = oneOrList(services)
	if len(checks) > 0 {
		labels[prefix+"nlb_health"] = slices.MinFunc(checks, worse).Text
	}
}

// worse compares the results of health checks: failures come first.
func worse(a, b Health) int {
	switch {
	case a.OK == b.OK:
		return strings.Compare(a.Text, b.Text)
	case b.OK:
		return -1
	}
	return 1
}

// list joins values so that a rule can match one of them as ",value,".
func list(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return "," + strings.Join(slices.Compact(slices.Sorted(slices.Values(values))), ",") + ","
}

func oneOrList(values []string) string {
	switch values = slices.Compact(slices.Sorted(slices.Values(values))); len(values) {
	case 0:
		return ""
	case 1:
		return values[0]
	default:
		return list(values)
	}
}

// sanitise turns a name into one that Prometheus allows in a label.
func sanitise(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_':
			return r
		}
		return '_'
	}, name)
}
