package replay_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/exopool/exopool/policy"
	"github.com/exopool/exopool/replay"
)

// Would a policy have carried last night's load, which doubled within half an hour?
func ExampleRun() {
	load := "seconds_from_start,requests_per_second\n0,100\n3600,100\n5400,200\n10800,200\n"
	trace, err := replay.ReadTrace("last night", strings.NewReader(load))
	if err != nil {
		panic(err)
	}
	cfg := replay.DefaultConfig()
	cfg.Peak = 10 // members that carry 200 requests per second
	for _, contender := range []replay.Contender{
		replay.Step(),
		{Name: "target", Policy: policy.Target{Tolerance: 0.1}, Signal: replay.Requests},
		replay.Clairvoyant(),
	} {
		result, err := replay.Run(context.Background(), trace, cfg, contender, nil)
		if err != nil {
			panic(err)
		}
		f := result.Figures
		fmt.Printf("%s: costs %.2f, lacks %.2f %%\n", result.Contender, f.CostRatio, f.UnderAccuracy)
	}
	// Output:
	// step: costs 1.14, lacks 0.59 %
	// target: costs 0.99, lacks 2.17 %
	// clairvoyant: costs 1.01, lacks 0.00 %
}
