// Command replay compares two ways to scale on a load that doubles within half an
// hour: what each costs, against a clairvoyant, and how much was missing.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/exopool/exopool/policy"
	"github.com/exopool/exopool/replay"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "replay:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	trace, err := replay.ReadTrace("last night", strings.NewReader(
		"seconds_from_start,requests_per_second\n0,100\n3600,100\n5400,200\n10800,200\n"))
	if err != nil {
		return err
	}
	cfg := replay.DefaultConfig()
	cfg.Peak = 10 // members that carry 200 requests per second
	for _, contender := range []replay.Contender{
		replay.Step(),
		{Name: "target", Policy: policy.Target{Tolerance: 0.1}, Signal: replay.Requests},
	} {
		result, err := replay.Run(ctx, trace, cfg, contender, nil)
		if err != nil {
			return err
		}
		fmt.Printf("%s: costs %.2f, lacks %.2f %%\n", result.Contender, result.Figures.CostRatio, result.Figures.UnderAccuracy)
	}
	return nil
}
