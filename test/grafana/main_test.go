package grafana_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/rehearsal/grafanaserver"
)

// switchedOn is the variable that names the Grafana to use.
const switchedOn = "EXOPOOL_GRAFANA"

// scenarios is how many run at the same time: they wait more than they work.
const scenarios = "12"

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", scenarios); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	os.Exit(m.Run())
}

// installation returns the Grafana to use, or skips the test.
func installation(t *testing.T) grafanaserver.Installation {
	t.Helper()
	program := os.Getenv(switchedOn)
	if program == "" {
		t.Skipf("needs a Grafana and seven minutes: set %s to auto, or to where one is", switchedOn)
	}
	if testing.Short() {
		t.Skip("takes minutes")
	}
	found, err := grafanaserver.Find(t.Context(), program, "")
	require.NoError(t, err)
	return found
}
