package policy_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/replay"
)

// limits are what following a trace may cost, as a part of what a clairvoyant
// would spend, and how much of the load may find no member, in percent. They are a
// little above what was measured, with the same settings for all.
type limits struct{ cost, short float64 }

func requireFollows(t *testing.T, trace replay.Trace, limit limits) {
	t.Helper()
	follow, err := replay.Run(t.Context(), trace, replay.DefaultConfig(),
		replay.Contender{Name: "follow", Policy: newFollow(t), Signal: replay.Requests}, nil)
	require.NoError(t, err)
	f := follow.Figures
	t.Logf("%s: cost %.3f, θU %.2f %%, %.0f changes and %.0f reversals a day",
		trace.Name, f.CostRatio, f.UnderAccuracy, f.ChangesPerDay, f.ReversalsPerDay)
	assert.LessOrEqual(t, f.CostRatio, limit.cost, trace.Name)
	assert.LessOrEqual(t, f.UnderAccuracy, limit.short, trace.Name)
}

// TestFollowOnOtherTraces plays traces that do not come with exopool.
func TestFollowOnOtherTraces(t *testing.T) {
	t.Parallel()
	folder := filepath.Join("..", "..", "shared", "traces")
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("needs the traces in %s beside the repository: %v", folder, err)
	}
	for name, limit := range map[string]limits{
		"worldcup98-peak-day-1min":     {1.10, 0.30},
		"worldcup98-flash-day-1min":    {1.10, 0.14},
		"worldcup98-week-1min":         {1.10, 0.15},
		"ibm-transactions-1week-15min": {1.05, 0.10},
		"nasa-http-1995-jul-1min":      {1.35, 1.53},
		"nasa-http-1995-aug-1min":      {1.35, 1.42},
	} {
		file, err := os.Open(filepath.Join(folder, name+".csv"))
		require.NoError(t, err)
		trace, err := replay.ReadTrace(name, file)
		require.NoError(t, file.Close())
		require.NoError(t, err)
		requireFollows(t, trace, limit)
	}
}
