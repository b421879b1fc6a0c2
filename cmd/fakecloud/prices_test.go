package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/prices"
)

func TestPricesPrintsTheListInForce(t *testing.T) {
	t.Parallel()
	term := newTerminal(t)
	require.Equal(t, 0, term.run(t.Context(), []string{"prices"}), term.err)
	assert.Equal(t, prices.Default().String()+"\n", term.out.String())

	path := filepath.Join(t.TempDir(), "mine.json")
	mine := strings.Replace(term.out.String(), "EUR", "CHF", 1)
	require.NoError(t, os.WriteFile(path, []byte(mine), 0o600))
	term = newTerminal(t)
	require.Equal(t, 0, term.run(t.Context(), []string{"prices", "-prices", path}), term.err)
	assert.Equal(t, mine, term.out.String())

	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(mine, "0.03472", "-1", 1)), 0o600))
	term = newTerminal(t)
	require.Equal(t, command.ExitUsage, term.run(t.Context(), []string{"exec", "-prices", path, "--", "true"}))
	assert.Contains(t, term.err.String(), "the price of load-balancer is -1: it has to be from 0 to 999999")
	term = newTerminal(t)
	require.Equal(t, command.ExitUsage, term.run(t.Context(), []string{"serve", "-prices", path + ".gone"}))
	assert.Contains(t, term.err.String(), "cannot be read: no such file or directory")
}

func TestBillOfWhatWasLeftBehind(t *testing.T) {
	t.Parallel()
	cloud, err := fakecloud.Start(t.Context(), fakecloud.Config{Speed: 1e6})
	require.NoError(t, err)
	var text strings.Builder
	reportBill(&text, cloud)
	assert.Empty(t, text.String(), "nothing was used")
	_, err = cloud.CreatePool(t.Context(), fakecloud.Pool{Name: "web", Size: 2})
	require.NoError(t, err)
	require.NoError(t, cloud.Close())
	reportBill(&text, cloud)
	assert.Regexp(t, `^
fakecloud: in a real account this would have cost about:
[0-9.]+ EUR, an estimate by prices of 2025-08-22 \(from the vendor[^)]+\)
  disk +[0-9.]+ EUR +[0-9.e+]+ h
  ipv4 +[0-9.]+ EUR +[0-9.e+]+ h
  standard.micro +[0-9.]+ EUR +[0-9.e+]+ h
What was left would go on costing 0.0174 EUR an hour.
$`, text.String())
}
