package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/fakecloud/control"
)

// calls prints how often each operation was called, or each call as it comes.
func (p program) calls() *command.Command {
	var follow bool
	set := p.newSet("calls", "fakecloud calls prints how often each operation of the running instance was called, and by which clients.")
	settings.Add(set, &follow, settings.Spec{
		Flag: "f", Help: "print each call and its answer instead, the latest ones and those to come, until interrupted; with the fields that " +
			"nobody read, and the assumptions that the answer rests on",
	}, settings.Bool())
	inJSON := command.AddJSON(set)
	instance := p.addInstance(set)
	return &command.Command{
		Set: set, Short: "count the calls to the running cloud, or follow them with -f",
		Run: func(ctx context.Context) error {
			c, err := instance.find(ctx)
			switch {
			case err != nil:
				return err
			case follow:
				return p.follow(ctx, c.Control(), *inJSON)
			}
			return p.countCalls(ctx, c.Control(), *inJSON)
		},
	}
}

// callCounts are [exoapi.Calls] in JSON, as in the control API.
type callCounts struct {
	Total       int                       `json:"total"`
	ByOperation map[string]int            `json:"by_operation"`
	ByClient    map[string]map[string]int `json:"by_client"`
}

// countCalls prints how often each operation was called.
func (p program) countCalls(ctx context.Context, instance *control.Client, inJSON bool) error {
	counted, err := instance.Calls(ctx)
	if err != nil {
		return err
	}
	if inJSON {
		return command.WriteJSON(p.stdout, callCounts(counted))
	}
	table := p.table()
	for _, operation := range slices.Sorted(maps.Keys(counted.ByOperation)) {
		fmt.Fprintf(table, "%d\t%s\t%s\n", counted.ByOperation[operation], operation, strings.Join(callersOf(operation, counted), " "))
	}
	fmt.Fprintf(table, "%d\ttotal\n", counted.Total)
	return table.Flush()
}

// callersOf returns the clients that called an operation, by the names that they
// give themselves.
func callersOf(operation string, counted exoapi.Calls) []string {
	var names []string
	for client, operations := range counted.ByClient {
		if operations[operation] > 0 {
			names = append(names, client)
		}
	}
	slices.Sort(names)
	return names
}

// follow prints calls until a signal comes, which is no failure, or until the
// instance is gone.
func (p program) follow(ctx context.Context, instance *control.Client, inJSON bool) error {
	write := printExchange
	if inJSON {
		write = func(w io.Writer, x exoapi.Exchange) error { return json.NewEncoder(w).Encode(x) }
	}
	ctx, stop := p.untilSignal(ctx)
	defer stop()
	for last := 0; ; {
		list, err := instance.Exchanges(ctx, last)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return fmt.Errorf("the instance has stopped answering: %w", err)
		}
		for _, x := range list {
			if x.Number > last+1 && last > 0 && !inJSON {
				fmt.Fprintf(p.stdout, "… %d calls were too many to keep\n", x.Number-last-1)
			}
			if last = x.Number; write(p.stdout, x) != nil {
				return errors.New("the output cannot be written")
			}
		}
	}
}

// printExchange prints a call in one line, and below it what is remarkable.
func printExchange(w io.Writer, x exoapi.Exchange) error {
	var b strings.Builder
	path := x.Path
	if x.Query != "" {
		path += "?" + printable(x.Query)
	}
	status := "no answer"
	if x.Status != 0 {
		status = fmt.Sprint(x.Status)
	}
	fmt.Fprintf(&b, "%s %s %s %s", x.Time.Local().Format(time.TimeOnly), status, x.Method, path)
	if x.Operation != "" {
		fmt.Fprintf(&b, " (%s)", x.Operation)
	}
	fmt.Fprintf(&b, " %s\n", x.Duration.Round(10*time.Microsecond))
	for _, line := range [][2]string{
		{"refused", x.Refusal}, {"nobody read", strings.Join(x.Unread, ", ")}, {"request", x.Request}, {"answer", x.Answer},
	} {
		if line[1] != "" {
			fmt.Fprintf(&b, "    %s: %s\n", line[0], printable(line[1]))
		}
	}
	for _, assumption := range x.Assumptions {
		fmt.Fprintf(&b, "    assumed: %s\n", assumption)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// printable returns what a client sent without what a terminal would obey.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
