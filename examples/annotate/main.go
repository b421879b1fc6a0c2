// Command annotate marks in Grafana's graphs that something happened.
//
//	GRAFANA_TOKEN=… go run ./examples/annotate http://127.0.0.1:3000 'a new version'
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/exopool/exopool/annotate"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: annotate URL TEXT, with the token of a service account in GRAFANA_TOKEN")
		os.Exit(2)
	}
	// Enough for one annotation; a server calls Run for as long as it runs.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := run(ctx, os.Args[1], os.Getenv("GRAFANA_TOKEN"), os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "annotate:", err)
	}
}

func run(ctx context.Context, url, token, text string) error {
	grafana, err := annotate.New(annotate.Config{URL: url, Token: token})
	if err != nil {
		return err
	}
	grafana.Add(annotate.Annotation{At: time.Now(), Text: text, Tags: []string{"deployment"}}) // never waits
	return grafana.Run(ctx)
}
