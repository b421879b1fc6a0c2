package main

import (
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/settings/settingstest"
	"github.com/exopool/exopool/fake/exoapi"
)

func TestRemovalIsTheWorstCaseUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		want exoapi.Removal
	}{
		"nothing said": {nil, exoapi.Removal{BalancerAttempts: 1}},
		"said":         {[]string{"-balancer-delay", "until-unhealthy", "-grace", "0s"}, exoapi.Removal{BalancerAttempts: 1}},
		"lenient": {
			[]string{"-grace", "5s", "-balancer-delay", "0s", "-balancer-attempts", "10"}, exoapi.LenientRemoval(),
		},
		"a delay": {[]string{"-balancer-delay", "30s"}, exoapi.Removal{BalancerDelay: 30 * time.Second, BalancerAttempts: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var cfg config
			set := newTerminal(t).newSet("test", "")
			addCloud(set, &cfg, "")
			require.NoError(t, settingstest.Parse(t.Context(), set, test.args, io.Discard))
			assert.Equal(t, test.want, cfg.Removal)
		})
	}
}
