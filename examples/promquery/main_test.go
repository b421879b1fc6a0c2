package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPrintsTheLoad(t *testing.T) {
	t.Parallel()
	prometheus := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[%d,"42.5"]}]}}`, time.Now().Unix())
	}))
	t.Cleanup(prometheus.Close)
	var said strings.Builder

	require.NoError(t, run(t.Context(), prometheus.URL, "sum(rate(http_requests_total[1m]))", &said))

	assert.Equal(t, "42.5\n", said.String())
}
