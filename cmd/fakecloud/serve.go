package main

import (
	"context"
	"flag"
	"fmt"
)

// serve answers until a signal comes.
func (p program) serve(ctx context.Context, args []string) (int, error) {
	s := settings{talkative: true}
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.StringVar(&s.listen, "listen", "127.0.0.1:8929", "loopback `address` to serve on; port 0 means any free one")
	s.declare(flags)
	if err := p.parse(flags, args, ""); err != nil {
		return exitOK, err
	}
	if err := s.validate(); err != nil {
		return exitOK, err
	}
	in, err := p.start(ctx, s)
	if err != nil {
		return exitOK, err
	}
	defer in.close()
	remove, err := p.leave(in.contact)
	if err != nil {
		fmt.Fprintf(p.stderr, "fakecloud serve: the commands env, faults and calls will not find this instance: %v\n", err)
	} else {
		defer remove()
	}
	fmt.Fprintf(p.stdout, `%s
# The fake cloud answers on %s, with %s machines.
# It answers for all hosts of Exoscale too, whoever asks by way of the proxy.
# Other shells:   eval "$(fakecloud env)"
# One command:    fakecloud exec -- COMMAND   (an instance of its own)
# Make it fail:   fakecloud faults add too-many-requests -count 3
# Stop with Ctrl-C; nothing stays behind.
`, in.contact.shell(p.environ), in.contact.Base, s.machines)
	select {
	case <-p.signals:
		return exitOK, nil
	case <-ctx.Done():
		return exitOK, nil
	case err := <-in.failed:
		return exitOK, err
	}
}
