package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func noEnv(string) string { return "" }

func TestServesUntilAskedToStopAndEndsWithZero(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	logged, stderr := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"-listen", "127.0.0.1:0", "-duration", "20ms"}, noEnv, io.Discard, stderr)
		stderr.Close()
	}()
	lines := bufio.NewScanner(logged)
	require.True(t, lines.Scan())
	address := regexp.MustCompile(`address=(\S+)`).FindStringSubmatch(lines.Text())
	require.Len(t, address, 2, lines.Text())
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		for lines.Scan() {
		}
	}()

	for path, body := range map[string]string{"/health": "OK", "/load": "load served\n"} {
		resp, err := http.Get("http://" + address[1] + path)
		require.NoError(t, err)
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		require.NoError(t, err)
		assert.Equal(t, http.StatusOK, resp.StatusCode)
		assert.Equal(t, body, string(got))
	}
	check := []string{"healthcheck", "-listen", address[1]}
	assert.Zero(t, run(t.Context(), check, noEnv, io.Discard, io.Discard))
	stop()
	assert.Zero(t, <-code)
	<-drained
	assert.Equal(t, 1, run(t.Context(), check, noEnv, io.Discard, io.Discard))
	assert.Equal(t, 2, run(t.Context(), []string{"healthcheck", "-nope"}, noEnv, io.Discard, io.Discard))
}

func TestSettingsComeFromFlagsThenEnvironment(t *testing.T) {
	env := func(name string) string { return map[string]string{"PORT": "9999"}[name] }
	for _, c := range []struct {
		name   string
		args   []string
		env    func(string) string
		listen string
	}{
		{"default", nil, noEnv, ":8080"},
		{"PORT", nil, env, ":9999"},
		{"flag wins", []string{"-listen", ":1"}, env, ":1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := parse(c.args, c.env, io.Discard)
			require.NoError(t, err)
			assert.Equal(t, c.listen, s.listen)
		})
	}
}

func TestWrongSettingsEndWithTwoAndSayWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-duration", "0s"}, `-duration is "0s"`},
		{[]string{"-listen", "8080"}, `-listen is "8080"`},
		{[]string{"8080"}, `unknown command "8080"`},
		{[]string{"-listen", ""}, `-listen is ""`},
		{[]string{"-nope"}, "-nope"},
	} {
		var stderr strings.Builder
		assert.Equal(t, 2, run(t.Context(), c.args, noEnv, io.Discard, &stderr))
		assert.Contains(t, stderr.String(), c.want)
	}
}

func TestHelpListsTheFlags(t *testing.T) {
	var stdout strings.Builder
	assert.Zero(t, run(t.Context(), []string{"-h"}, noEnv, &stdout, io.Discard))
	assert.Contains(t, stdout.String(), "-duration")
	assert.Contains(t, stdout.String(), "-listen")
}

func TestAPortInUseIsReported(t *testing.T) {
	var stderr strings.Builder
	assert.Equal(t, 1, run(t.Context(), []string{"-listen", "192.0.2.1:80"}, noEnv, io.Discard, &stderr))
	assert.Contains(t, stderr.String(), "serve on 192.0.2.1:80")
}
