package main

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/exopool/exopool/cmd/internal/command"
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
func (p program) faults() *command.Command {
	set := p.newSet("faults", "fakecloud faults lists, adds or removes faults of the running instance: what makes its API fail.")
	set.Example("fakecloud faults add too-many-requests -count 3")
	list := p.listFaults()
	return &command.Command{
		Set: set, Short: "list, add or remove faults of the running cloud", Default: list,
		Commands: []*command.Command{list, p.addFault(), p.removeFault(), p.clearFaults()},
	}
}

// faultAction returns a command that acts on the faults of the running instance,
// and whose settings declare has declared.
func (p program) faultAction(set *settings.Set, short string, act func(context.Context, *control.Client) error) *command.Command {
	instance := p.addInstance(set)
	return &command.Command{Set: set, Short: short, Run: func(ctx context.Context) error {
		c, err := instance.find(ctx)
		if err != nil {
			return err
		}
		return act(ctx, c.Control())
	}}
}

func (p program) listFaults() *command.Command {
	set := p.newSet("faults list", "fakecloud faults list lists the faults of the running instance.")
	inJSON := command.AddJSON(set)
	return p.faultAction(set, "list them", func(ctx context.Context, instance *control.Client) error {
		active, err := instance.Faults(ctx)
		if err != nil {
			return err
		}
		if *inJSON {
			return command.WriteJSON(p.stdout, append([]control.Fault{}, active...)) // a list, also of none
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
	})
}

func (p program) addFault() *command.Command {
	f := &control.Fault{Operation: exoapi.AnyOperation}
	set := p.newSet("faults add", "fakecloud faults add adds a fault to the running instance, and prints its number.")
	settings.AddOperand(set, &f.Name, settings.Spec{
		Arg: "NAME", Required: true, Help: "what happens: " + strings.Join(exoapi.FaultNames(), ", "),
	}, settings.OneOf("NAME", exoapi.FaultNames()...))
	operations := settings.Text("NAME", nil)
	operations.Values = operationNames
	settings.Add(set, &f.Operation, settings.Spec{
		Flag: "operation", Default: "every operation", Help: "operation of the API that fails, such as scale-instance-pool",
	}, operations)
	settings.Add(set, &f.Count, settings.Spec{
		Flag: "count", Help: "how often it fails; 0 means until the fault is removed",
	}, settings.Int(0, maxCount))
	settings.Add(set, &f.Keep, settings.Spec{
		Flag: "keep", Help: "number of entries that a partial list keeps",
	}, settings.Int(0, maxCount))
	settings.Add(set, &f.Duration, settings.Spec{
		Flag: "duration", Help: "how long: of a latency, a Retry-After, a stuck operation or a load balancer that is late",
	}, settings.Duration(0, maxDuration))
	return p.faultAction(set, "add one, and print its number", func(ctx context.Context, instance *control.Client) error {
		number, err := instance.AddFault(ctx, *f)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(p.stdout, number)
		return err
	})
}

func (p program) removeFault() *command.Command {
	number := 0
	set := p.newSet("faults remove", "fakecloud faults remove removes a fault from the running instance.")
	settings.AddOperand(set, &number, settings.Spec{
		Help: "number of the fault, as fakecloud faults list prints it", Required: true, Remedy: "give a number that fakecloud faults list prints",
	}, settings.Int(0, math.MaxInt))
	return p.faultAction(set, "remove one", func(ctx context.Context, instance *control.Client) error {
		return instance.RemoveFault(ctx, number)
	})
}

func (p program) clearFaults() *command.Command {
	set := p.newSet("faults clear", "fakecloud faults clear removes all faults from the running instance.")
	return p.faultAction(set, "remove all", func(ctx context.Context, instance *control.Client) error {
		return instance.ClearFaults(ctx)
	})
}
