package main

import "github.com/exopool/exopool/fake/exoapi"

// operationNames returns the operations of the API, for completion.
func operationNames() (names []string) {
	ask(func(api *exoapi.Cloud) {
		for _, r := range api.Routes() {
			names = append(names, r.OperationID)
		}
	})
	return names
}

// zoneNames returns the zones there are, for completion.
func zoneNames() (names []string) {
	ask(func(api *exoapi.Cloud) { names = api.Zones() })
	return names
}

// ask asks an emulator that nobody else uses. Without one there is nothing to
// complete.
func ask(question func(*exoapi.Cloud)) {
	if api, err := exoapi.New(exoapi.Config{}); err == nil {
		question(api)
		api.Close()
	}
}
