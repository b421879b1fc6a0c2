package main

import (
	"path/filepath"
	"strings"

	"github.com/exopool/exopool/fake/exoapi"
)

// operationNames returns the operations of the API, for completion.
func operationNames() (names []string) {
	ask(func(api *exoapi.Cloud) {
		for _, r := range api.Routes() {
			names = append(names, r.OperationID)
		}
	})
	return names
}

// zoneNames returns the zones there are.
func zoneNames() (names []string) {
	ask(func(api *exoapi.Cloud) { names = api.Zones() })
	return names
}

// ask asks an emulator that nobody else uses, if there can be one.
func ask(question func(*exoapi.Cloud)) {
	if api, err := exoapi.New(exoapi.Config{}); err == nil {
		question(api)
		api.Close()
	}
}

// runningPorts returns the ports of the instances that have said so, for
// completion.
func (p program) runningPorts() (ports []string) {
	dir, err := p.instanceDir()
	if err != nil {
		return nil
	}
	names, _ := filepath.Glob(filepath.Join(dir, "*.json")) // no pattern of the user's
	for _, name := range names {
		ports = append(ports, strings.TrimSuffix(filepath.Base(name), ".json"))
	}
	return ports
}
