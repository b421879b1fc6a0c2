package terraform_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/rehearsal/terraform"
)

const state = `{"version":4,"resources":[
	{"mode":"managed","type":"exoscale_nlb","name":"x"},
	{"mode":"data","type":"exoscale_template","name":"y"},
	{"module":"module.z","mode":"managed","type":"exoscale_ssh_key","name":"k"}]}`

func TestAllThatTheStateListsIsTold(t *testing.T) {
	found, err := terraform.Resources([]byte(state))
	require.NoError(t, err)
	assert.Equal(t, []string{"exoscale_nlb.x", "data.exoscale_template.y", "module.z.exoscale_ssh_key.k"}, found)
	for _, empty := range []string{"", `{"version":4}`, `{"version":4,"resources":[]}`} {
		found, err := terraform.Resources([]byte(empty))
		require.NoError(t, err)
		assert.Empty(t, found)
	}
	_, err = terraform.Resources([]byte(`{"resources":[`))
	assert.ErrorContains(t, err, "read the state: ")
}

func FuzzResources(f *testing.F) {
	f.Add([]byte(state))
	f.Add([]byte(`{"resources":[null,{}]}`))
	f.Add([]byte(`{"resources":7}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		found, err := terraform.Resources(text)
		if err != nil {
			assert.Empty(t, found)
		}
		for _, address := range found {
			assert.True(t, strings.Contains(address, "."))
		}
	})
}
