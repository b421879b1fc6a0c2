// Command annotate marks in Grafana's graphs that something happened.
//
//	GRAFANA_TOKEN=… go run ./examples/annotate http://127.0.0.1:3000 'a new version'
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/exopool/exopool/annotate"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: annotate URL TEXT, with the token of a service account in GRAFANA_TOKEN")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1], os.Getenv("GRAFANA_TOKEN"), os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "annotate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, url, token, text string) error {
	// Enough for one annotation; a server calls Run for as long as it runs.
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	// What Grafana does not take is logged, and no error of Run.
	grafana, err := annotate.New(annotate.Config{URL: url, Token: token, Logger: slog.Default()})
	if err != nil {
		return err
	}
	grafana.Add(annotate.Annotation{At: time.Now(), Text: text, Tags: []string{"deployment"}}) // never waits
	return grafana.Run(ctx)
}
