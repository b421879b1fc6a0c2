package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/prices"
)

// addPrices declares the price list.
func addPrices(set *settings.Set, into **prices.List) {
	settings.Add(set, into, settings.Spec{
		Flag: "prices", Default: "the built-in list",
		Help: "price list for the estimate of what all would have cost; fakecloud prices prints one to edit",
	}, settings.Kind[*prices.List]{
		Arg: "FILE", Remedy: "give a file like the one that this writes: fakecloud prices >prices.json", Parse: readPrices,
	})
}

// readPrices reads a price list.
func readPrices(path string) (*prices.List, error) {
	file, err := os.Open(path) //nolint:gosec // the user's own file
	if err != nil {
		return nil, unreadable(err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, prices.MaxText+1))
	if err != nil {
		return nil, unreadable(err)
	}
	list, err := prices.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("names a price list that cannot be used: %w", err)
	}
	return &list, nil
}

// unreadable says why a file cannot be read; the path is said already.
func unreadable(err error) error {
	if path := new(os.PathError); errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("cannot be read: %w", err)
}

// prices prints the price list in force. It needs no running instance.
func (p program) prices() *command.Command {
	list := new(prices.Default())
	set := p.newSet("prices", "fakecloud prices prints the price list, to be edited and given as -prices. All prices are for one hour.")
	addPrices(set, &list)
	return &command.Command{Set: set, Short: "print the price list of the estimates, to be edited", Run: func(context.Context) error {
		_, err := fmt.Fprintln(p.stdout, list)
		return err
	}}
}

// reportBill prints what a closed cloud would have cost, if anything.
func reportBill(to io.Writer, cloud *fakecloud.Cloud) {
	bill := cloud.Bill()
	text := bill.String()
	if text == "" {
		return
	}
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "\nfakecloud: in a real account this would have cost about:\n%s\n", strings.TrimSuffix(text, "\n"))
	_ = table.Flush() // as far as it is read
	if bill.PerHour > 0 {
		fmt.Fprintf(to, "What was left would go on costing %s an hour.\n", bill.Money(bill.PerHour))
	}
}
