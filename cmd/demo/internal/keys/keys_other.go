//go:build !linux

package keys

import (
	"context"
	"os"
)

// Supported reports whether keys can be read from a file: not on this system.
func Supported(*os.File) bool { return false }

// Run waits until ctx ends.
func Run(ctx context.Context, _ *os.File, _ func(key byte)) error {
	<-ctx.Done()
	return nil
}
