package sweep

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxState limits a state file, in bytes. Those of the module have about
// 100 KiB.
const maxState = 64 << 20

// stateVersion is the format of Terraform since 0.12 and of OpenTofu, see
// https://developer.hashicorp.com/terraform/language/state.
const stateVersion = 4

// providerPrefix begins the types of the things that an account has.
const providerPrefix = "exoscale_"

// Known are the ids that Terraform knows: of what it manages, and of what it
// only reads as a data source. The zero value knows nothing.
type Known struct {
	ids     map[string]bool
	managed []managed
	states  []version // that were read
}

// managed is one thing that Terraform manages.
type managed struct {
	kind       Kind // kinds: none that the module creates
	id         string
	name, zone string // empty: not said
}

// A version is which state it was, and how often it had been written.
type version struct {
	lineage string
	serial  uint64
}

// kindsOf are the kinds of things by their types in a state.
var kindsOf = map[string]Kind{
	"nlb": LoadBalancer, "compute_instance": Instance, "instance_pool": InstancePool,
	"security_group": SecurityGroup, "iam_api_key": APIKey, "iam_role": Role,
}

// ReadState adds the ids of a state file, or of the output of "terraform state
// pull". An empty file manages nothing: a Terraform that is killed early leaves
// one. On an error nothing is added; its text repeats nothing of the state,
// which holds secrets.
func (k *Known) ReadState(r io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(r, maxState+1))
	switch {
	case err != nil:
		return err
	case len(text) > maxState:
		return fmt.Errorf("longer than %d MiB, which no Terraform state is", maxState>>20)
	case len(text) == 0:
		k.states = append(k.states, version{})
		return nil
	}
	var state struct {
		Version   *int            `json:"version"`
		Encrypted json.RawMessage `json:"encrypted_data"`
		Backend   json.RawMessage `json:"backend"`
		Lineage   string          `json:"lineage"`
		Serial    uint64          `json:"serial"`
		Resources []struct {
			Mode      string `json:"mode"`
			Type      string `json:"type"`
			Instances []struct {
				Attributes map[string]json.RawMessage `json:"attributes"`
				Flat       map[string]string          `json:"attributes_flat"`
			} `json:"instances"`
		} `json:"resources"`
	}
	if err := json.Unmarshal(text, &state); err != nil {
		return notAState(err)
	}
	switch {
	case state.Encrypted != nil:
		return errors.New("the state is encrypted: give the output of \"tofu state pull\" instead")
	case len(state.Backend) > 0 && string(state.Backend) != "null":
		return errors.New("no state, but a note where Terraform keeps it: give the output of \"terraform state pull\" instead")
	case state.Version == nil:
		return errors.New("not a Terraform state: it has no version; give terraform.tfstate or the output of \"terraform state pull\"")
	case *state.Version != stateVersion:
		return fmt.Errorf("state format %d, only %d is understood: let a present Terraform write it (terraform apply -refresh-only)", *state.Version, stateVersion)
	}
	if k.ids == nil {
		k.ids = make(map[string]bool)
	}
	for _, resource := range state.Resources {
		if !strings.HasPrefix(resource.Type, providerPrefix) {
			continue
		}
		for _, instance := range resource.Instances {
			var id string
			if raw := instance.Attributes["id"]; raw == nil || json.Unmarshal(raw, &id) != nil || id == "" {
				id = instance.Flat["id"]
			}
			if id == "" {
				continue // it could not be created
			}
			k.ids[strings.ToLower(id)] = true
			if resource.Mode == "data" {
				continue
			}
			kind, ok := kindsOf[strings.TrimPrefix(resource.Type, providerPrefix)]
			if !ok {
				kind = kinds
			}
			k.managed = append(k.managed, managed{kind, strings.ToLower(id), word(instance.Attributes["name"]), word(instance.Attributes["zone"])})
		}
	}
	k.states = append(k.states, version{state.Lineage, state.Serial})
	return nil
}

// word decodes a string; anything else is none.
func word(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return ""
	}
	return text
}

// notAState says where a text stops being JSON, without repeating any of it.
func notAState(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("not a Terraform state: no JSON from byte %d on", syntax.Offset)
	}
	return errors.New("not a Terraform state: it is JSON of another shape")
}

// Managed returns how many things Terraform manages.
func (k *Known) Managed() int { return len(k.managed) }

// Has reports whether Terraform knows the thing. Letters count alike in both
// cases, so that an id is rather recognized than deleted.
func (k *Known) Has(t Thing) bool { return k.ids[strings.ToLower(t.ID)] }

// Precedes reports whether other has a later version of one of k's states.
func (k *Known) Precedes(other *Known) bool {
	for _, mine := range k.states {
		for _, theirs := range other.states {
			if mine.lineage != "" && mine.lineage == theirs.lineage && mine.serial < theirs.serial {
				return true
			}
		}
	}
	return false
}
