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

// A State holds the ids in one or several Terraform states: of resources that
// Terraform manages, and of those that it only reads as data sources. The zero
// value is empty.
type State struct {
	ids     map[string]bool
	managed []managed
	files   []version
}

// managed is one resource that Terraform manages.
type managed struct {
	kind       Kind
	id         string
	name, zone string // empty: unknown
}

// A version identifies a state, and how often it was written.
type version struct {
	lineage string
	serial  uint64
}

// A KindOf returns the kind of a resource type of Terraform; ok is false for a
// type of another cloud.
type KindOf func(terraformType string) (kind Kind, ok bool)

// Read adds a state file, or the output of "terraform state pull". An empty file
// is an empty state: Terraform leaves one when it is killed early. After an error
// nothing is added. The error repeats nothing of the state, which holds secrets.
func (s *State) Read(r io.Reader, kindOf KindOf) error {
	text, err := io.ReadAll(io.LimitReader(r, maxState+1))
	switch {
	case err != nil:
		return err
	case len(text) > maxState:
		return fmt.Errorf("longer than %d MiB, which no Terraform state is", maxState>>20)
	case len(text) == 0:
		s.files = append(s.files, version{})
		return nil
	}
	var wire struct {
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
	if err := json.Unmarshal(text, &wire); err != nil {
		return notAState(err)
	}
	switch {
	case wire.Encrypted != nil:
		return errors.New("the state is encrypted: give the output of \"tofu state pull\" instead")
	case len(wire.Backend) > 0 && string(wire.Backend) != "null":
		return errors.New("not a state, but a note of where Terraform keeps it: give the output of \"terraform state pull\" instead")
	case wire.Version == nil:
		return errors.New("not a Terraform state: it has no version; give terraform.tfstate or the output of \"terraform state pull\"")
	case *wire.Version != stateVersion:
		return fmt.Errorf("state format %d, want %d: let a current version of Terraform write it (terraform apply -refresh-only)", *wire.Version, stateVersion)
	}
	if s.ids == nil {
		s.ids = make(map[string]bool)
	}
	for _, resource := range wire.Resources {
		kind, ok := kindOf(resource.Type)
		if !ok {
			continue
		}
		for _, instance := range resource.Instances {
			var id string
			if raw := instance.Attributes["id"]; raw == nil || json.Unmarshal(raw, &id) != nil || id == "" {
				id = instance.Flat["id"]
			}
			if id == "" {
				continue // its creation failed
			}
			s.ids[strings.ToLower(id)] = true
			if resource.Mode == "data" {
				continue
			}
			s.managed = append(s.managed, managed{kind, strings.ToLower(id), word(instance.Attributes["name"]), word(instance.Attributes["zone"])})
		}
	}
	s.files = append(s.files, version{wire.Lineage, wire.Serial})
	return nil
}

// word decodes a string, and returns an empty one for anything else.
func word(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return ""
	}
	return text
}

// notAState returns an error with the place of invalid JSON, but none of the text.
func notAState(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("not a Terraform state: invalid JSON at byte %d", syntax.Offset)
	}
	return errors.New("not a Terraform state: the JSON has another shape")
}

// Managed returns the number of resources that Terraform manages.
func (s *State) Managed() int { return len(s.managed) }

// Has reports whether a state lists the resource. Case is ignored: rather keep a
// resource than delete it.
func (s *State) Has(r Resource) bool { return s.ids[strings.ToLower(r.ID)] }

// Precedes reports whether other has a later version of one of the states.
func (s *State) Precedes(other *State) bool {
	for _, mine := range s.files {
		for _, theirs := range other.files {
			if mine.lineage != "" && mine.lineage == theirs.lineage && mine.serial < theirs.serial {
				return true
			}
		}
	}
	return false
}
