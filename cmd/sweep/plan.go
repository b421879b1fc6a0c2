package main

import (
	"bufio"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/exopool/exopool/sweep"
)

func kept(states []string, known int) string {
	if len(states) == 0 {
		return "nothing, as no state was given"
	}
	return fmt.Sprintf("what %s lists (%d resources)", strings.Join(states, " and "), known)
}

// list prints what is left: first what is running and costs money, then the
// rest, each in the order of deletion.
func (p program) list(left []sweep.Resource) {
	running := slices.DeleteFunc(slices.Clone(left), func(t sweep.Resource) bool { return t.Running == "" })
	if len(running) > 0 {
		fmt.Fprintf(p.stdout, "Left and costing money, %d of %d:\n", len(running), len(left))
		for _, t := range running {
			fmt.Fprintf(p.stdout, "  %s (%s)\n", t, t.Running)
		}
		if len(running) < len(left) {
			fmt.Fprintln(p.stdout, "The rest:")
		}
	}
	for _, t := range left {
		if t.Running == "" {
			fmt.Fprintf(p.stdout, "  %s\n", t)
		}
	}
}

// confirm asks whether n resources are to be deleted.
func (p program) confirm(ctx context.Context, n int) (yes bool, err error) {
	fmt.Fprintf(p.stderr, "Delete these %d resources for good? Only \"yes\" deletes: ", n)
	answer := make(chan string, 1)
	go func() { // a read from a terminal ends only with its line, or with the program
		line, err := bufio.NewReader(p.stdin).ReadString('\n')
		if err != nil {
			line = "" // the end of the input is no answer
		}
		answer <- line
	}()
	select {
	case <-ctx.Done():
		return false, context.Cause(ctx)
	case line := <-answer:
		return strings.TrimSpace(line) == "yes", nil
	}
}
