package main

import (
	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/internal/rehearsal/acceptance"
	"github.com/exopool/exopool/internal/rehearsal/userdata"
)

// userDataAdvice checks the user-data of all kinds of machines without executing
// it. Members of a pool are of one kind.
func userDataAdvice(cloud *exoapi.Cloud) (advice []acceptance.Advice) {
	checked := map[string]bool{}
	for _, i := range cloud.Instances() {
		name, port := i.Name, 0
		if i.PoolID != "" {
			name, port = "the members", checkedPort(cloud, i.PoolID)
		}
		if kind := name + "\x00" + string(i.UserData); !checked[kind] {
			checked[kind] = true
			advice = append(advice, userdata.Check(i.UserData, userdata.Machine{
				Name: name, CheckPort: port, Open: func(port int) bool { return isOpen(cloud, i.ID, port) },
			})...)
		}
	}
	return advice
}

// checkedPort returns the port of the members that a load balancer asks; 0 if
// there is none, or not the same one for all.
func checkedPort(cloud *exoapi.Cloud, poolID string) (port int) {
	for _, b := range cloud.Balancers() {
		for _, s := range b.Services {
			if s.PoolID == poolID && port == 0 {
				port = s.Healthcheck.Port
			} else if s.PoolID == poolID && port != s.Healthcheck.Port {
				return 0
			}
		}
	}
	return port
}

// isOpen reports whether a rule lets anybody connect to a port of a machine.
func isOpen(cloud *exoapi.Cloud, machineID string, port int) bool {
	for _, p := range cloud.Protections() {
		if p.MachineID == machineID {
			for _, rule := range p.Ingress {
				if rule.Protocol == "tcp" && rule.FirstPort <= port && port <= rule.LastPort && len(rule.Peers) > 0 {
					return true
				}
			}
		}
	}
	return false
}
