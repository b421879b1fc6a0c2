package sweep_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/sweep"
)

func TestStateKnowsWhatTerraformCreated(t *testing.T) {
	file, err := os.Open("testdata/interrupted.json")
	require.NoError(t, err)
	defer file.Close()
	var known sweep.State
	require.NoError(t, known.Read(file, kindOf))
	for _, id := range []string{"0f6b2f4e-6f54-4c4c-9d53-1c0e8b6b2d11", "0F6B2F4E-6F54-4C4C-9D53-1C0E8B6B2D11", "exopool-deploy", "EXO4a4b4c", "tainted-pool", "from-a-child-module", "flat", "read-only"} {
		assert.True(t, known.Has(sweep.Resource{ID: id}), id)
	}
	for _, id := range []string{"", "hash-of-a-tls-key", "null"} {
		assert.False(t, known.Has(sweep.Resource{ID: id}), "%q", id)
	}
	assert.Equal(t, 6, known.Managed())
}

func TestStatesAddUp(t *testing.T) {
	known := knowing(t, "one")
	require.NoError(t, known.Read(strings.NewReader(stateOf("two")), kindOf))
	assert.Equal(t, 2, known.Managed())
}

func TestEmptyFileOfAKilledTerraformKnowsNothing(t *testing.T) {
	var known sweep.State
	require.NoError(t, known.Read(strings.NewReader(""), kindOf))
	assert.Zero(t, known.Managed())
}

func TestWhatIsNoStateIsRefusedWithTheReason(t *testing.T) {
	tests := []struct{ name, text, problem string }{
		{"white space", "\n", "invalid JSON at byte 1"},
		{"text", "hush", "invalid JSON at byte"},
		{"cut off", `{"version":4,"resources":[`, "invalid JSON at byte"},
		{"a list", `["hush"]`, "another shape"},
		{"an object of something else", `{"format_version":"1.0"}`, "it has no version"},
		{"an old format", `{"version":3,"modules":[]}`, "state format 3"},
		{"a note of a backend", `{"version":3,"backend":{"type":"s3","config":{"secret_key":"hush"}}}`, "terraform state pull"},
		{"an encrypted one", `{"encrypted_data":"hush","encryption_version":"v0"}`, "tofu state pull"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			known := knowing(t, "kept")
			err := known.Read(strings.NewReader(test.text), kindOf)
			require.ErrorContains(t, err, test.problem)
			assert.NotContains(t, err.Error(), "hush")
			assert.Equal(t, 1, known.Managed())
		})
	}
}

func FuzzReadState(f *testing.F) {
	text, err := os.ReadFile("testdata/interrupted.json")
	require.NoError(f, err)
	f.Add(string(text))
	f.Add(stateOf("one", ""))
	f.Add(`{"version":4,"resources":[{"type":"exoscale_x","instances":[{"attributes":{"id":7}},null]},null]}`)
	f.Add(`{"version":4.5}`)
	f.Fuzz(func(t *testing.T, text string) {
		var known sweep.State
		if err := known.Read(strings.NewReader(text), kindOf); err != nil {
			assert.Zero(t, known.Managed(), "a state that cannot be read adds nothing")
			return
		}
		assert.False(t, known.Has(sweep.Resource{}), "what has no id is never known")
	})
}
