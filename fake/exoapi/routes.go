package exoapi

import (
	"net/http"
	"slices"
	"strings"
)

// routeTable lists what clients of the emulated resources may call. A route
// without a handler answers 501.
func routeTable() []*route {
	routes := slices.Concat(
		catalogRoutes(), networkRoutes(), privateNetworkRoutes(), elasticIPRoutes(), reverseDNSRoutes(),
		computeRoutes(), balancerRoutes(), iamRoutes(), laterRoutes(),
	)
	slices.SortStableFunc(routes, func(a, b *route) int { return strings.Compare(a.Path, b.Path) })
	return routes
}

func get(path, id string, h handler) *route { return newRoute(http.MethodGet, path, id, h) }

func post(path, id string, h handler) *route { return newRoute(http.MethodPost, path, id, h) }

func put(path, id string, h handler) *route { return newRoute(http.MethodPut, path, id, h) }

func del(path, id string, h handler) *route { return newRoute(http.MethodDelete, path, id, h) }

func newRoute(method, path, id string, h handler) *route {
	return &route{Route: Route{method, path, id, h != nil}, handle: h}
}

func catalogRoutes() []*route {
	zones := get("/zone", "list-zones", listZones)
	zones.open = true
	return []*route{
		zones,
		get("/instance-type", "list-instance-types", listInstanceTypes),
		get("/instance-type/{id}", "get-instance-type", getInstanceType),
		get("/template", "list-templates", listTemplates),
		get("/template/{id}", "get-template", getTemplate),
		get("/quota", "list-quotas", listQuotas),
		get("/quota/{entity}", "get-quota", getQuota),
		get("/organization", "get-organization", getOrganization),
		get("/deploy-target", "list-deploy-targets", listDeployTargets),
		get("/event", "list-events", listEvents),
		get("/operation/{id}", "get-operation", getOperation),
		get("/ssh-key", "list-ssh-keys", listSSHKeys),
		post("/ssh-key", "register-ssh-key", registerSSHKey),
		get("/ssh-key/{name}", "get-ssh-key", getSSHKey),
		del("/ssh-key/{name}", "delete-ssh-key", deleteSSHKey),
	}
}

func networkRoutes() []*route {
	return []*route{
		get("/security-group", "list-security-groups", listGroups),
		post("/security-group", "create-security-group", createGroup),
		get("/security-group/{id}", "get-security-group", getGroup),
		del("/security-group/{id}", "delete-security-group", deleteGroup),
		post("/security-group/{id}/rules", "add-rule-to-security-group", addRule),
		del("/security-group/{id}/rules/{rule-id}", "delete-rule-from-security-group", deleteRule),
		put("/security-group/{id}:add-source", "add-external-source-to-security-group", addSource),
		put("/security-group/{id}:remove-source", "remove-external-source-from-security-group", removeSource),
		put("/security-group/{id}:attach", "attach-instance-to-security-group", attachGroup),
		put("/security-group/{id}:detach", "detach-instance-from-security-group", detachGroup),
		get("/anti-affinity-group", "list-anti-affinity-groups", listAntiAffinityGroups),
		post("/anti-affinity-group", "create-anti-affinity-group", createAntiAffinityGroup),
		get("/anti-affinity-group/{id}", "get-anti-affinity-group", getAntiAffinityGroup),
		del("/anti-affinity-group/{id}", "delete-anti-affinity-group", deleteAntiAffinityGroup),
	}
}

func computeRoutes() []*route {
	return []*route{
		get("/instance", "list-instances", listInstances),
		post("/instance", "create-instance", createInstance),
		get("/instance/{id}", "get-instance", getInstance),
		put("/instance/{id}", "update-instance", updateInstance),
		del("/instance/{id}", "delete-instance", deleteInstance),
		del("/instance/{id}/{field}", "reset-instance-field", resetInstanceField),
		put("/instance/{id}:start", "start-instance", startInstance),
		put("/instance/{id}:stop", "stop-instance", stopInstance),
		put("/instance/{id}:reboot", "reboot-instance", rebootInstance),
		put("/instance/{id}:scale", "scale-instance", scaleInstance),
		put("/instance/{id}:resize-disk", "resize-instance-disk", resizeInstanceDisk),
		put("/instance/{id}:add-protection", "add-instance-protection", protectInstance),
		put("/instance/{id}:remove-protection", "remove-instance-protection", unprotectInstance),
		put("/instance/{id}:reset", "reset-instance", resetInstance),
		put("/instance/{id}:reset-password", "reset-instance-password", nil),
		get("/instance/{id}:password", "reveal-instance-password", nil),
		post("/instance/{id}:enable-tpm", "enable-tpm", nil),
		post("/instance/{id}:create-snapshot", "create-snapshot", nil),
		post("/instance/{instance-id}:revert-snapshot", "revert-instance-to-snapshot", nil),
		get("/instance-pool", "list-instance-pools", listPools),
		post("/instance-pool", "create-instance-pool", createPool),
		get("/instance-pool/{id}", "get-instance-pool", getPool),
		put("/instance-pool/{id}", "update-instance-pool", updatePool),
		del("/instance-pool/{id}", "delete-instance-pool", deletePool),
		del("/instance-pool/{id}/{field}", "reset-instance-pool-field", resetPoolField),
		put("/instance-pool/{id}:scale", "scale-instance-pool", scalePool),
		put("/instance-pool/{id}:evict", "evict-instance-pool-members", evictMembers),
	}
}

func balancerRoutes() []*route {
	return []*route{
		get("/load-balancer", "list-load-balancers", listBalancers),
		post("/load-balancer", "create-load-balancer", createBalancer),
		get("/load-balancer/{id}", "get-load-balancer", getBalancer),
		put("/load-balancer/{id}", "update-load-balancer", updateBalancer),
		del("/load-balancer/{id}", "delete-load-balancer", deleteBalancer),
		del("/load-balancer/{id}/{field}", "reset-load-balancer-field", resetBalancerField),
		post("/load-balancer/{id}/service", "add-service-to-load-balancer", addService),
		get("/load-balancer/{id}/service/{service-id}", "get-load-balancer-service", getService),
		put("/load-balancer/{id}/service/{service-id}", "update-load-balancer-service", updateService),
		del("/load-balancer/{id}/service/{service-id}", "delete-load-balancer-service", deleteService),
		del("/load-balancer/{id}/service/{service-id}/{field}",
			"reset-load-balancer-service-field", resetServiceField),
	}
}

// laterRoutes lists resources that are known but not emulated.
func laterRoutes() []*route {
	return []*route{
		post("/template", "register-template", nil),
		put("/template/{id}", "update-template", nil),
		post("/template/{id}", "copy-template", nil),
		del("/template/{id}", "delete-template", nil),
		get("/deploy-target/{id}", "get-deploy-target", nil),
		get("/live-balance", "get-live-balance", nil),
		get("/snapshot", "list-snapshots", nil),
		get("/snapshot/{id}", "get-snapshot", nil),
		del("/snapshot/{id}", "delete-snapshot", nil),
		post("/snapshot/{id}:export", "export-snapshot", nil),
		post("/snapshot/{id}:promote", "promote-snapshot-to-template", nil),
	}
}
