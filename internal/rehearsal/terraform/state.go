package terraform

import (
	"encoding/json"
	"fmt"

	tfjson "github.com/hashicorp/terraform-json"
)

// Resources returns the resources and data sources of all modules of a state.
func Resources(state *tfjson.State) []*tfjson.StateResource {
	if state == nil || state.Values == nil {
		return nil
	}
	return inModule(state.Values.RootModule)
}

func inModule(m *tfjson.StateModule) []*tfjson.StateResource {
	if m == nil {
		return nil
	}
	var found []*tfjson.StateResource
	for _, r := range m.Resources {
		if r != nil {
			found = append(found, r)
		}
	}
	for _, child := range m.ChildModules {
		found = append(found, inModule(child)...)
	}
	return found
}

// addresses returns the addresses of all resources in the output of "terraform
// show -json".
func addresses(output []byte) (list []string, err error) {
	var state tfjson.State
	if err := json.Unmarshal(output, &state); err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	for _, r := range Resources(&state) {
		list = append(list, r.Address)
	}
	return list, nil
}
