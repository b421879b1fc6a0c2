//go:build !linux

package unshare

import (
	"errors"
	"runtime"
)

// Start fails: only Linux has the namespaces for it.
func Start(Spec) (*Process, error) {
	return nil, errors.New("processes cannot be enclosed on " + runtime.GOOS + ", only on Linux")
}
