package main

import (
	"context"
	"flag"
	"fmt"
	"strconv"
	"strings"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/fakecloud/control"
)

// faults lists, adds or removes faults.
func (p program) faults(ctx context.Context, args []string) (int, error) {
	action, rest := "list", args
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		action, rest = args[0], args[1:]
	}
	switch action {
	case "list":
		return exitOK, p.listFaults(ctx, rest)
	case "add":
		return exitOK, p.addFault(ctx, rest)
	case "remove":
		return exitOK, p.removeFault(ctx, rest)
	case "clear":
		return exitOK, p.clearFaults(ctx, rest)
	}
	return exitOK, usageError{fmt.Errorf("unknown action %q: want list, add, remove or clear", action)}
}

// faultFlags returns the flags of an action.
func faultFlags(action string) *flag.FlagSet {
	return flag.NewFlagSet("faults "+action, flag.ContinueOnError)
}

func (p program) listFaults(ctx context.Context, args []string) error {
	c, err := p.running(ctx, faultFlags("list"), args)
	if err != nil {
		return err
	}
	active, err := c.Control().Faults(ctx)
	if err != nil {
		return err
	}
	table := p.table()
	fmt.Fprintln(table, "NUMBER\tFAULT\tOPERATION\tTIMES LEFT\tDURATION")
	for _, f := range active {
		left := "any"
		if f.Count > 0 {
			left = strconv.Itoa(f.Count)
		}
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\n", f.Number, f.Name, f.Operation, left, f.Duration)
	}
	return table.Flush()
}

func (p program) addFault(ctx context.Context, args []string) error {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return usageError{fmt.Errorf("no fault given: want fakecloud faults add NAME [flags], with NAME one of %s", strings.Join(exoapi.FaultNames(), ", "))}
	}
	f := control.Fault{Name: args[0]}
	flags := faultFlags("add")
	flags.StringVar(&f.Operation, "operation", exoapi.AnyOperation, "the `operation` of the API that fails, such as scale-instance-pool")
	flags.IntVar(&f.Count, "count", 0, "how `often` it fails; 0 means until the fault is removed")
	flags.IntVar(&f.Keep, "keep", 0, "`number` of entries that a partial list keeps")
	flags.DurationVar(&f.Duration, "duration", 0, "how `long`: of a latency, a Retry-After or a stuck operation")
	c, err := p.running(ctx, flags, args[1:])
	if err != nil {
		return err
	}
	number, err := c.Control().AddFault(ctx, f)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.stdout, number)
	return err
}

func (p program) removeFault(ctx context.Context, args []string) error {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return usageError{fmt.Errorf("no fault given: want fakecloud faults remove NUMBER, with a number from fakecloud faults list")}
	}
	number, err := strconv.Atoi(args[0])
	if err != nil {
		return usageError{fmt.Errorf("remove fault %q: want a number from fakecloud faults list", args[0])}
	}
	c, err := p.running(ctx, faultFlags("remove"), args[1:])
	if err != nil {
		return err
	}
	return c.Control().RemoveFault(ctx, number)
}

func (p program) clearFaults(ctx context.Context, args []string) error {
	c, err := p.running(ctx, faultFlags("clear"), args)
	if err != nil {
		return err
	}
	return c.Control().ClearFaults(ctx)
}
