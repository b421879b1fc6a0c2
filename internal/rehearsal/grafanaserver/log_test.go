package grafanaserver_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/rehearsal/grafanaserver"
)

func TestOnlyErrorsAboutTheFilesAreProblems(t *testing.T) {
	t.Parallel()
	log := strings.Join([]string{
		`{"level":"error","logger":"provisioning.dashboard","msg":"failed to save dashboard"}`,
		`{"level":"eror","logger":"provisioning.alerting","msg":"x"}`,
		`{"level":"error","logger":"ngalert.state.historian","msg":"Error getting dashboard for alert annotation"}`,
		`{"level":"error","logger":"ngalert.notifier","msg":"notify retry canceled"}`,
		`{"level":"info","logger":"provisioning.alerting","msg":"finished to provision alerting"}`,
		`{"level":"warn","logger":"datasources","msg":"y"}`,
		`Error: level=error provisioning, but no JSON`,
	}, "\n") + "\n"

	problems, tail, err := grafanaserver.ReadLog([]byte(log))

	require.NoError(t, err)
	assert.Len(t, problems, 2)
	assert.Equal(t, strings.TrimSuffix(log, "\n"), tail)
}

// How a log is cut into parts changes nothing, and nothing is ever refused.
func FuzzLog(f *testing.F) {
	f.Add([]byte(`{"level":"error","logger":"provisioning","msg":"a","error":{"b":1}}`+"\nplain\n"), 7)
	f.Add([]byte("\n\n\xff{"), 1)
	f.Fuzz(func(t *testing.T, log []byte, cut int) {
		cut = min(max(cut, 0), len(log))
		whole, wholeTail, err := grafanaserver.ReadLog(log)
		require.NoError(t, err)
		parts, partsTail, err := grafanaserver.ReadLog(bytes.Clone(log[:cut]), bytes.Clone(log[cut:]))
		require.NoError(t, err)
		assert.Equal(t, whole, parts)
		assert.Equal(t, wholeTail, partsTail)
	})
}
