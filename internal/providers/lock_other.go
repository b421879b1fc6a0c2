//go:build !unix

package providers

import "os"

// lockFile does nothing: the tests that need providers run on Unix.
func lockFile(*os.File) error { return nil }
