package terraform_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/rehearsal/terraform"
)

const state = `{"format_version":"1.0","terraform_version":"1.11.4","values":{"root_module":{
	"resources":[
		{"address":"exoscale_nlb.x","mode":"managed","type":"exoscale_nlb","name":"x","values":{"name":"web"}},
		{"address":"data.exoscale_template.y","mode":"data","type":"exoscale_template","name":"y"}],
	"child_modules":[{"address":"module.z","resources":[
		{"address":"module.z.exoscale_ssh_key.k[0]","mode":"managed","type":"exoscale_ssh_key","name":"k","index":0}]}]}}}`

func TestResourcesOfAllModulesAreListed(t *testing.T) {
	found, err := terraform.Addresses([]byte(state))
	require.NoError(t, err)
	assert.Equal(t, []string{"exoscale_nlb.x", "data.exoscale_template.y", "module.z.exoscale_ssh_key.k[0]"}, found)
	for _, empty := range []string{`{"format_version":"1.0"}`, `{"format_version":"1.0","values":{"root_module":{}}}`} {
		found, err := terraform.Addresses([]byte(empty))
		require.NoError(t, err)
		assert.Empty(t, found)
	}
}

func TestStateOfAnUnknownFormatIsRefused(t *testing.T) {
	for text, says := range map[string]string{
		"":                         "unexpected end of JSON input",
		`{"format_version":"1.0",`: "unexpected end of JSON input",
		`{"version":4}`:            "format version is missing",
		`{"format_version":"2.0"}`: "unsupported state format version",
	} {
		_, err := terraform.Addresses([]byte(text))
		require.ErrorContains(t, err, "read the state: ", text)
		assert.ErrorContains(t, err, says, text)
	}
}

func FuzzResources(f *testing.F) {
	f.Add([]byte(state))
	f.Add([]byte(`{"format_version":"1.0","values":null}`))
	f.Add([]byte(`{"format_version":"1.0","values":{"root_module":{"resources":[null,{}],"child_modules":[null,{}]}}}`))
	f.Add([]byte(`{"format_version":"1.0","values":{"root_module":7}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		found, err := terraform.Addresses(text)
		if err != nil {
			assert.Empty(t, found)
		}
	})
}
