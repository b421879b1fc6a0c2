package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/loadgen"
	"github.com/exopool/exopool/fake/machine/process/member"
	"github.com/exopool/exopool/internal/providers"
)

func TestMain(m *testing.M) {
	if code, ok := member.Run(os.Args); ok {
		os.Exit(code)
	}
	if code, ok := loadgen.Run(context.Background(), os.Args, os.Stderr); ok {
		os.Exit(code)
	}
	// Terraform and the programs get what this test gives them, not what its
	// user has set. The credentials are for the test of a real account; as
	// arguments of the provider take precedence, no other can use them.
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "TF_") || strings.HasPrefix(name, "EXOSCALE_") && name != "EXOSCALE_KEY" && name != "EXOSCALE_SECRET" {
			if err := os.Unsetenv(name); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		}
	}
	os.Exit(m.Run())
}

// enable is the variable that switches these tests on.
const enable = "EXOPOOL_E2E"

// A toolchain is what all runs need: Terraform and its providers.
type toolchain struct {
	terraform string
	mirror    providers.Mirror
}

// open skips the test where it cannot run or was not asked for.
func open(t *testing.T) toolchain {
	t.Helper()
	if os.Getenv(enable) == "" {
		t.Skipf("takes minutes: set %s=1 to run it", enable)
	}
	program, err := providers.Terraform(t.Context())
	if errors.Is(err, providers.ErrNoTerraform) {
		t.Skip(err)
	}
	require.NoError(t, err)
	mirror, err := providers.Install(t.Context(), providers.Config{
		Program: os.Getenv(providers.Variable), Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	require.NoError(t, err)
	return toolchain{program, mirror}
}

// build builds one of our programs, for this host and for machines, and returns
// its path.
func build(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", path, "github.com/exopool/exopool/cmd/"+name)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	output, err := cmd.CombinedOutput()
	require.NoError(t, err, string(output))
	return path
}
