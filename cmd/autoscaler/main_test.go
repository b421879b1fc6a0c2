package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/cmd/internal/cloudtest"
	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/cmd/internal/serve"
	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/internal/programtest"
)

func TestMain(m *testing.M) {
	if programtest.IsSelf() {
		main()
	}
	os.Exit(m.Run())
}

// program is the program running in this process.
type program struct {
	log  *programtest.Output
	url  string
	stop func() // stops it and checks that this is no failure
}

// startProgram runs the program on a free port, with short turns.
func startProgram(t *testing.T, env map[string]string, args ...string) program {
	t.Helper()
	args = append([]string{"-interval", "300ms", "-poll", "10ms", "-log-level", "debug"}, args...)
	cfg, err := parse(args, cloudtest.Getenv(env), io.Discard)
	require.NoError(t, err)
	listener, err := serve.Listen(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	p := program{log: &programtest.Output{}, url: "http://" + listener.Addr().String()}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		assert.NoError(t, scaleOn(ctx, listener, cfg, cfg.Logging.NewLogger(p.log)))
	}()
	p.stop = func() {
		cancel()
		<-ended
	}
	t.Cleanup(p.stop)
	return p
}

func send(t *testing.T, method, url string, header ...string) (code int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	require.NoError(t, err)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(content)
}

// await waits for a condition that the program logs something after.
func await(t *testing.T, p program, condition func() bool) {
	t.Helper()
	p.log.AwaitCondition(t, "a condition", condition)
}

// withState adds to an environment with a directory for state.
func withState(t *testing.T, env map[string]string) map[string]string {
	t.Helper()
	env["STATE_DIRECTORY"] = filepath.Join(t.TempDir(), "state")
	return env
}

func TestWebhooksScaleThePoolBetweenItsLimits(t *testing.T) {
	t.Parallel()
	cloud := cloudtest.New(t, 1)
	p := startProgram(t, withState(t, cloud.Env(nil)), "-max", "2")
	code, _ := send(t, http.MethodPost, p.url+"/up")
	assert.Equal(t, 200, code)
	await(t, p, func() bool { return cloud.Size() == 2 })

	code, _ = send(t, http.MethodGet, p.url+"/up")
	assert.Equal(t, 200, code)
	p.log.Await(t, "at-maximum")

	code, _ = send(t, http.MethodPost, p.url+"/down")
	assert.Equal(t, 200, code)
	await(t, p, func() bool { return cloud.Size() == 1 })
	send(t, http.MethodPost, p.url+"/down")
	p.log.Await(t, "at-minimum")
	assert.Equal(t, 1, cloud.Size())

	var decisions []map[string]any
	_, body := send(t, http.MethodGet, p.url+"/decisions")
	require.NoError(t, json.Unmarshal([]byte(body), &decisions))
	for _, path := range []string{"/healthz", "/readyz"} {
		code, _ = send(t, http.MethodGet, p.url+path)
		assert.Equal(t, 200, code, path)
	}
	_, metrics := send(t, http.MethodGet, p.url+"/metrics")
	assert.Contains(t, metrics, "exopool_")
	assert.Contains(t, metrics, "go_goroutines")
	p.stop()
	assert.NotContains(t, p.log.String(), cloud.Secret)
}

// TestScaleInGoesOnWithoutPrometheus: it is asked each turn, and its failure is
// logged once.
func TestScaleInGoesOnWithoutPrometheus(t *testing.T) {
	t.Parallel()
	cloud := cloudtest.New(t, 2)
	var down atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		assert.Equal(t, `exopool:member_load:percent{job=""}`, r.FormValue("query"))
		_, _ = io.WriteString(w, `{"status":"success","data":{"resultType":"vector","result":[]}}`)
	}))
	t.Cleanup(server.Close)
	down.Store(true)
	p := startProgram(t, withState(t, cloud.Env(nil)), "-evict", "least-busy", "-prometheus-url", server.URL)
	p.log.Await(t, `members cannot be measured.*it answers .*503`)
	send(t, http.MethodPost, p.url+"/down")
	p.log.Await(t, `reason=step-down.* evict=".* \(newest\)"`)
	assert.Equal(t, 1, cloud.Size())
	down.Store(false)
	p.log.Await(t, "members are measured again")
	assert.Equal(t, 1, strings.Count(p.log.String(), "members cannot be measured"))
}

func TestPoolMayBeNamedAndReplaced(t *testing.T) {
	t.Parallel()
	cloud := cloudtest.New(t, 1)
	p := startProgram(t, withState(t, cloud.Env(map[string]string{"EXOSCALE_INSTANCEPOOL_ID": "later"})))
	p.log.Await(t, regexp.QuoteMeta(`there are: web`))
	cloud.Rename(t, "later")
	send(t, http.MethodPost, p.url+"/up")
	await(t, p, func() bool { return cloud.Size() == 2 })
}

func TestUnusableAPIIsReportedAndRetried(t *testing.T) {
	t.Parallel()
	cloud := cloudtest.New(t, 1)
	for name, c := range map[string]struct {
		env  map[string]string
		want string
	}{
		"wrong key":       {map[string]string{"EXOSCALE_SECRET": "wrong"}, "check EXOSCALE_KEY and EXOSCALE_SECRET"},
		"unknown pool":    {map[string]string{"EXOSCALE_INSTANCEPOOL_ID": "c19542b7-d269-4bd4-bf7c-2cae36d066d3"}, "check EXOSCALE_INSTANCEPOOL_ID"},
		"unreachable API": {map[string]string{"EXOSCALE_API_ENDPOINT": "http://127.0.0.1:9/v2"}, "the API cannot be reached"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startProgram(t, withState(t, cloud.Env(c.env)), "-interval", "10s")
			p.log.Await(t, regexp.QuoteMeta(c.want))
			code, _ := send(t, http.MethodPost, p.url+"/up")
			assert.Equal(t, 200, code, "webhooks are recorded meanwhile")
			p.stop()
		})
	}
}

func TestTokenIsRequiredAndWarnedOfWhenMissing(t *testing.T) {
	t.Parallel()
	cloud := cloudtest.New(t, 1)
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("hush-hush-hush-hush\n"), 0o600))
	p := startProgram(t, withState(t, cloud.Env(map[string]string{"WEBHOOK_TOKEN_FILE": token})), "-interval", "1h")
	code, _ := send(t, http.MethodPost, p.url+"/up")
	assert.Equal(t, 401, code)
	code, _ = send(t, http.MethodPost, p.url+"/up", "Authorization", "Bearer hush-hush-hush-hush")
	assert.Equal(t, 200, code)
	p.stop()
	assert.NotContains(t, p.log.String(), "hush-hush-hush-hush")
	assert.NotContains(t, p.log.String(), "WEBHOOK_TOKEN")

	p = startProgram(t, withState(t, cloud.Env(nil)))
	p.log.Await(t, regexp.QuoteMeta("listening"))
	assert.Equal(t, 1, strings.Count(p.log.String(), "to open it set WEBHOOK_TOKEN"))
}

func TestOnlyListedAlertsCountWhenThereAreSome(t *testing.T) {
	t.Parallel()
	cloud := cloudtest.New(t, 1)
	p := startProgram(t, withState(t, cloud.Env(map[string]string{"AUTOSCALER_UP_ALERTS": "CPU high"})), "-down-alerts", "CPU low", "-interval", "1h")
	for path, want := range map[string]int{
		"/up": 403, "/up?alertname=other": 403, "/up?alertname=CPU+high": 200, "/down?alertname=CPU+low": 200, "/down": 403,
	} {
		code, _ := send(t, http.MethodPost, p.url+path)
		assert.Equal(t, want, code, path)
	}
}

func TestWhoCanReachThePortIsWarnedOf(t *testing.T) {
	t.Parallel()
	const open, token = "anyone who reaches the port", "unencrypted"
	long := config{Handler: autoscale.HandlerConfig{Token: "hush-hush-hush-hush"}}
	withTLS := long
	withTLS.TLS = serve.TLS{Cert: "c", Key: "k"}
	for name, c := range map[string]struct {
		cfg     config
		address string
		want    string // empty: no warning
	}{
		"no token, this host":     {config{}, "127.0.0.1", "only programs on this host"},
		"no token, IPv6":          {config{}, "::1", "only programs on this host"},
		"no token, all addresses": {config{}, "::", open},
		"no token, a network":     {config{}, "192.0.2.1", open},
		"a token, this host":      {long, "127.0.0.1", ""},
		"a token, all addresses":  {long, "0.0.0.0", token},
		"a token over TLS":        {withTLS, "0.0.0.0", ""},
		"a short token":           {config{Warnings: []string{"short"}, Handler: autoscale.HandlerConfig{Token: "x"}}, "127.0.0.1", "short"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log strings.Builder
			logWarnings(c.cfg, &net.TCPAddr{IP: net.ParseIP(c.address), Port: 1}, settings.Logging{Level: slog.LevelInfo}.NewLogger(&log))
			assert.Contains(t, log.String(), c.want)
			assert.Equal(t, c.want == "", log.Len() == 0, log.String())
		})
	}
}

func TestWebhooksComeInOverTLS(t *testing.T) {
	t.Parallel()
	cloud := cloudtest.New(t, 1)
	cert, key, trust := cloudtest.Certificate(t)
	env := map[string]string{"WEBHOOK_TOKEN": "hush-hush-hush-hush", "AUTOSCALER_TLS_CERT": cert, "AUTOSCALER_TLS_KEY": key}
	p := startProgram(t, withState(t, cloud.Env(env)), "-interval", "1h", "-protect-all")
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trust}}}
	t.Cleanup(client.CloseIdleConnections)
	base := strings.Replace(p.url, "http:", "https:", 1)
	for path, want := range map[string]int{
		"/up": 401, "/up?token=hush-hush-hush-hush": 200, "/decisions": 401, "/metrics": 401, "/healthz": 200,
		"/decisions?token=hush-hush-hush-hush": 200, "/metrics?token=hush-hush-hush-hush": 200,
	} {
		resp, err := client.Get(base + path)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, want, resp.StatusCode, path)
	}
	code, text := send(t, http.MethodPost, p.url+"/up")
	assert.Equal(t, http.StatusBadRequest, code, "plain HTTP")
	assert.Contains(t, text, "HTTPS")

	require.NoError(t, os.Remove(key))
	code, stderr := runOnce(t, withState(t, cloud.Env(env)), "-listen-address", "127.0.0.1", "-listen-port", programtest.FreePort(t))
	assert.Equal(t, command.ExitUsage, code)
	assert.Contains(t, stderr, "-tls-key")
	assert.Contains(t, stderr, key)
}

func TestWebhookSurvivesARestart(t *testing.T) {
	t.Parallel()
	cloud := cloudtest.New(t, 1)
	env := withState(t, cloud.Env(nil))
	p := startProgram(t, env, "-interval", "1h")
	p.log.Await(t, "no-demand")
	code, _ := send(t, http.MethodPost, p.url+"/up")
	require.Equal(t, 200, code)
	p.stop()
	require.Equal(t, 1, cloud.Size())

	p = startProgram(t, env, "-interval", "1h")
	await(t, p, func() bool { return cloud.Size() == 2 })
}

func TestOneStateDirectoryServesOneProgram(t *testing.T) {
	t.Parallel()
	cloud := cloudtest.New(t, 1)
	env := withState(t, cloud.Env(nil))
	p := startProgram(t, env)
	p.log.Await(t, regexp.QuoteMeta("listening"))
	code, stderr := runOnce(t, env, "-listen-address", "127.0.0.1", "-listen-port", programtest.FreePort(t))
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "another autoscaler uses it")
	p.stop()

	dir, err := openStateDir(env["STATE_DIRECTORY"], nil, nil)
	require.NoError(t, err, "a program that has ended leaves the directory free")
	require.NoError(t, dir.Close())
}

func TestUsualStateDirectoryIsOptional(t *testing.T) {
	t.Parallel()
	log := &programtest.Output{}
	logger := settings.Logging{}.NewLogger(log)
	dir, err := openStateDir("/proc/nowhere", nil, logger)
	require.NoError(t, err)
	assert.Empty(t, dir.path)
	assert.Contains(t, log.String(), "in memory only")
	require.NoError(t, dir.Close())
}

// runOnce runs the program, which has to end by itself.
func runOnce(t *testing.T, env map[string]string, args ...string) (code int, stderr string) {
	t.Helper()
	var out, log strings.Builder
	code = run(t.Context(), args, cloudtest.Getenv(env), &out, &log)
	return code, out.String() + log.String()
}

func TestExitCodes(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer busy.Close()
	taken := strconv.Itoa(busy.Addr().(*net.TCPAddr).Port)
	good := map[string]string{
		"EXOSCALE_KEY": "EXOk", "EXOSCALE_SECRET": "s", "EXOSCALE_ZONE": "at-vie-1", "EXOSCALE_INSTANCEPOOL_ID": "web",
		"LISTEN_ADDRESS": "127.0.0.1", "LISTEN_PORT": programtest.FreePort(t),
	}
	for name, c := range map[string]struct {
		env  map[string]string
		args []string
		code int
		want string
	}{
		"help":               {nil, []string{"-h"}, 0, "-interval DURATION"},
		"version":            {nil, []string{"-version"}, 0, "autoscaler "},
		"nothing is set":     {nil, nil, 2, "EXOSCALE_INSTANCEPOOL_ID (flag -pool) is missing"},
		"port is taken":      {good, []string{"-listen-port", taken}, 1, "choose another port"},
		"named state is bad": {good, []string{"-state-dir", "/proc/nowhere"}, 2, "/proc/nowhere"},
	} {
		t.Run(name, func(t *testing.T) {
			code, stderr := runOnce(t, c.env, c.args...)
			assert.Equal(t, c.code, code)
			assert.Contains(t, stderr, c.want)
		})
	}
}

func TestSignalLetsTheCallInFlightFinish(t *testing.T) {
	t.Parallel()
	cloud := cloudtest.New(t, 1)
	env := withState(t, cloud.Env(nil))
	earlier := startProgram(t, env, "-interval", "1h")
	earlier.log.Await(t, "no-demand")
	send(t, http.MethodPost, earlier.url+"/up")
	earlier.stop()

	_, err := cloud.Faults().Add(exoapi.Fault{
		Name: exoapi.FaultLatency, Operation: "scale-instance-pool", Count: 1, Duration: 500 * time.Millisecond,
	})
	require.NoError(t, err)
	p := programtest.Start(t, programtest.Self(t, env, "-poll", "10ms", "-listen-address", "127.0.0.1", "-listen-port", programtest.FreePort(t)))
	require.Eventually(t, func() bool { return cloud.Calls().ByOperation["scale-instance-pool"] > 0 },
		10*time.Second, time.Millisecond, "log: %s", p)
	require.Equal(t, 1, cloud.Size())
	before := time.Now()
	p.Stop(t)
	assert.Less(t, time.Since(before), 5*time.Second)
	assert.Equal(t, 2, cloud.Size(), "the resize was not cut off")
	assert.Contains(t, p.String(), "stopped")
}

func TestSignalEndsAnIdleProcessWithinASecond(t *testing.T) {
	t.Parallel()
	cloud := cloudtest.New(t, 1)
	p := programtest.Start(t, programtest.Self(t, withState(t, cloud.Env(nil)), "-listen-address", "127.0.0.1", "-listen-port", programtest.FreePort(t)))
	p.Await(t, "no-demand")
	before := time.Now()
	p.Stop(t)
	assert.Less(t, time.Since(before), time.Second)
	assert.NotContains(t, p.String(), cloud.Secret)
}
