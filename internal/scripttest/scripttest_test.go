package scripttest_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/scripttest"
)

// TestProgramsRunWhileOthersStart: with os.WriteFile alone some of these fail.
func TestProgramsRunWhileOthersStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for worker := range 8 {
		t.Run(fmt.Sprint(worker), func(t *testing.T) {
			t.Parallel()
			for i := range 50 {
				path := filepath.Join(dir, fmt.Sprintf("%d-%d", worker, i))
				scripttest.Write(t, path, "#!/bin/sh\nexit 0\n")
				require.NoError(t, exec.CommandContext(t.Context(), path).Run())
			}
		})
	}
}
