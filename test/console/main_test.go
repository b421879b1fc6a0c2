// Package console_test shows the console of a running fake cloud to a real
// browser: Chromium, without a window.
package console_test

import (
	"flag"
	"os"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/machine/process"
	"github.com/exopool/exopool/fake/machine/process/member"
)

var (
	screenshots = flag.String("screenshots", "", "folder for pictures of the pages")
	update      = flag.Bool("update", false, "draw the picture of docs/fakecloud.md anew")
	axeFile     = flag.String("axe", "", "axe-core's axe.min.js, to be asked about the pages as well")
)

func TestMain(m *testing.M) {
	if code, ok := member.Run(os.Args); ok {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// startCloud starts a cloud whose machines answer, where the system allows it.
func startCloud(t *testing.T) *fakecloud.Cloud {
	t.Helper()
	cfg := fakecloud.Config{Speed: 20}
	if runtime.GOOS == "linux" {
		cfg.Machines = fakecloud.Processes(process.Config{})
	}
	cloud, err := fakecloud.Start(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, cloud.Close()) })
	return cloud
}
