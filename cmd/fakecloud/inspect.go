package main

import (
	"context"
	"errors"
	"fmt"
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
