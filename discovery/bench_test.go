package discovery_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkRunOnce is one refresh that finds nothing new: what the program
// does nearly always. Calls stay at one; time and memory grow linearly.
func BenchmarkRunOnce(b *testing.B) {
	for _, labels := range []bool{false, true} {
		for _, members := range []int{10, 100, 1_000, 10_000} {
			b.Run(fmt.Sprintf("labels=%t/members=%d", labels, members), func(b *testing.B) {
				c := newCloud()
				addrs := make([]string, members)
				for i := range addrs {
					addrs[i] = fmt.Sprintf("10.%d.%d.%d", i/62500, i/250%250, 1+i%250)
				}
				c.grow("web", addrs...)
				cfg := config(b, c)
				cfg.Labels = labels
				agent := newAgent(b, cfg)
				require.NoError(b, agent.RunOnce(b.Context()))
				clear(c.calls)
				b.ReportAllocs()
				for b.Loop() {
					require.NoError(b, agent.RunOnce(b.Context()))
				}
				b.ReportMetric(float64(c.count("Instances"))/float64(b.N), "list-calls/op")
				b.ReportMetric(float64(c.count("Instances")+c.count("Pool"))/float64(b.N), "calls/op")
			})
		}
	}
}
