package main

import (
	"context"
	"os"

	"github.com/exopool/exopool/cmd/demo/internal/keys"
	"github.com/exopool/exopool/cmd/demo/internal/system"
)

// keysHelp says which keys there are.
const keysHelp = "keys: + one client more, - one fewer, 0 none, q ends the demo"

// readKeys lets the user drive the load with keys, and end the demo, until ctx
// ends.
func readKeys(ctx context.Context, terminal *os.File, sys *system.System, quit func()) error {
	return keys.Run(ctx, terminal, func(key byte) {
		switch key {
		case '+':
			sys.ChangeLoad(func(clients int) int { return clients + 1 })
		case '-':
			sys.ChangeLoad(func(clients int) int { return clients - 1 })
		case '0':
			sys.ChangeLoad(func(int) int { return 0 })
		case 'q':
			quit()
		}
	})
}
