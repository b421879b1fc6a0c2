package exoapi

import (
	"encoding/json"
	"strings"
)

// Services of the policies, as far as they are emulated.
const (
	serviceCompute = "compute"
	serviceIAM     = "iam"
	serviceAudit   = "audit-trail"
)

// service is the one that the route's operation belongs to.
func (r *route) service() string {
	kind, _, _ := strings.Cut(strings.TrimPrefix(r.Path, "/"), "/")
	switch kind {
	case "api-key", "iam-role", "iam-organization-policy", "iam-organization-policy:reset":
		return serviceIAM
	case "event":
		return serviceAudit
	default:
		return serviceCompute
	}
}

// authorize asks the policies of the organization and of the key's role, both
// of which must allow the call. The owner may do everything.
func (w *world) authorize(r *request, service string) error {
	key := w.apiKeys.get(r.key)
	if key == nil {
		return unknownKey()
	}
	role := key.role
	if role.owner || r.operationID == "reset-iam-organization-policy" && role.permits(r.operationID) {
		return nil
	}
	bindings := w.bindings(r, service)
	if !w.orgPolicy.allows(service, bindings) {
		return forbidden("Forbidden by organization policy for %s", service)
	}
	if !role.policy.allows(service, bindings) {
		return forbidden("Forbidden by role policy for %s", service)
	}
	return nil
}

// bindings are what expressions may look at. Those that cost something to
// collect are only collected if they do.
func (w *world) bindings(r *request, service string) map[string]any {
	resources := func() any { return w.resources(r) }
	return map[string]any{
		"service":    service,
		"operation":  r.operationID,
		"zone":       r.zone,
		"now":        w.timestamp(),
		"source_ip":  r.sourceIP,
		"api_key":    r.key,
		"parameters": func() any { return r.parameters() },
		"resources":  resources,
		"resource":   resources,
	}
}

// parameters are all that the call says: in its path, query and body.
func (r *request) parameters() map[string]any {
	all := map[string]any{}
	var body map[string]any
	// A body that is no object is refused later.
	_ = json.Unmarshal(r.body, &body)
	for name, value := range body {
		all[identifier(name)] = identifiers(value)
	}
	for name := range r.query {
		all[identifier(name)] = r.query.Get(name)
	}
	for name, value := range r.params {
		all[identifier(name)] = value
	}
	return all
}

// identifiers makes names of fields into identifiers, all the way down.
func identifiers(value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, inner := range v {
			out[identifier(name)] = identifiers(inner)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = identifiers(v[i])
		}
		return out
	default:
		return value
	}
}

func identifier(name string) string { return strings.ReplaceAll(name, "-", "_") }

// resources is what the call's path names, by its kind: an id and a name.
func (w *world) resources(r *request) map[string]any {
	kind, id := r.kind, r.id()
	var name string
	switch kind {
	case "instance":
		if i := w.instances.get(id); i != nil {
			name = i.name
		}
	case managerPool:
		if p := w.pools.get(id); p != nil {
			name = p.name
		}
	case "load-balancer":
		if b := w.balancers.get(id); b != nil {
			name = b.name
		}
	case "security-group":
		if g := w.groups.get(id); g != nil {
			name = g.name
		}
	case "anti-affinity-group":
		if g := w.spreads.get(id); g != nil {
			name = g.name
		}
	case "private-network":
		if n := w.networks.get(id); n != nil {
			name = n.name
		}
	case "elastic-ip":
		if e := w.elastics.get(id); e != nil {
			name = e.address.String()
		}
	case "iam-role":
		if role := w.roles.get(id); role != nil {
			name = role.name
		}
	case "api-key":
		if key := w.apiKeys.get(id); key != nil {
			name = key.name
		}
	case "ssh-key":
		id = r.params["name"]
		name = id
	}
	if name == "" {
		return map[string]any{}
	}
	return map[string]any{identifier(kind): map[string]any{"id": id, "name": name}}
}
