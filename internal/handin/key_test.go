package handin_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/handin"
)

// keyVariable is a declaration that is handed in with another default.
const keyVariable = "variable \"restricted_key\" {\n  type     = bool\n  default  = true\n  nullable = false\n}\n"

// TestCheckersKeyIsEnough: the course's checker applies the folder with a key that
// may not create another one, and with no variable that says so.
func TestCheckersKeyIsEnough(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, handin.Write(t.Context(), root, dir))
	module, folder := readFile(t, root, "terraform", "variables_monitoring.tf"), readFile(t, dir, "variables_monitoring.tf")
	block := `variable "restricted_key" \{\n[^{}]*\n  default +=`
	assert.Regexp(t, block+" true\n", module, "the module's default is the safer one")
	assert.Regexp(t, block+" false\n", folder)
	assert.Len(t, folder, len(module)+1, "nothing else differs")
}

func TestModuleWithoutTheDefaultToChangeIsRefused(t *testing.T) {
	t.Parallel()
	for name, variables := range map[string]string{
		"no variable":     "# none\n",
		"another default": "variable \"restricted_key\" {\n  default = false\n}\nvariable \"other\" {\n  default = true\n}\n",
		"two variables":   keyVariable + keyVariable,
	} {
		files := repository()
		files["terraform/variables.tf"] = []byte(variables)
		err := handin.Write(t.Context(), extract(t, files), t.TempDir())
		assert.ErrorContains(t, err, "one variable restricted_key", name)
	}
}
