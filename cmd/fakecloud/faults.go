package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/fakecloud/control"
)

// Limits of what a fault can need.
const (
	maxCount    = 1000000
	maxDuration = 1000 * time.Hour
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
	return exitOK, usageError("fakecloud faults", fmt.Sprintf("has the unknown action %q", action), "give list, add, remove or clear")
}

// faultSet returns the settings of an action.
func (p program) faultSet(action, summary string) *settings.Set {
	set := p.newSet("faults "+action, "fakecloud faults "+action+" "+summary)
	set.Note("Actions: fakecloud faults list, add, remove and clear.")
	return set
}

// operand returns the argument that an action begins with, and the others.
func operand(args []string) (first string, others []string, ok bool) {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return "", args, false
	}
	return args[0], args[1:], true
}

func (p program) listFaults(ctx context.Context, args []string) error {
	c, err := p.running(ctx, p.faultSet("list", "lists the faults of the running instance."), args)
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
	name, args, ok := operand(args)
	f := control.Fault{Name: name, Operation: exoapi.AnyOperation}
	set := p.faultSet("add", "adds a fault to the running instance, and prints its number:\nfakecloud faults add NAME [flags]")
	set.Note("Names: " + strings.Join(exoapi.FaultNames(), ", ") + ".")
	settings.Add(set, &f.Operation, settings.Spec{
		Flag: "operation", Default: "every operation", Help: "operation of the API that fails, such as scale-instance-pool",
	}, settings.Text("NAME", nil))
	settings.Add(set, &f.Count, settings.Spec{
		Flag: "count", Help: "how often it fails; 0 means until the fault is removed",
	}, settings.Int(0, maxCount))
	settings.Add(set, &f.Keep, settings.Spec{
		Flag: "keep", Help: "number of entries that a partial list keeps",
	}, settings.Int(0, maxCount))
	settings.Add(set, &f.Duration, settings.Spec{
		Flag: "duration", Help: "how long: of a latency, a Retry-After, a stuck operation or a load balancer that is late",
	}, settings.Duration(0, maxDuration))
	set.Check(func() {
		if !ok {
			set.Wrong("command line", "has no fault", "give a name before the flags, one of "+strings.Join(exoapi.FaultNames(), ", "))
		}
	})
	c, err := p.running(ctx, set, args)
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
	text, args, _ := operand(args)
	number, err := strconv.Atoi(text)
	set := p.faultSet("remove", "removes a fault from the running instance:\nfakecloud faults remove NUMBER [flags]")
	set.Check(func() {
		if err != nil {
			set.Wrong("command line", fmt.Sprintf("has %q for a fault", text), "give a number before the flags, one from fakecloud faults list")
		}
	})
	c, err := p.running(ctx, set, args)
	if err != nil {
		return err
	}
	return c.Control().RemoveFault(ctx, number)
}

func (p program) clearFaults(ctx context.Context, args []string) error {
	c, err := p.running(ctx, p.faultSet("clear", "removes all faults from the running instance."), args)
	if err != nil {
		return err
	}
	return c.Control().ClearFaults(ctx)
}
