package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/cmd/internal/settings/settingstest"
	"github.com/exopool/exopool/discovery"
	"github.com/exopool/exopool/exoscale"
)

var update = flag.Bool("update", false, "write the table of the settings into the documentation")

func TestSettingsAreDocumented(t *testing.T) {
	t.Parallel()
	set, _ := declare(settingstest.Env{}.Get)
	settingstest.MatchDocs(t, "../../docs/configuration.md", "discovery", set, *update)
}

func TestCourseVariablesAreEnough(t *testing.T) {
	t.Parallel()
	cfg, err := parse(nil, settingstest.Course().With(settingstest.Env{"TARGET_PORT": "9200"}).Get, io.Discard)
	require.NoError(t, err)
	assert.Contains(t, cfg.API.Remedies.PoolNotFound, "--zone at-vie-1")
	cfg.API.Remedies = exoscale.Remedies{}
	assert.Equal(t, exoscale.Config{Key: "EXOkey", Secret: "hush", Zone: "at-vie-1", ReadOnly: true}, cfg.API)
	assert.Equal(t, discovery.Config{
		Pools: []string{settingstest.PoolID}, Zone: "at-vie-1", File: "/srv/service-discovery/config.json", Port: 9200,
		Interval: 10 * time.Second, Timeout: 30 * time.Second, MaxAge: 2 * time.Minute, ForgetAfter: 15 * time.Minute,
	}, cfg.Agent)
	assert.Equal(t, settings.Logging{Format: "text", Level: slog.LevelInfo}, cfg.Logging)
	assert.Equal(t, "127.0.0.1:8091", cfg.Listen)
	assert.Empty(t, cfg.Warnings)
}

func TestFlagWinsOverEnvironmentAndEnvironmentOverDefault(t *testing.T) {
	t.Parallel()
	env := settingstest.Course().With(settingstest.Env{"TARGET_PORT": "9200", "DISCOVERY_LISTEN": ":1", "DISCOVERY_LABELS": "true", "DISCOVERY_MEMBER_METRICS": "true"})
	cfg, err := parse([]string{"-port", "9300", "-zone=de-fra-1", "-listen="}, env.Get, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, 9300, cfg.Agent.Port)
	assert.Equal(t, "de-fra-1", cfg.API.Zone)
	assert.Equal(t, "de-fra-1", cfg.Agent.Zone)
	assert.Empty(t, cfg.Listen, "an empty flag overrides the variable")
	assert.True(t, cfg.Agent.Labels)
	assert.True(t, cfg.Agent.MemberMetrics)

	cfg, err = parse([]string{"-target-port=9400", "-labels=false", "-member-metrics=false"}, env.Get, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, 9400, cfg.Agent.Port, "both names of the flag work")
	assert.False(t, cfg.Agent.Labels)
	assert.False(t, cfg.Agent.MemberMetrics)
}

func TestAllThatIsWrongIsReportedInOneMessage(t *testing.T) {
	t.Parallel()
	_, err := parse([]string{"-port=http", "stray"}, settingstest.Env{}.Get, io.Discard)
	var named []string
	for _, wrong := range settingstest.Errors(t, err) {
		named = append(named, wrong.Setting)
		assert.NotEmpty(t, wrong.Problem)
		assert.NotEmpty(t, wrong.Remedy)
	}
	assert.Equal(t, []string{
		"command line",
		"EXOSCALE_KEY or EXOSCALE_API_KEY",
		"EXOSCALE_SECRET or EXOSCALE_API_SECRET",
		"EXOSCALE_ZONE (flag -zone)",
		"EXOSCALE_INSTANCEPOOL_ID (flag -pool)",
		"TARGET_PORT (flag -port or -target-port)",
	}, named)
	assert.Contains(t, err.Error(), `is "http"`)
	assert.Contains(t, err.Error(), "EXOSCALE_SECRET_FILE or EXOSCALE_API_SECRET_FILE (flag -secret-file)")
	assert.Contains(t, err.Error(), "discovery -h")
}

func TestNoMessageHoldsASecret(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(path, []byte("hunter2 \n oops"), 0o600))
	for name, c := range map[string]struct {
		env  settingstest.Env
		args []string
	}{
		"with a space":           {env: settingstest.Env{"EXOSCALE_SECRET": "hunter2 oops"}},
		"not ASCII":              {env: settingstest.Env{"EXOSCALE_SECRET": "hunter2é"}},
		"two lines in a file":    {env: settingstest.Env{"EXOSCALE_SECRET": "", "EXOSCALE_SECRET_FILE": path}},
		"in the endpoint":        {env: settingstest.Env{"EXOSCALE_API_ENDPOINT": "http://me:hunter2@127.0.0.1/v2"}},
		"in a broken endpoint":   {env: settingstest.Env{"EXOSCALE_API_ENDPOINT": "http://me:hunter2@%zz/"}},
		"as a flag that is none": {args: []string{"-secret=hunter2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := parse(c.args, settingstest.Course().With(c.env).Get, io.Discard)
			settingstest.Errors(t, err)
			assert.NotContains(t, err.Error(), "hunter2")
		})
	}

	cfg, err := parse(nil, settingstest.Course().Get, io.Discard)
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		assert.NotContains(t, fmt.Sprintf(verb, cfg), "hush")
	}
}

func TestPoolsAreIDsOrNames(t *testing.T) {
	t.Parallel()
	cfg, err := parse([]string{"-pool", " C19542B7-D269-4BD4-BF7C-2CAE36D066D3, web ,web,My pool"}, settingstest.Course().Get, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, []string{settingstest.PoolID, "web", "My pool"}, cfg.Agent.Pools, "ids in lower case, doubles removed")

	for _, pools := range []string{"web,,db", ",", ""} {
		_, err = parse([]string{"-pool", pools}, settingstest.Course().Get, io.Discard)
		assert.Len(t, settingstest.Errors(t, err), 1)
	}
}

func TestTargetsAreForgottenAfterATimeOrNever(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"1m": time.Minute, "24h": 24 * time.Hour, "never": -1} {
		cfg, err := parse([]string{"-forget-after", text}, settingstest.Course().Get, io.Discard)
		require.NoError(t, err, text)
		assert.Equal(t, want, cfg.Agent.ForgetAfter, text)
	}
	for _, text := range []string{"0", "30s", "-1m", "9999h", "always", "15"} {
		_, err := parse(nil, settingstest.Course().With(settingstest.Env{"DISCOVERY_FORGET_AFTER": text}).Get, io.Discard)
		require.Len(t, settingstest.Errors(t, err), 1, text)
	}
}

func TestLoopbackTargetsAreForAPIsOnThisHost(t *testing.T) {
	t.Parallel()
	for endpoint, local := range map[string]bool{"": false, "http://127.0.0.1:8080/v2": true, "https://api.example.test": false} {
		cfg, err := parse([]string{"-endpoint", endpoint}, settingstest.Course().Get, io.Discard)
		require.NoError(t, err, endpoint)
		assert.Equal(t, local, cfg.Agent.AllowLoopback, endpoint)
	}
}

func TestWithoutATokenLoopbackAloneIsListenedOn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env  settingstest.Env
		want string
	}{
		"nothing is said": {nil, "127.0.0.1:8091"},
		"a token":         {settingstest.Env{"DISCOVERY_TOKEN": "a-token-of-some-length"}, ":8091"},
		"an address":      {settingstest.Env{"DISCOVERY_LISTEN": ":1"}, ":1"},
		"none":            {settingstest.Env{"DISCOVERY_LISTEN": "none"}, ""},
		"none with token": {settingstest.Env{"DISCOVERY_LISTEN": "none", "DISCOVERY_TOKEN": "a-token-of-some-length"}, ""},
		"the image":       {settingstest.Image(t, "../../Dockerfile", "discovery"), "0.0.0.0:8091"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, err := parse(nil, settingstest.Course().With(c.env).Get, io.Discard)
			require.NoError(t, err)
			assert.Equal(t, c.want, cfg.Listen)
		})
	}
}

func TestShortTokenIsWarnedOf(t *testing.T) {
	t.Parallel()
	for token, warnings := range map[string]int{"": 0, "x": 1, "123456789012345": 1, "1234567890123456": 0} {
		cfg, err := parse(nil, settingstest.Course().With(settingstest.Env{"DISCOVERY_TOKEN": token}).Get, io.Discard)
		require.NoError(t, err)
		assert.Len(t, cfg.Warnings, warnings, token)
	}
}

func TestHelpListsEveryFlagWithVariableAndDefault(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	_, err := parse([]string{"-h"}, settingstest.Env{}.Get, &out)
	require.NoError(t, err)
	for _, text := range []string{
		"-port, -target-port PORT", "TARGET_PORT; default: 9100", "-file PATH", "/srv/service-discovery/config.json",
		"-labels\n", "-member-metrics\n", "-refresh DURATION", "default: 10s", "-forget-after DURATION", "default: 15m; range: 1m to 168h, or never",
		"-listen ADDRESS", "EXOSCALE_KEY_FILE, EXOSCALE_API_KEY_FILE", "EXOSCALE_ZONE_ID",
		"-token-file FILE", "DISCOVERY_TOKEN_FILE", "-tls-cert FILE", "DISCOVERY_TLS_KEY", "127.0.0.1:8091 without",
	} {
		assert.Contains(t, out.String(), text)
	}
}
