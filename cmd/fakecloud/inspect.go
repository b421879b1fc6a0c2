package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"

	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/fakecloud"
)

// running parses the arguments of a command about a running instance, and finds
// the instance.
func (p program) running(ctx context.Context, set *settings.Set, args []string) (fakecloud.Connection, error) {
	var port int
	setting := settings.Add(set, &port, settings.Spec{
		Flag: "port", Default: "that of the only instance", Help: "port of the instance, needed when several are running", Remedy: "give the port of one",
	}, settings.Port())
	set.ExitCodes = "0 on success, 1 on a failure, 2 when a setting is wrong."
	if err := set.Parse(args, p.stdout); err != nil {
		return fakecloud.Connection{}, err
	}
	c, err := p.find(ctx, port)
	var several severalError
	if errors.As(err, &several) {
		return c, setting.NewError("is missing, and " + several.Error())
	}
	return c, err
}

// calls prints how often each operation was called.
func (p program) calls(ctx context.Context, args []string) (int, error) {
	c, err := p.running(ctx, p.newSet("calls", "fakecloud calls prints how often each operation of the running instance was called."), args)
	if err != nil {
		return exitOK, err
	}
	counted, err := c.Control().Calls(ctx)
	if err != nil {
		return exitOK, err
	}
	table := p.table()
	for _, operation := range slices.Sorted(maps.Keys(counted.ByOperation)) {
		fmt.Fprintf(table, "%d\t%s\n", counted.ByOperation[operation], operation)
	}
	fmt.Fprintf(table, "%d\ttotal\n", counted.Total)
	return exitOK, table.Flush()
}

// routes prints which operations are emulated. It needs no running instance.
func (p program) routes(_ context.Context, args []string) (int, error) {
	set := p.newSet("routes", "fakecloud routes lists the operations of the API, and which of them are emulated.")
	set.ExitCodes = "0 on success, 1 on a failure, 2 when a setting is wrong."
	if err := set.Parse(args, p.stdout); err != nil {
		return exitOK, err
	}
	cloud, err := exoapi.New(exoapi.Config{})
	if err != nil {
		return exitOK, err
	}
	defer cloud.Close()
	table := p.table()
	fmt.Fprintln(table, "METHOD\tPATH\tOPERATION\tEMULATED")
	for _, r := range cloud.Routes() {
		emulated := "yes"
		if !r.Emulated {
			emulated = "no (501)"
		}
		fmt.Fprintf(table, "%s\t/v2%s\t%s\t%s\n", r.Method, r.Path, r.OperationID, emulated)
	}
	return exitOK, table.Flush()
}

func (p program) table() *tabwriter.Writer { return tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0) }
