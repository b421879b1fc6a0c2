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
		switch {
		case err != nil:
			return err
		case c.Console == "":
			return fmt.Errorf("the cloud of exec on %s tells nobody where its page is: use fakecloud shell or serve", c.URL)
		}
		_, err = fmt.Fprintln(p.stdout, c.Console)
		return err
	}}
}
