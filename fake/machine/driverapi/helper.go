package driverapi

import (
	"context"
	"io"
	"net/netip"
)

// A HelperStarter is a driver whose machines boot, and which can boot one that is
// no instance: for what surrounds the account, like the host on which a
// user's containers run.
type HelperStarter interface {
	// StartHelper returns when the helper has executed its user-data; an
	// error says why it did not. There is at most one, and it ends with the
	// driver.
	StartHelper(ctx context.Context, userData []byte) (Helper, error)
}

// A Helper is a machine that no call of the API knows. It trusts and reaches what
// instances do, and is reached from the host only, on all ports.
type Helper interface {
	Address() netip.Addr
	// Run runs a command as root, and returns its exit code. When ctx ends,
	// the command and its children are killed.
	Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (exitCode int, err error)
}
