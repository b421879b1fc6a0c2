package main

import (
	"context"
	"fmt"
)

// console prints the address of the console.
func (p program) console(ctx context.Context, args []string) (int, error) {
	c, err := p.running(ctx, p.newSet("console", "fakecloud console prints the address of the page that shows the running instance, for a browser on this host."), args)
	if err == nil {
		_, err = fmt.Fprintln(p.stdout, c.Console)
	}
	return exitOK, err
}
