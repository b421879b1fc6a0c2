package fakecloud_test

import (
	"log/slog"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/machine/process/member"
	"github.com/exopool/exopool/internal/programtest"
)

func TestMain(m *testing.M) {
	if code, ok := member.Run(os.Args); ok {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// start starts a cloud that ends with the test, and returns what it logs at
// level warn and above.
func start(t *testing.T, cfg fakecloud.Config) (*fakecloud.Cloud, *programtest.Output) {
	t.Helper()
	log := new(programtest.Output)
	cfg.Logger = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	cloud, err := fakecloud.Start(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cloud.Close()) })
	return cloud, log
}

// startOnPaper starts a cloud whose machines exist on paper, as fast as can be.
func startOnPaper(t *testing.T) (*fakecloud.Cloud, *programtest.Output) {
	t.Helper()
	return start(t, fakecloud.Config{Speed: 1e6})
}
