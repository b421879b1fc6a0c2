package settings_test

import (
	"bytes"
	"encoding/json"
	"errors"
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
)

const poolID = "c19542b7-d269-4bd4-bf7c-2cae36d066d3"

// env is a whole environment; what it does not hold is not set.
type env map[string]string

func (e env) get(name string) string { return e[name] }

func (e env) with(changes env) env {
	out := env{}
	for k, v := range e {
		out[k] = v
	}
	for k, v := range changes {
		out[k] = v
	}
	return out
}

// course is the environment that the course's checker sets.
func course() env {
	return env{
		"EXOSCALE_KEY": "EXOkey", "EXOSCALE_SECRET": "hush", "EXOSCALE_ZONE": "at-vie-1",
		"EXOSCALE_ZONE_ID": "4da1b188-dcd6-4ff5-b7fd-bde984055548", "EXOSCALE_INSTANCEPOOL_ID": poolID,
	}
}

func faultsOf(t *testing.T, err error) []settings.Fault {
	t.Helper()
	var e *settings.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, settings.ExitUsage, settings.ExitCode(err))
	return e.Faults
}

func TestCourseVariablesAreEnough(t *testing.T) {
	d, err := settings.ParseDiscovery(nil, course().with(env{"TARGET_PORT": "9200"}).get, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, settings.Discovery{
		API:   settings.API{Key: "EXOkey", Secret: "hush", Zone: "at-vie-1"},
		Log:   settings.Log{Format: "text", Level: slog.LevelInfo},
		Pools: []string{poolID}, File: "/srv/service-discovery/config.json", Port: 9200, Listen: "127.0.0.1:8091",
		Every: 10 * time.Second, Timeout: 30 * time.Second, MaxAge: 2 * time.Minute, ForgetAfter: 15 * time.Minute,
	}, d)

	a, err := settings.ParseAutoscaler(nil, course().with(env{"LISTEN_PORT": "8123"}).get, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, settings.Autoscaler{
		API:  settings.API{Key: "EXOkey", Secret: "hush", Zone: "at-vie-1"},
		Log:  settings.Log{Format: "text", Level: slog.LevelInfo},
		Pool: poolID, Every: time.Minute, Poll: 3 * time.Second,
		Min: 1, Max: 10, Step: 1, StateDir: settings.DefaultStateDir, ListenHost: "127.0.0.1", ListenPort: 8123,
	}, a)
}

func TestFlagWinsOverEnvironmentAndEnvironmentOverDefault(t *testing.T) {
	e := course().with(env{"TARGET_PORT": "9200", "DISCOVERY_LISTEN": ":1", "DISCOVERY_LABELS": "true", "DISCOVERY_MEMBER_METRICS": "true"})
	d, err := settings.ParseDiscovery([]string{"-port", "9300", "-zone=de-fra-1", "-listen="}, e.get, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, 9300, d.Port)
	assert.Equal(t, "de-fra-1", d.Zone)
	assert.Empty(t, d.Listen, "an empty flag overrules the variable")
	assert.True(t, d.Labels)
	assert.True(t, d.MemberMetrics)

	d, err = settings.ParseDiscovery([]string{"-target-port=9400", "-labels=false", "-member-metrics=false"}, e.get, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, 9400, d.Port, "both names of the flag work")
	assert.False(t, d.Labels)
	assert.False(t, d.MemberMetrics)
}

func TestCredentialsComeFromTheFirstPlaceThatHasThem(t *testing.T) {
	dir := t.TempDir()
	file := func(content string) string {
		path := filepath.Join(dir, fmt.Sprintf("%x", content))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	base := course().with(env{"EXOSCALE_KEY": ""})
	for name, c := range map[string]struct {
		env  env
		args []string
		want string
	}{
		"the course's name":          {env{"EXOSCALE_KEY": "a", "EXOSCALE_API_KEY": "b"}, nil, "a"},
		"the other name":             {env{"EXOSCALE_API_KEY": "b"}, nil, "b"},
		"blanks count as not set":    {env{"EXOSCALE_KEY": "  ", "EXOSCALE_API_KEY": "b\n"}, nil, "b"},
		"a file, trimmed":            {env{"EXOSCALE_KEY_FILE": file(" c \r\n\n")}, nil, "c"},
		"the other name's file":      {env{"EXOSCALE_API_KEY_FILE": file("d\n")}, nil, "d"},
		"the value before its file":  {env{"EXOSCALE_KEY": "a", "EXOSCALE_KEY_FILE": "/nonexistent"}, nil, "a"},
		"a file flag before the env": {env{"EXOSCALE_KEY": "a"}, []string{"-key-file", file("e")}, "e"},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := settings.ParseDiscovery(c.args, base.with(c.env).get, io.Discard)
			require.NoError(t, err)
			assert.Equal(t, c.want, d.Key)
		})
	}
}

func TestAllFaultsAreToldInOneMessage(t *testing.T) {
	_, err := settings.ParseDiscovery([]string{"-port=http", "stray"}, env{}.get, io.Discard)
	faults := faultsOf(t, err)
	var named []string
	for _, f := range faults {
		named = append(named, f.Setting)
		assert.NotEmpty(t, f.Problem)
		assert.NotEmpty(t, f.Remedy)
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
	assert.Contains(t, err.Error(), "EXOSCALE_SECRET_FILE (flag -secret-file)")
	assert.Contains(t, err.Error(), "discovery -h")
}

func TestMalformedSettingIsNamedWithItsValue(t *testing.T) {
	for name, c := range map[string]struct {
		env     env
		setting string
		problem string
	}{
		"zone with capitals":  {env{"EXOSCALE_ZONE": "AT-VIE-1"}, "EXOSCALE_ZONE (flag -zone)", `"AT-VIE-1"`},
		"zone that is a host": {env{"EXOSCALE_ZONE": "x.evil.test/"}, "EXOSCALE_ZONE (flag -zone)", `"x.evil.test/"`},
		"two pools":           {env{"EXOSCALE_INSTANCEPOOL_ID": "a,b"}, "EXOSCALE_INSTANCEPOOL_ID (flag -pool)", "more than one"},
		"port zero":           {env{"LISTEN_PORT": "0"}, "LISTEN_PORT (flag -listen-port)", `"0"`},
		"port too high":       {env{"LISTEN_PORT": "65536"}, "LISTEN_PORT (flag -listen-port)", `"65536"`},
		"interval no unit":    {env{"AUTOSCALER_INTERVAL": "60"}, "AUTOSCALER_INTERVAL (flag -interval)", "unit"},
		"interval negative":   {env{"AUTOSCALER_INTERVAL": "-1s"}, "AUTOSCALER_INTERVAL (flag -interval)", `"-1s"`},
		"minimum zero":        {env{"AUTOSCALER_MIN": "0"}, "AUTOSCALER_MIN (flag -min)", `"0"`},
		"maximum below":       {env{"AUTOSCALER_MIN": "4", "AUTOSCALER_MAX": "3"}, "AUTOSCALER_MAX (flag -max)", "below the minimum of 4"},
		"timeout too long":    {env{"AUTOSCALER_TURN_TIMEOUT": "1m"}, "AUTOSCALER_TURN_TIMEOUT (flag -turn-timeout)", "interval of 1m0s"},
		"expire too short":    {env{"AUTOSCALER_EXPIRE": "59s"}, "AUTOSCALER_EXPIRE (flag -expire)", "interval of 1m0s"},
		"alerts of one path":  {env{"AUTOSCALER_UP_ALERTS": "CPU high"}, "AUTOSCALER_DOWN_ALERTS (flag -down-alerts)", "missing beside AUTOSCALER_UP_ALERTS"},
		"alerts of the other": {env{"AUTOSCALER_DOWN_ALERTS": "CPU low"}, "AUTOSCALER_UP_ALERTS (flag -up-alerts)", "missing beside AUTOSCALER_DOWN_ALERTS"},
		"alerts and a comma":  {env{"AUTOSCALER_UP_ALERTS": "CPU high,", "AUTOSCALER_DOWN_ALERTS": "x"}, "AUTOSCALER_UP_ALERTS (flag -up-alerts)", "comma"},
		"an alert twice":      {env{"AUTOSCALER_UP_ALERTS": "a, b ,a", "AUTOSCALER_DOWN_ALERTS": "x"}, "AUTOSCALER_UP_ALERTS (flag -up-alerts)", "twice"},
		"alerts in two lines": {env{"AUTOSCALER_UP_ALERTS": "a\nb", "AUTOSCALER_DOWN_ALERTS": "x"}, "AUTOSCALER_UP_ALERTS (flag -up-alerts)", "control"},
		"endpoint no scheme":  {env{"EXOSCALE_API_ENDPOINT": "127.0.0.1:80"}, "EXOSCALE_API_ENDPOINT (flag -endpoint)", "127.0.0.1:80"},
		"endpoint no host":    {env{"EXOSCALE_API_ENDPOINT": "http:///v2"}, "EXOSCALE_API_ENDPOINT (flag -endpoint)", "no host"},
		"endpoint ftp":        {env{"EXOSCALE_API_ENDPOINT": "ftp://a/"}, "EXOSCALE_API_ENDPOINT (flag -endpoint)", "http"},
		"level":               {env{"LOG_LEVEL": "loud"}, "LOG_LEVEL (flag -log-level)", `"loud"`},
		"format":              {env{"LOG_FORMAT": "xml"}, "LOG_FORMAT (flag -log-format)", `"xml"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := settings.ParseAutoscaler(nil, course().with(c.env).get, io.Discard)
			faults := faultsOf(t, err)
			require.Len(t, faults, 1)
			assert.Equal(t, c.setting, faults[0].Setting)
			assert.Contains(t, faults[0].Problem, c.problem)
		})
	}
}

func TestNoMessageHoldsASecret(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "secret")
	require.NoError(t, os.WriteFile(path, []byte("hunter2 \n oops"), 0o600))
	for name, c := range map[string]struct {
		env  env
		args []string
	}{
		"with a space":           {env: env{"EXOSCALE_SECRET": "hunter2 oops"}},
		"not ASCII":              {env: env{"EXOSCALE_SECRET": "hunter2é"}},
		"two lines in a file":    {env: env{"EXOSCALE_SECRET": "", "EXOSCALE_SECRET_FILE": path}},
		"in the endpoint":        {env: env{"EXOSCALE_API_ENDPOINT": "http://me:hunter2@127.0.0.1/v2"}},
		"in a broken endpoint":   {env: env{"EXOSCALE_API_ENDPOINT": "http://me:hunter2@%zz/"}},
		"as a flag that is none": {args: []string{"-secret=hunter2"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := settings.ParseDiscovery(c.args, course().with(c.env).get, io.Discard)
			faultsOf(t, err)
			assert.NotContains(t, err.Error(), "hunter2")
		})
	}

	d, err := settings.ParseDiscovery(nil, course().get, io.Discard)
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		assert.NotContains(t, fmt.Sprintf(verb, d), "hush")
	}
}

func TestUnreadableOrEmptySecretFileIsAFault(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	require.NoError(t, os.WriteFile(empty, []byte("\n"), 0o600))
	for path, want := range map[string]string{"/nonexistent/secret": "no such file", empty: "is empty"} {
		_, err := settings.ParseDiscovery(nil, course().with(env{"EXOSCALE_SECRET": "", "EXOSCALE_SECRET_FILE": path}).get, io.Discard)
		faults := faultsOf(t, err)
		require.Len(t, faults, 1)
		assert.Equal(t, "EXOSCALE_SECRET_FILE", faults[0].Setting)
		assert.Contains(t, faults[0].Problem, want)
	}
}

func TestPoolIsAnIDOrAName(t *testing.T) {
	d, err := settings.ParseDiscovery([]string{"-pool", " C19542B7-D269-4BD4-BF7C-2CAE36D066D3, web ,web,My pool"}, course().get, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, []string{poolID, "web", "My pool"}, d.Pools, "ids in lower case, doubles removed")

	_, err = settings.ParseDiscovery([]string{"-pool", "web,,db"}, course().get, io.Discard)
	assert.Len(t, faultsOf(t, err), 1)
}

func TestPlainHTTPToAnotherComputerIsAWarning(t *testing.T) {
	for endpoint, warnings := range map[string]int{
		"https://api.example.test/v2/": 0, "http://127.0.0.1:8080/v2": 0, "http://[::1]:8080": 0,
		"http://localhost/v2": 0, "http://192.0.2.1/v2": 1, "http://example.test": 1,
	} {
		d, err := settings.ParseDiscovery([]string{"-endpoint", endpoint}, course().get, io.Discard)
		require.NoError(t, err, endpoint)
		assert.Len(t, d.Warnings, warnings, endpoint)
		assert.NotEqual(t, '/', d.Endpoint[len(d.Endpoint)-1])
	}
}

func TestEndpointOnThisComputerIsLocal(t *testing.T) {
	for endpoint, local := range map[string]bool{
		"http://127.0.0.1:8080/v2": true, "https://127.9.9.9": true, "http://[::1]:8080": true, "http://localhost/v2": true,
		"": false, "https://api.example.test/v2/": false, "http://192.0.2.1/v2": false, "http://127.0.0.1.example.test": false,
	} {
		d, err := settings.ParseDiscovery([]string{"-endpoint", endpoint}, course().get, io.Discard)
		require.NoError(t, err, endpoint)
		assert.Equal(t, local, d.Local, endpoint)
	}
}

func TestTargetsAreForgottenAfterATimeOrNever(t *testing.T) {
	for text, want := range map[string]time.Duration{"1m": time.Minute, "24h": 24 * time.Hour, "never": -1} {
		d, err := settings.ParseDiscovery([]string{"-forget-after", text}, course().get, io.Discard)
		require.NoError(t, err, text)
		assert.Equal(t, want, d.ForgetAfter, text)
	}
	for _, text := range []string{"0", "30s", "-1m", "9999h", "always", "15"} {
		_, err := settings.ParseDiscovery(nil, course().with(env{"DISCOVERY_FORGET_AFTER": text}).get, io.Discard)
		require.Len(t, faultsOf(t, err), 1, text)
	}
}

func TestAlertsThatCountAreNames(t *testing.T) {
	e := course().with(env{"AUTOSCALER_UP_ALERTS": " CPU high , Queue is long", "AUTOSCALER_DOWN_ALERTS": "x"})
	a, err := settings.ParseAutoscaler([]string{"-down-alerts=CPU low"}, e.get, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, []string{"CPU high", "Queue is long"}, a.UpAlerts)
	assert.Equal(t, []string{"CPU low"}, a.DownAlerts)

	a, err = settings.ParseAutoscaler([]string{"-up-alerts=", "-down-alerts="}, e.get, io.Discard)
	require.NoError(t, err)
	assert.Nil(t, a.UpAlerts, "empty flags overrule the variables")
	assert.Nil(t, a.DownAlerts)
}

func TestStateDirectoryOfSystemdCountsAsGiven(t *testing.T) {
	a, err := settings.ParseAutoscaler(nil, course().with(env{"STATE_DIRECTORY": "/var/lib/x:/var/lib/y"}).get, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, "/var/lib/x", a.StateDir)
	assert.True(t, a.StateDirGiven)

	a, err = settings.ParseAutoscaler([]string{"-state-dir=/s"}, course().with(env{"STATE_DIRECTORY": "/var/lib/x"}).get, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, "/s", a.StateDir)

	a, err = settings.ParseAutoscaler([]string{"-state-dir=/a:b"}, course().get, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, "/a:b", a.StateDir, "only systemd gives several")
}

func TestHelpListsEveryFlagWithVariableAndDefault(t *testing.T) {
	parsers := map[string]func([]string, func(string) string, io.Writer) error{
		"discovery": func(a []string, g func(string) string, w io.Writer) error {
			_, err := settings.ParseDiscovery(a, g, w)
			return err
		},
		"autoscaler": func(a []string, g func(string) string, w io.Writer) error {
			_, err := settings.ParseAutoscaler(a, g, w)
			return err
		},
	}
	want := map[string][]string{
		"discovery": {
			"-port, -target-port PORT", "TARGET_PORT; default: 9100", "-file PATH", "/srv/service-discovery/config.json",
			"-labels\n", "-member-metrics\n", "-refresh DURATION", "default: 10s", "-forget-after DURATION", "-listen ADDRESS", "EXOSCALE_KEY_FILE, EXOSCALE_API_KEY_FILE", "EXOSCALE_ZONE_ID",
			"-token-file FILE", "DISCOVERY_TOKEN_FILE", "-tls-cert FILE", "DISCOVERY_TLS_KEY", "127.0.0.1:8091 without",
		},
		"autoscaler": {
			"-interval DURATION", "default: 1m0s", "-min MEMBERS", "AUTOSCALER_MAX; default: 10", "-step MEMBERS", "-state-dir PATH",
			"STATE_DIRECTORY", "LISTEN_PORT; default: 8090", "WEBHOOK_TOKEN_FILE", "-up-alerts NAMES", "AUTOSCALER_DOWN_ALERTS", "-expire", "-turn-timeout", "-listen-address",
			"-protect-all\n", "-tls-cert FILE", "AUTOSCALER_TLS_KEY", "127.0.0.1 without",
		},
	}
	for name, parse := range parsers {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			err := parse([]string{"-h"}, env{}.get, &out)
			require.ErrorIs(t, err, settings.ErrHelp)
			assert.Equal(t, settings.ExitOK, settings.ExitCode(err))
			for _, text := range want[name] {
				assert.Contains(t, out.String(), text)
			}

			out.Reset()
			require.ErrorIs(t, parse([]string{"-version"}, env{}.get, &out), settings.ErrHelp)
			assert.Regexp(t, "^"+name+` \S+ go1\.\S+ \w+/\w+\n$`, out.String())
		})
	}
}

func TestExitCodes(t *testing.T) {
	assert.Equal(t, 0, settings.ExitCode(nil))
	assert.Equal(t, 0, settings.ExitCode(fmt.Errorf("x: %w", settings.ErrHelp)))
	assert.Equal(t, 2, settings.ExitCode(fmt.Errorf("x: %w", &settings.Error{})))
	assert.Equal(t, 1, settings.ExitCode(errors.New("x")))
}

func TestLoggerFollowsFormatAndLevel(t *testing.T) {
	var out bytes.Buffer
	logger := settings.Log{Format: "json", Level: slog.LevelWarn}.Logger(&out)
	logger.Info("quiet")
	assert.Empty(t, out.String())
	logger.Warn("loud")
	var line map[string]string
	require.NoError(t, json.Unmarshal(out.Bytes(), &line))
	assert.Equal(t, "loud", line["msg"])
}

func FuzzEndpoint(f *testing.F) {
	for _, seed := range []string{"http://127.0.0.1/v2", "https://a.test", "http://u:p@h/", "://", "http://[::1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, endpoint string) {
		d, err := settings.ParseDiscovery([]string{"-endpoint=" + endpoint}, course().get, io.Discard)
		if err != nil {
			faultsOf(t, err)
			return
		}
		again, err := settings.ParseDiscovery([]string{"-endpoint=" + d.Endpoint}, course().get, io.Discard)
		require.NoError(t, err, "an accepted address is accepted again")
		assert.Equal(t, d.Endpoint, again.Endpoint)
	})
}
