package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/fakecloud"
)

// running parses a command's flags and finds the instance it is about.
func (p program) running(ctx context.Context, flags *flag.FlagSet, args []string) (fakecloud.Connection, error) {
	port := flags.Int("port", 0, "`port` of the instance, needed when several are running")
	if err := p.parse(flags, args, ""); err != nil {
		return fakecloud.Connection{}, err
	}
	return p.find(ctx, *port)
}

// env prints the environment of a running instance. Without one it prints
// commands that make an eval fail and still take the real credentials out of
// the shell: the exit code of a command inside an eval is lost.
func (p program) env(ctx context.Context, args []string) (int, error) {
	c, err := p.running(ctx, flag.NewFlagSet("env", flag.ContinueOnError), args)
	switch {
	case err == nil:
		_, err = fmt.Fprint(p.stdout, c.ShellCommands(p.environ))
	case !errors.Is(err, flag.ErrHelp):
		fmt.Fprint(p.stdout, fakecloud.UnsetCommand(p.environ)+"false\n")
	}
	return exitOK, err
}

// calls prints how often each operation was called.
func (p program) calls(ctx context.Context, args []string) (int, error) {
	c, err := p.running(ctx, flag.NewFlagSet("calls", flag.ContinueOnError), args)
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
	if err := p.parse(flag.NewFlagSet("routes", flag.ContinueOnError), args, ""); err != nil {
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
