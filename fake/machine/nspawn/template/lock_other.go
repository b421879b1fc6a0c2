//go:build !linux

package template

import (
	"context"
	"errors"
	"log/slog"
)

func lock(context.Context, string, *slog.Logger) (unlock func(), err error) {
	return nil, errors.New("templates can be built on Linux only")
}
