package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/exopool/exopool/fake/exoapi"
)

// call asks the instance for something below its control path.
func (c contact) call(ctx context.Context, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, c.Base+controlPath+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	switch {
	case err != nil:
		return err
	case resp.StatusCode != http.StatusOK:
		return fmt.Errorf("%s", strings.TrimSpace(string(answer)))
	case out == nil:
		return nil
	}
	return json.Unmarshal(answer, out)
}

// running parses a command's flags and finds the instance it is about.
func (p program) running(ctx context.Context, flags *flag.FlagSet, args []string) (contact, error) {
	port := flags.Int("port", 0, "`port` of the instance, needed when several are running")
	if err := p.parse(flags, args, ""); err != nil {
		return contact{}, err
	}
	return p.find(ctx, *port)
}

// env prints the environment of a running instance. Without one it prints what
// makes an eval fail, and takes the real credentials out of the shell all the
// same: nobody looks at the exit code of a command in an eval.
func (p program) env(ctx context.Context, args []string) (int, error) {
	c, err := p.running(ctx, flag.NewFlagSet("env", flag.ContinueOnError), args)
	switch {
	case err == nil:
		_, err = fmt.Fprint(p.stdout, c.shell(p.environ))
	case !errors.Is(err, flag.ErrHelp):
		fmt.Fprint(p.stdout, unset(p.environ, changed(p.environ)...)+"false\n")
	}
	return exitOK, err
}

// calls prints how often which call was answered.
func (p program) calls(ctx context.Context, args []string) (int, error) {
	c, err := p.running(ctx, flag.NewFlagSet("calls", flag.ContinueOnError), args)
	if err != nil {
		return exitOK, err
	}
	var counted exoapi.Calls
	if err := c.call(ctx, http.MethodGet, "calls", nil, &counted); err != nil {
		return exitOK, err
	}
	table := p.table()
	for _, operation := range slices.Sorted(maps.Keys(counted.ByOperation)) {
		fmt.Fprintf(table, "%d\t%s\n", counted.ByOperation[operation], operation)
	}
	fmt.Fprintf(table, "%d\ttotal\n", counted.Total)
	return exitOK, table.Flush()
}

// faults lists, adds or removes faults.
func (p program) faults(ctx context.Context, args []string) (int, error) {
	action, rest := "list", args
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		action, rest = args[0], args[1:]
	}
	var f fault
	var operand string
	flags := flag.NewFlagSet("faults "+action, flag.ContinueOnError)
	switch action {
	case "list", "clear":
	case "add", "remove":
		if len(rest) == 0 || strings.HasPrefix(rest[0], "-") {
			return exitOK, usageError{fmt.Errorf("%s what? fakecloud faults add NAME [flags] or fakecloud faults remove NUMBER; names are %s",
				action, strings.Join(exoapi.FaultNames(), ", "))}
		}
		operand, rest = rest[0], rest[1:]
	default:
		return exitOK, usageError{fmt.Errorf("unknown action %q: want list, add, remove or clear", action)}
	}
	if action == "add" {
		f.Name = operand
		flags.StringVar(&f.Operation, "operation", exoapi.AnyOperation, "the call that is struck, such as `scale-instance-pool`")
		flags.IntVar(&f.Count, "count", 0, "how often it strikes; 0 means until removed")
		flags.IntVar(&f.Keep, "keep", 0, "how many entries a partial list has")
		flags.DurationVar(&f.Duration, "duration", 0, "how long: of a latency, a Retry-After or a stuck operation")
	}
	c, err := p.running(ctx, flags, rest)
	if err != nil {
		return exitOK, err
	}
	switch action {
	case "add":
		var number int
		if err := c.call(ctx, http.MethodPost, "faults", f, &number); err != nil {
			return exitOK, err
		}
		fmt.Fprintln(p.stdout, number)
	case "remove":
		number, err := strconv.Atoi(operand)
		if err != nil {
			return exitOK, usageError{fmt.Errorf("remove %q: want a number from the list", operand)}
		}
		return exitOK, c.call(ctx, http.MethodDelete, "faults/"+strconv.Itoa(number), nil, nil)
	case "clear":
		return exitOK, c.call(ctx, http.MethodDelete, "faults", nil, nil)
	default:
		return exitOK, p.listFaults(ctx, c)
	}
	return exitOK, nil
}

func (p program) listFaults(ctx context.Context, c contact) error {
	var active []fault
	if err := c.call(ctx, http.MethodGet, "faults", nil, &active); err != nil {
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

// routes prints which calls are emulated. It needs no running instance.
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
