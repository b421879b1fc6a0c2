package e2e_test

import (
	"testing"
	"time"

	"github.com/gruntwork-io/terratest/modules/terraform"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

// fastSpeed is the speed of clouds without processes that have to keep up.
const fastSpeed = 50

// Faults strike calls that make things, and those that wait for them.
func TestApplySurvivesFaultsOfTheAPI(t *testing.T) {
	tools := open(t)
	for name, faults := range map[string][]exoapi.Fault{
		"bursts of too many requests": {
			{Name: exoapi.FaultTooManyRequests, Count: 3},
			{Name: exoapi.FaultTooManyRequests, Operation: "create-instance-pool", Count: 2},
			{Name: exoapi.FaultTooManyRequests, Operation: "get-operation", Count: 3},
		},
		"bursts of server errors": {
			{Name: exoapi.FaultServerErrorBefore, Count: 3},
			{Name: exoapi.FaultServerErrorBefore, Operation: "create-load-balancer", Count: 2},
			{Name: exoapi.FaultServerErrorBefore, Operation: "get-operation", Count: 3},
		},
		"slow operations": {
			{Name: exoapi.FaultLatency, Count: 10, Duration: time.Second},
			{Name: exoapi.FaultOperationStuck, Operation: "create-instance-pool", Count: 1, Duration: 5 * time.Second},
			{Name: exoapi.FaultOperationStuck, Operation: "create-instance", Count: 1, Duration: 5 * time.Second},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t, fastSpeed, false)
			before := c.inventory(t)
			i := newInstallation(t, tools, c)
			for _, fault := range faults {
				_, err := c.Faults().Add(fault)
				require.NoError(t, err)
			}
			start := time.Now()
			terraform.Apply(t, i.options)
			t.Logf("one apply was enough, in %s", time.Since(start).Round(100*time.Millisecond))
			assert.Empty(t, c.Faults().List(), "all faults struck")
			i.unchanged(t)
			i.destroy(t, c, before)
		})
	}
}
