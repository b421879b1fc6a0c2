package main

import (
	"context"
	"io"

	"github.com/exopool/exopool/cmd/internal/settings/settingstest"
)

// parse reads the settings.
func parse(args []string, getenv func(string) string, out io.Writer) (config, error) {
	set, cfg := declare(getenv)
	err := settingstest.Parse(context.Background(), set, args, out)
	return *cfg, err
}
