package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/fakecloud"
)

// An instanceFlag finds the running instance that a command is about.
type instanceFlag struct {
	p       program
	port    int
	setting *settings.Setting
}

// addInstance declares which running instance a command is about.
func (p program) addInstance(set *settings.Set) *instanceFlag {
	flag := &instanceFlag{p: p}
	port := settings.Port()
	port.Values = p.runningPorts
	flag.setting = settings.Add(set, &flag.port, settings.Spec{
		Flag: "port", Default: "that of FAKECLOUD_URL, or of the only instance", Help: "port of the instance, needed when several are running and the environment names none", Remedy: "give the port of one",
	}, port)
	return flag
}

// find returns the instance.
func (f *instanceFlag) find(ctx context.Context) (fakecloud.Connection, error) {
	c, err := f.p.find(ctx, f.port)
	var several severalError
	if errors.As(err, &several) {
		return c, f.setting.NewError("is missing, and " + several.Error())
	}
	return c, err
}

// routes prints which operations are emulated. It needs no running instance.
func (p program) routes() *command.Command {
	set := p.newSet("routes", "fakecloud routes lists the operations of the API, and which of them are emulated.")
	inJSON := command.AddJSON(set)
	return &command.Command{
		Set: set, Short: "list the operations of the API, and which of them are emulated",
		Run: func(context.Context) error { return p.listRoutes(*inJSON) },
	}
}

// A routeEntry is an operation in JSON.
type routeEntry struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Operation string `json:"operation"`
	Emulated  bool   `json:"emulated"`
}

func (p program) listRoutes(inJSON bool) error {
	cloud, err := exoapi.New(exoapi.Config{})
	if err != nil {
		return err
	}
	defer cloud.Close()
	if inJSON {
		entries := []routeEntry{}
		for _, r := range cloud.Routes() {
			entries = append(entries, routeEntry{r.Method, "/v2" + r.Path, r.OperationID, r.Emulated})
		}
		return command.WriteJSON(p.stdout, entries)
	}
	table := p.table()
	fmt.Fprintln(table, "METHOD\tPATH\tOPERATION\tEMULATED")
	for _, r := range cloud.Routes() {
		emulated := "yes"
		if !r.Emulated {
			emulated = "no (501)"
		}
		fmt.Fprintf(table, "%s\t/v2%s\t%s\t%s\n", r.Method, r.Path, r.OperationID, emulated)
	}
	return table.Flush()
}

func (p program) table() *tabwriter.Writer { return tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0) }
