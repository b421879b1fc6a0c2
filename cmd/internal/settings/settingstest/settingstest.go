// Package settingstest helps to test the settings of programs.
package settingstest

import (
	"context"
	"io"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/cmd/internal/settings"
)

// PoolID is the pool of [Course].
const PoolID = "c19542b7-d269-4bd4-bf7c-2cae36d066d3"

// Env is a whole environment; what it does not hold is not set.
type Env map[string]string

// Get returns the value of a variable.
func (e Env) Get(name string) string { return e[name] }

// With returns the environment with changes.
func (e Env) With(changes Env) Env {
	with := Env{}
	maps.Copy(with, e)
	maps.Copy(with, changes)
	return with
}

// Course returns the environment that the course's checker sets.
func Course() Env {
	return Env{
		"EXOSCALE_KEY": "EXOkey", "EXOSCALE_SECRET": "hush", "EXOSCALE_ZONE": "at-vie-1",
		"EXOSCALE_ZONE_ID": "4da1b188-dcd6-4ff5-b7fd-bde984055548", "EXOSCALE_INSTANCEPOOL_ID": PoolID,
	}
}

// Parse fills the settings of a program from a command line, as package command
// does, and prints help to out.
func Parse(ctx context.Context, set *settings.Set, args []string, out io.Writer) error {
	program := command.Command{Set: set, Run: func(context.Context) error { return nil }}
	_, err := program.Parse(ctx, args, out)
	return err
}

// Errors returns what an error of settings lists.
func Errors(tb testing.TB, err error) []settings.SettingError {
	tb.Helper()
	var list *settings.Error
	require.ErrorAs(tb, err, &list)
	return list.Settings
}

// Image returns the environment that the Dockerfile, at path, gives a program.
func Image(tb testing.TB, path, program string) Env {
	tb.Helper()
	dockerfile, err := os.ReadFile(path) //nolint:gosec // named by a test
	require.NoError(tb, err)
	_, stage, found := strings.Cut(string(dockerfile), "\nFROM scratch AS "+program+"\n")
	require.True(tb, found)
	stage, _, _ = strings.Cut(stage, "\nFROM ")
	all := Env{}
	for line := range strings.Lines(stage) {
		if name, value, ok := strings.Cut(strings.TrimPrefix(line, "ENV "), "="); ok && strings.HasPrefix(line, "ENV ") {
			all[name] = strings.TrimSpace(value)
		}
	}
	return all
}
