// Command promquery asks Prometheus for the load of a pool.
//
//	go run ./examples/promquery http://127.0.0.1:9090 'sum(rate(http_requests_total[1m]))'
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/exopool/exopool/promquery"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: promquery URL QUERY")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1], os.Args[2], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "promquery:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, url, query string, stdout io.Writer) error {
	client, err := promquery.New(promquery.Config{URL: url, Query: query, Timeout: 5 * time.Second})
	if err != nil {
		return err
	}
	value, _, err := client.Value(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%g\n", value)
	return nil
}
