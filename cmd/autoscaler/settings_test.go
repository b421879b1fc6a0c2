package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/cmd/internal/settings/settingstest"
	"github.com/exopool/exopool/exoscale"
	"github.com/exopool/exopool/policy"
	"github.com/exopool/exopool/promquery"
)

var update = flag.Bool("update", false, "write the table of the settings into the documentation")

func TestSettingsAreDocumented(t *testing.T) {
	t.Parallel()
	set, _ := declare(settingstest.Env{}.Get)
	settingstest.MatchDocs(t, "../../docs/configuration.md", "autoscaler", set, *update)
}

func TestCourseVariablesAreEnough(t *testing.T) {
	t.Parallel()
	cfg, err := parse(nil, settingstest.Course().With(settingstest.Env{"LISTEN_PORT": "8123"}).Get, io.Discard)
	require.NoError(t, err)
	assert.Contains(t, cfg.API.Remedies.PoolNotFound, "--zone at-vie-1")
	cfg.API.Remedies = exoscale.Remedies{}
	assert.Equal(t, exoscale.Config{Key: "EXOkey", Secret: "hush", Zone: "at-vie-1", PollInterval: 3 * time.Second}, cfg.API)
	loop := autoscale.DefaultConfig()
	loop.PoolName, loop.Zone, loop.StateDir = settingstest.PoolID, "at-vie-1", "/var/lib/autoscaler"
	assert.Equal(t, loop, cfg.Loop)
	assert.Equal(t, settings.Logging{Format: "text", Level: slog.LevelInfo}, cfg.Logging)
	assert.Equal(t, autoscale.HandlerConfig{}, cfg.Handler)
	assert.Equal(t, "127.0.0.1", cfg.Host)
	assert.Equal(t, 8123, cfg.Port)
	assert.Nil(t, cfg.StateDir)
	assert.Empty(t, cfg.Warnings)
}

func TestMalformedSettingIsNamedWithItsValue(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env     settingstest.Env
		setting string
		problem string
	}{
		"zone with capitals":  {settingstest.Env{"EXOSCALE_ZONE": "AT-VIE-1"}, "EXOSCALE_ZONE (flag -zone)", `"AT-VIE-1"`},
		"zone that is a host": {settingstest.Env{"EXOSCALE_ZONE": "x.evil.test/"}, "EXOSCALE_ZONE (flag -zone)", `"x.evil.test/"`},
		"two pools":           {settingstest.Env{"EXOSCALE_INSTANCEPOOL_ID": "a,b"}, "EXOSCALE_INSTANCEPOOL_ID (flag -pool)", "more than one"},
		"step without a size": {settingstest.Env{"AUTOSCALER_STEPS_UP": "100"}, "AUTOSCALER_STEPS_UP (flag -steps-up)", `"100"`},
		"half a member":       {settingstest.Env{"AUTOSCALER_STEPS_DOWN": "20:0.5"}, "AUTOSCALER_STEPS_DOWN (flag -steps-down)", `"20:0.5"`},
		"not a number":        {settingstest.Env{"AUTOSCALER_STEPS_UP": "NaN:1"}, "AUTOSCALER_STEPS_UP (flag -steps-up)", `"NaN:1"`},
		"policy unheard of":   {settingstest.Env{"AUTOSCALER_POLICY": "best"}, "AUTOSCALER_POLICY (flag -policy)", `"best"`},
		"policy without load": {settingstest.Env{"AUTOSCALER_POLICY": "target"}, "AUTOSCALER_POLICY (flag -policy)", "needs -prometheus-url"},
		"rate without a time": {settingstest.Env{"AUTOSCALER_UP_RATE": "4"}, "AUTOSCALER_UP_RATE (flag -up-rate)", `"4"`},
		"rate of nobody":      {settingstest.Env{"AUTOSCALER_DOWN_RATE": "0/1m"}, "AUTOSCALER_DOWN_RATE (flag -down-rate)", `"0/1m"`},
		"rate in a year":      {settingstest.Env{"AUTOSCALER_UP_RATE": "4/8760h"}, "AUTOSCALER_UP_RATE (flag -up-rate)", `"4/8760h"`},
		"cooldown too long":   {settingstest.Env{"AUTOSCALER_UP_COOLDOWN": "25h"}, "AUTOSCALER_UP_COOLDOWN (flag -up-cooldown)", `"25h"`},
		"a schedule without a name": {
			settingstest.Env{"AUTOSCALER_SCHEDULES": "30 7 * * 1-5 Europe/Vienna for 2h at least 6"},
			"AUTOSCALER_SCHEDULES (flag -schedules)", "is wrong in entry 1: it is not NAME: MINUTE HOUR",
		},
		"a zone that is not known": {
			settingstest.Env{"AUTOSCALER_SCHEDULES": "a: 30 7 * * 1-5 UTC for 2h at least 6; b: 0 7 * * 1-5 Europe/Wien for 2h at least 6"},
			"AUTOSCALER_SCHEDULES (flag -schedules)", "is wrong in entry 2: the time zone Europe/Wien is not known",
		},
		"port zero":         {settingstest.Env{"LISTEN_PORT": "0"}, "LISTEN_PORT (flag -listen-port)", `"0"`},
		"port too high":     {settingstest.Env{"LISTEN_PORT": "65536"}, "LISTEN_PORT (flag -listen-port)", `"65536"`},
		"interval no unit":  {settingstest.Env{"AUTOSCALER_INTERVAL": "60"}, "AUTOSCALER_INTERVAL (flag -interval)", "unit"},
		"interval negative": {settingstest.Env{"AUTOSCALER_INTERVAL": "-1s"}, "AUTOSCALER_INTERVAL (flag -interval)", `"-1s"`},
		"minimum zero":      {settingstest.Env{"AUTOSCALER_MIN": "0"}, "AUTOSCALER_MIN (flag -min)", `"0"`},
		"maximum below":     {settingstest.Env{"AUTOSCALER_MIN": "4", "AUTOSCALER_MAX": "3"}, "AUTOSCALER_MAX (flag -max)", "below the minimum of 4"},
		"timeout too long":  {settingstest.Env{"AUTOSCALER_TURN_TIMEOUT": "1m"}, "AUTOSCALER_TURN_TIMEOUT (flag -turn-timeout)", "is 1m0s"},
		"expiry too short":  {settingstest.Env{"AUTOSCALER_EXPIRY": "59s"}, "AUTOSCALER_EXPIRY (flag -expiry)", "is 59s"},
		"turns too rare for drains": {
			settingstest.Env{"AUTOSCALER_DRAIN_PORT": "9101", "AUTOSCALER_INTERVAL": "241s"},
			"AUTOSCALER_DRAIN_PORT (flag -drain-port)", "needs an interval of 4m0s or shorter",
		},
		"webhooks expire in drains": {
			settingstest.Env{"AUTOSCALER_DRAIN_PORT": "9101", "AUTOSCALER_DRAIN_TIMEOUT": "4m", "AUTOSCALER_EXPIRY": "5m"},
			"AUTOSCALER_EXPIRY (flag -expiry)", "is 5m0s: drains of 4m0s need 6m0s",
		},
		"an order without a Prometheus": {
			settingstest.Env{"AUTOSCALER_EVICT": "least-busy"},
			"AUTOSCALER_PROMETHEUS_URL (flag -prometheus-url)", "is missing: AUTOSCALER_EVICT (flag -evict) is least-busy",
		},
		"an unknown order":     {settingstest.Env{"AUTOSCALER_EVICT": "busiest"}, "AUTOSCALER_EVICT (flag -evict)", `"busiest"`},
		"Prometheus no scheme": {settingstest.Env{"AUTOSCALER_PROMETHEUS_URL": "127.0.0.1:9090"}, "AUTOSCALER_PROMETHEUS_URL (flag -prometheus-url)", "127.0.0.1:9090"},
		"alerts of one path":   {settingstest.Env{"AUTOSCALER_UP_ALERTS": "CPU high"}, "AUTOSCALER_DOWN_ALERTS (flag -down-alerts)", "missing beside AUTOSCALER_UP_ALERTS"},
		"alerts of the other":  {settingstest.Env{"AUTOSCALER_DOWN_ALERTS": "CPU low"}, "AUTOSCALER_UP_ALERTS (flag -up-alerts)", "missing beside AUTOSCALER_DOWN_ALERTS"},
		"alerts and a comma":   {settingstest.Env{"AUTOSCALER_UP_ALERTS": "CPU high,", "AUTOSCALER_DOWN_ALERTS": "x"}, "AUTOSCALER_UP_ALERTS (flag -up-alerts)", "comma"},
		"an alert twice":       {settingstest.Env{"AUTOSCALER_UP_ALERTS": "a, b ,a", "AUTOSCALER_DOWN_ALERTS": "x"}, "AUTOSCALER_UP_ALERTS (flag -up-alerts)", "twice"},
		"alerts in two lines":  {settingstest.Env{"AUTOSCALER_UP_ALERTS": "a\nb", "AUTOSCALER_DOWN_ALERTS": "x"}, "AUTOSCALER_UP_ALERTS (flag -up-alerts)", "control"},
		"endpoint no scheme":   {settingstest.Env{"EXOSCALE_API_ENDPOINT": "127.0.0.1:80"}, "EXOSCALE_API_ENDPOINT (flag -endpoint)", "127.0.0.1:80"},
		"endpoint no host":     {settingstest.Env{"EXOSCALE_API_ENDPOINT": "http:///v2"}, "EXOSCALE_API_ENDPOINT (flag -endpoint)", "no host"},
		"endpoint ftp":         {settingstest.Env{"EXOSCALE_API_ENDPOINT": "ftp://a/"}, "EXOSCALE_API_ENDPOINT (flag -endpoint)", "http"},
		"level":                {settingstest.Env{"LOG_LEVEL": "loud"}, "LOG_LEVEL (flag -log-level)", `"loud"`},
		"format":               {settingstest.Env{"LOG_FORMAT": "xml"}, "LOG_FORMAT (flag -log-format)", `"xml"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := parse(nil, settingstest.Course().With(c.env).Get, io.Discard)
			wrong := settingstest.Errors(t, err)
			require.Len(t, wrong, 1)
			assert.Equal(t, c.setting, wrong[0].Setting)
			assert.Contains(t, wrong[0].Problem, c.problem)
			assert.NotEmpty(t, wrong[0].Remedy)
		})
	}
}

func TestOnlyWhatIsWrongIsReported(t *testing.T) {
	t.Parallel()
	_, err := parse([]string{"-interval", "1", "-expiry", "30s", "-turn-timeout", "2m", "-min", "x", "-max", "0"}, settingstest.Course().Get, io.Discard)
	var named []string
	for _, wrong := range settingstest.Errors(t, err) {
		named = append(named, wrong.Setting)
	}
	assert.Equal(t, []string{
		"AUTOSCALER_MIN (flag -min)", "AUTOSCALER_MAX (flag -max)", "AUTOSCALER_INTERVAL (flag -interval)",
	}, named, "not what depends on it")
}

func TestAlertsThatCountAreNames(t *testing.T) {
	t.Parallel()
	env := settingstest.Course().With(settingstest.Env{"AUTOSCALER_UP_ALERTS": " CPU high , Queue is long", "AUTOSCALER_DOWN_ALERTS": "x"})
	cfg, err := parse([]string{"-down-alerts=CPU low"}, env.Get, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, map[autoscale.Direction][]string{
		autoscale.Up: {"CPU high", "Queue is long"}, autoscale.Down: {"CPU low"},
	}, cfg.Handler.Alerts)

	cfg, err = parse([]string{"-up-alerts=", "-down-alerts="}, env.Get, io.Discard)
	require.NoError(t, err)
	assert.Nil(t, cfg.Handler.Alerts, "empty flags override the variables")
}

func TestStateDirectoryOfSystemdCountsAsGiven(t *testing.T) {
	t.Parallel()
	cfg, err := parse(nil, settingstest.Course().With(settingstest.Env{"STATE_DIRECTORY": "/var/lib/x:/var/lib/y"}).Get, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, "/var/lib/x", cfg.Loop.StateDir)
	assert.NotNil(t, cfg.StateDir)

	cfg, err = parse([]string{"-state-dir=/s"}, settingstest.Course().With(settingstest.Env{"STATE_DIRECTORY": "/var/lib/x"}).Get, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, "/s", cfg.Loop.StateDir)

	cfg, err = parse([]string{"-state-dir=/a:b"}, settingstest.Course().Get, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, "/a:b", cfg.Loop.StateDir, "only systemd gives several")

	cfg, err = parse([]string{"-state-dir="}, settingstest.Course().With(settingstest.Env{"STATE_DIRECTORY": "/var/lib/x"}).Get, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, "/var/lib/autoscaler", cfg.Loop.StateDir, "an empty flag overrides the variable")
	assert.Nil(t, cfg.StateDir)
}

func TestWithoutATokenLoopbackAloneIsListenedOn(t *testing.T) {
	t.Parallel()
	const long = "a-token-of-some-length"
	for name, c := range map[string]struct {
		env  settingstest.Env
		args []string
		want string
	}{
		"nothing is said":               {nil, nil, "127.0.0.1"},
		"a token":                       {settingstest.Env{"WEBHOOK_TOKEN": long}, nil, ""},
		"an address":                    {settingstest.Env{"LISTEN_ADDRESS": "192.0.2.1"}, nil, "192.0.2.1"},
		"all addresses, as in an image": {settingstest.Env{"LISTEN_ADDRESS": "0.0.0.0"}, nil, "0.0.0.0"},
		"all addresses of IPv6":         {nil, []string{"-listen-address=[::]"}, "::"},
		"an empty flag":                 {settingstest.Env{"LISTEN_ADDRESS": "192.0.2.1"}, []string{"-listen-address="}, ""},
		"an empty variable":             {settingstest.Env{"LISTEN_ADDRESS": " "}, nil, "127.0.0.1"},
		"an address and a token":        {settingstest.Env{"WEBHOOK_TOKEN": long, "LISTEN_ADDRESS": "127.0.0.1"}, nil, "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, err := parse(c.args, settingstest.Course().With(c.env).Get, io.Discard)
			require.NoError(t, err)
			assert.Equal(t, c.want, cfg.Host)
			assert.Equal(t, 8090, cfg.Port)
			assert.Empty(t, cfg.Warnings)
		})
	}
}

func TestImageListensOnAllAddresses(t *testing.T) {
	t.Parallel()
	env := settingstest.Course().With(settingstest.Image(t, "../../Dockerfile", "autoscaler")).With(settingstest.Env{"LISTEN_PORT": "8123"})
	cfg, err := parse(nil, env.Get, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, "0.0.0.0", cfg.Host)
	assert.Equal(t, 8123, cfg.Port, "which the engine publishes")
}

func TestShortTokenIsWarnedOf(t *testing.T) {
	t.Parallel()
	for token, warnings := range map[string]int{"": 0, "x": 1, "123456789012345": 1, "1234567890123456": 0} {
		cfg, err := parse(nil, settingstest.Course().With(settingstest.Env{"WEBHOOK_TOKEN": token}).Get, io.Discard)
		require.NoError(t, err)
		assert.Len(t, cfg.Warnings, warnings, token)
		for _, warning := range cfg.Warnings {
			assert.NotContains(t, warning, "12345")
		}
	}
}

func TestProtectAllNeedsAToken(t *testing.T) {
	t.Parallel()
	cfg, err := parse([]string{"-protect-all"}, settingstest.Course().With(settingstest.Env{"WEBHOOK_TOKEN": "a-token-of-some-length"}).Get, io.Discard)
	require.NoError(t, err)
	assert.True(t, cfg.Handler.ProtectAll)

	_, err = parse(nil, settingstest.Course().With(settingstest.Env{"AUTOSCALER_PROTECT_ALL": "true"}).Get, io.Discard)
	wrong := settingstest.Errors(t, err)
	require.Len(t, wrong, 1)
	assert.Equal(t, "AUTOSCALER_PROTECT_ALL (flag -protect-all)", wrong[0].Setting)
}

func TestDryRunLeavesTheAccountAlone(t *testing.T) {
	t.Parallel()
	for _, dry := range []bool{false, true} {
		cfg, err := parse([]string{fmt.Sprintf("-dry-run=%t", dry)}, settingstest.Course().Get, io.Discard)
		require.NoError(t, err)
		assert.Equal(t, dry, cfg.Loop.DryRun)
		assert.Equal(t, dry, cfg.API.ReadOnly)
	}
}

func TestSettingsDoNotPrintSecrets(t *testing.T) {
	t.Parallel()
	cfg, err := parse(nil, settingstest.Course().With(settingstest.Env{"WEBHOOK_TOKEN": "hush-hush-hush-hush"}).Get, io.Discard)
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		assert.NotContains(t, fmt.Sprintf(verb, cfg), "hush")
	}
}

func TestHelpListsEveryFlagWithVariableAndDefault(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	_, err := parse([]string{"-h"}, settingstest.Env{}.Get, &out)
	require.NoError(t, err)
	for _, text := range []string{
		"-interval DURATION", "default: 1m;", "-min MEMBERS", "AUTOSCALER_MAX; default: 10; range: 1 to 10000", "-step MEMBERS", "-state-dir PATH",
		"STATE_DIRECTORY", "LISTEN_PORT; default: 8090", "WEBHOOK_TOKEN_FILE", "-up-alerts NAMES", "AUTOSCALER_DOWN_ALERTS", "-expiry", "-turn-timeout",
		"-listen-address", "-protect-all\n", "-tls-cert FILE", "AUTOSCALER_TLS_KEY", "127.0.0.1 without", "EXOSCALE_ZONE_ID",
	} {
		assert.Contains(t, out.String(), text)
	}
}

func TestTurnsTooRareForDrainsSayWhatToDo(t *testing.T) {
	t.Parallel()
	_, err := parse([]string{"-drain-port", "9101", "-interval", "5m"}, settingstest.Course().Get, io.Discard)
	require.ErrorContains(t, err, "needs an interval of 4m0s or shorter: give a port from 1 to 65535, or leave it out")
}

func TestMembersAreMeasuredWhereAPrometheusIsNamed(t *testing.T) {
	t.Parallel()
	cfg, err := parse([]string{"-evict", "least-busy", "-prometheus-url", "http://127.0.0.1:9090/"}, settingstest.Course().Get, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, autoscale.LeastBusyFirst, cfg.Loop.EvictionOrder)
	assert.Equal(t, promquery.Config{URL: "http://127.0.0.1:9090", Query: `exopool:member_load:percent{job=""}`}, cfg.Prometheus)

	cfg, err = parse([]string{"-prometheus-url", "http://127.0.0.1:9090", "-busy-query", "load"}, settingstest.Course().Get, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, "load", cfg.Prometheus.Query)

	env := settingstest.Course().With(settingstest.Env{"AUTOSCALER_BUSY_QUERY": "load"})
	cfg, err = parse([]string{"-busy-query="}, env.Get, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, `exopool:member_load:percent{job=""}`, cfg.Prometheus.Query)

	_, err = parse([]string{"-prometheus-url", "http://user:hunter2@127.0.0.1:9090"}, settingstest.Course().Get, io.Discard)
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "hunter2")
}

func TestGuardsAreSet(t *testing.T) {
	t.Parallel()
	cfg, err := parse([]string{"-down-rate", "2/10m", "-up-cooldown=3m", "-reversals-per-hour", "4"}, settingstest.Course().Get, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, autoscale.Guards{
		DownRate: autoscale.Rate{Members: 2, Per: 10 * time.Minute}, UpCooldown: 3 * time.Minute, Reversals: 4,
	}, cfg.Loop.Guards)
}

func TestAPolicyByTheLoadIsSet(t *testing.T) {
	t.Parallel()
	loop := func(args ...string) autoscale.Config {
		cfg, err := parse(append(args, "-prometheus-url", "http://127.0.0.1:9090"), settingstest.Course().Get, io.Discard)
		require.NoError(t, err)
		require.NoError(t, cfg.Policy.follow(&cfg.Loop, cfg.Prometheus))
		return cfg.Loop
	}
	byWebhooks := loop()
	assert.Nil(t, byWebhooks.Policy)
	assert.Zero(t, byWebhooks.CPUObjective)

	target := loop("-policy", "target", "-tolerance", "5")
	assert.Equal(t, policy.Target{Tolerance: 0.05}, target.Policy)
	assert.InDelta(t, 80, target.CPUObjective, 0)
	assert.Empty(t, target.Signals)
	assert.Equal(t, 5*time.Minute, target.Guards.DownStabilization)
	assert.Zero(t, loop("-policy", "target", "-down-stabilization", "0s").Guards.DownStabilization)

	steps := loop("-policy", "steps", "-steps-up", "100:1, 120:50%", "-cpu-objective", "none", "-load-query", "load", "-load-per-member", "25")
	assert.Equal(t, policy.Steps{
		Up: []policy.Step{{Threshold: 100, Members: 1}, {Threshold: 120, Percent: 50}}, Down: []policy.Step{{Threshold: 25, Members: 1}},
	}, steps.Policy)
	assert.Zero(t, steps.CPUObjective)
	assert.Len(t, steps.Signals, 1)

	follow, err := policy.NewFollow(policy.FollowConfig{Shortage: 0.005, Worth: 40})
	require.NoError(t, err)
	assert.Equal(t, follow, loop("-policy", "follow", "-shortage", "0.5", "-shortage-worth", "40").Policy)

	for problem, args := range map[string][]string{
		"AUTOSCALER_LOAD_PER_MEMBER (flag -load-per-member) is missing": {"-load-query", "load"},
		"AUTOSCALER_LOAD_QUERY (flag -load-query) is missing":           {"-cpu-objective", "none"},
	} {
		_, err := parse(append(args, "-policy", "steps", "-prometheus-url", "http://127.0.0.1:9090"), settingstest.Course().Get, io.Discard)
		assert.ErrorContains(t, err, problem)
	}
}
