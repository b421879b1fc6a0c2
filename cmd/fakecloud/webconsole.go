package main

import (
	"context"
	"fmt"

	"github.com/exopool/exopool/cmd/internal/command"
)

// console prints the address of the console.
func (p program) console() *command.Command {
	set := p.newSet("console", "fakecloud console prints the address of the page that shows the running instance, for a browser on this host.")
	instance := p.addInstance(set)
	return &command.Command{Set: set, Short: "print the address of its page, for a browser on this host", Run: func(ctx context.Context) error {
		c, err := instance.find(ctx)
		if err == nil {
			_, err = fmt.Fprintln(p.stdout, c.Console)
		}
		return err
	}}
}
