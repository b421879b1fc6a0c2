package loadgen_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/loadgen"
)

func TestServesUntilItsContextEnds(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	logged, log := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- loadgen.Serve(ctx, "127.0.0.1:0", time.Millisecond, slog.New(slog.NewTextHandler(log, nil)))
		log.Close()
	}()
	lines := bufio.NewScanner(logged)
	require.True(t, lines.Scan())
	address := regexp.MustCompile(`address=(\S+)`).FindStringSubmatch(lines.Text())
	require.Len(t, address, 2, lines.Text())
	resp, err := http.Get("http://" + address[1] + "/load")
	require.NoError(t, err)
	resp.Body.Close()
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	stop()
	require.True(t, lines.Scan())
	require.NoError(t, <-ended)
}

func TestProgramIsALoadGeneratorOnlyWhenToldSo(t *testing.T) {
	for _, args := range [][]string{{"fakecloud"}, {"fakecloud", "serve", loadgen.Argument}} {
		_, ok := loadgen.Run(t.Context(), args, io.Discard)
		assert.False(t, ok, args)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	_, ok := loadgen.Run(ctx, []string{"fakecloud", loadgen.Argument}, io.Discard)
	assert.True(t, ok)
}

func TestWhatCannotBeServedIsAnError(t *testing.T) {
	require.ErrorContains(t, loadgen.Serve(t.Context(), "127.0.0.1:0", 0, nil), "must be positive")
	require.ErrorContains(t, loadgen.Serve(t.Context(), "192.0.2.1:1", time.Second, nil), "serve on 192.0.2.1:1")
}
