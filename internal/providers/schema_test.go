package providers_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An attribute is what a configuration can notice of one. The type is a word
// or, of collections, a list.
type attribute struct {
	Type      any  `json:"type"`
	Required  bool `json:"required"`
	Optional  bool `json:"optional"`
	Computed  bool `json:"computed"`
	Sensitive bool `json:"sensitive"`
}

// A schemaBlock is the schema of a resource.
type schemaBlock struct {
	Version int `json:"version"`
	Block   struct {
		Attributes map[string]attribute `json:"attributes"`
	} `json:"block"`
}

type schemas struct {
	Providers map[string]struct {
		Resources map[string]schemaBlock `json:"resource_schemas"`
	} `json:"provider_schemas"`
}

// of returns the resources of a provider, whatever the registry's host.
func (s schemas) of(t *testing.T, source string) map[string]schemaBlock {
	t.Helper()
	for address, provider := range s.Providers {
		if strings.HasSuffix(address, "/"+source) {
			return provider.Resources
		}
	}
	require.Failf(t, "no such provider", "%s", source)
	return nil
}

func TestSchemaIsThatOfTheOriginal(t *testing.T) {
	w := newWorkspace(t)
	w.must(t, "init", "-no-color", "-input=false")
	var s schemas
	w.read(t, &s, "providers", "schema", "-json")
	resource := s.of(t, "hashicorp/tls")["tls_private_key"]
	assert.Equal(t, 1, resource.Version)

	argument := attribute{Type: "string", Optional: true, Computed: true}
	computed := attribute{Type: "string", Computed: true}
	secret := attribute{Type: "string", Computed: true, Sensitive: true}
	for name, expected := range map[string]attribute{
		"algorithm":                     {Type: "string", Required: true},
		"rsa_bits":                      {Type: "number", Optional: true, Computed: true},
		"ecdsa_curve":                   argument,
		"private_key_pem":               secret,
		"private_key_pem_pkcs8":         secret,
		"private_key_openssh":           secret,
		"public_key_pem":                computed,
		"public_key_openssh":            computed,
		"public_key_fingerprint_md5":    computed,
		"public_key_fingerprint_sha256": computed,
		"id":                            computed,
	} {
		got, found := resource.Block.Attributes[name]
		require.True(t, found, name)
		assert.Equal(t, expected, got, name)
	}
	assert.Contains(t, s.of(t, "exoscale/exoscale"), "exoscale_instance_pool")
}

func TestInitFromAnEmptyFolderLeavesTheModuleAlone(t *testing.T) {
	before := files(t, "testdata/keys")
	w := newWorkspace(t)
	w.must(t, "init", "-no-color", "-input=false")
	assert.Equal(t, before, files(t, "testdata/keys"), "nothing is written into the repository")

	assert.FileExists(t, filepath.Join(w.dir, ".terraform.lock.hcl"), "the copy keeps its own lock file")
	w.must(t, "init", "-no-color", "-input=false", "-lockfile=readonly")
	w.must(t, "validate", "-no-color")
}
