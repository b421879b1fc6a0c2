package main

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/cloudtest"
	"github.com/exopool/exopool/cmd/internal/command"
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
	file string
	stop func() int // stops it and returns the exit code
}

func startProgram(t *testing.T, env map[string]string, args ...string) program {
	t.Helper()
	p := program{log: &programtest.Output{}, file: filepath.Join(t.TempDir(), "sd", "config.json")}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	args = append([]string{"-file", p.file, "-listen", "127.0.0.1:0", "-refresh", "100ms"}, args...)
	go func() { ended <- run(ctx, args, cloudtest.Getenv(env), io.Discard, p.log) }()
	p.stop = func() int {
		cancel()
		code := <-ended
		ended <- code
		return code
	}
	t.Cleanup(func() { p.stop() })
	return p
}

// address waits for the address that the log names.
func address(t *testing.T, log *programtest.Output) string {
	t.Helper()
	return log.Await(t, `address=(\S+)`)[1]
}

func get(t *testing.T, url string) (code int, body string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(content)
}

// awaitTargets waits until the file has n targets.
func awaitTargets(t *testing.T, p program, n int) {
	t.Helper()
	require.Eventually(t, func() bool {
		content, err := os.ReadFile(p.file)
		return err == nil && strings.Count(string(content), ":9100") == n
	}, 10*time.Second, 5*time.Millisecond, "log: %s", p.log)
}

// awaitReady waits until the first refresh is complete: the file is written a
// moment before.
func awaitReady(t *testing.T, client *http.Client, url string) {
	t.Helper()
	require.Eventually(t, func() bool {
		resp, err := client.Get(url + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}, 10*time.Second, 5*time.Millisecond)
}

func awaitLog(t *testing.T, p program, parts ...string) {
	t.Helper()
	for _, part := range parts {
		p.log.Await(t, regexp.QuoteMeta(part))
	}
}

func TestFileFollowsThePool(t *testing.T) {
	cloud := cloudtest.New(t, 2)
	p := startProgram(t, cloud.Env(nil))
	awaitTargets(t, p, 2)
	cloud.Resize(t, 3)
	awaitTargets(t, p, 3)
	cloud.Resize(t, 1)
	awaitTargets(t, p, 1)

	url := "http://" + address(t, p.log)
	awaitReady(t, http.DefaultClient, url)
	content, err := os.ReadFile(p.file)
	require.NoError(t, err)
	code, body := get(t, url+"/targets")
	assert.Equal(t, 200, code)
	assert.Equal(t, string(content), body)
	for _, path := range []string{"/healthz", "/readyz"} {
		code, _ = get(t, url+path)
		assert.Equal(t, 200, code, path)
	}
	_, metrics := get(t, url+"/metrics")
	assert.Contains(t, metrics, `exopool_discovery_targets{pool="`+cloud.Pool+`"} 1`)
	assert.Contains(t, metrics, "go_goroutines")

	assert.Equal(t, 0, p.stop())
	after, err := os.ReadFile(p.file)
	require.NoError(t, err)
	assert.Equal(t, content, after, "stopping leaves the file as it is")
	assert.NotContains(t, p.log.String(), cloud.Secret)
}

func TestListsThatLackMembersLeaveTheFileAlone(t *testing.T) {
	cloud := cloudtest.New(t, 5)
	p := startProgram(t, cloud.Env(nil))
	awaitTargets(t, p, 5)
	before, err := os.Stat(p.file)
	require.NoError(t, err)
	_, err = cloud.Faults().Add(exoapi.Fault{Name: exoapi.FaultPartialList, Operation: "list-instances", Keep: 1, Count: 3})
	require.NoError(t, err)
	awaitLog(t, p, "contradicts the pool", "listed=1 size=5 members=5", "agrees with the pool again")
	after, err := os.Stat(p.file)
	require.NoError(t, err)
	assert.True(t, os.SameFile(before, after), "it was not replaced, not even for a moment")
	url, metrics := "http://"+address(t, p.log)+"/metrics", ""
	require.Eventually(t, func() bool {
		_, metrics = get(t, url)
		return strings.Contains(metrics, `exopool_discovery_held_targets{pool="`+cloud.Pool+`"} 0`)
	}, 10*time.Second, 5*time.Millisecond)
	assert.Contains(t, metrics, `exopool_discovery_stale_lists_total{pool="`+cloud.Pool+`"} 3`)
}

func TestTargetsComeOverTLSToThoseWithTheToken(t *testing.T) {
	cloud := cloudtest.New(t, 2)
	cert, key, trust := cloudtest.Certificate(t)
	env := cloud.Env(map[string]string{"DISCOVERY_TOKEN": "hush-hush-hush-hush"})
	p := startProgram(t, env, "-tls-cert", cert, "-tls-key", key)
	awaitTargets(t, p, 2)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trust}}}
	t.Cleanup(client.CloseIdleConnections)
	awaitReady(t, client, "https://"+address(t, p.log))
	for path, want := range map[string]int{
		"/targets": 401, "/metrics": 401, "/healthz": 200, "/readyz": 200,
		"/targets?token=hush-hush-hush-hush": 200, "/metrics?token=hush-hush-hush-hush": 200, "/targets?token=x": 401,
	} {
		resp, err := client.Get("https://" + address(t, p.log) + path)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, want, resp.StatusCode, path)
	}
	require.NoError(t, os.Remove(cert))
	code := run(t.Context(), []string{"-tls-cert", cert, "-tls-key", key, "-listen", "127.0.0.1:0", "-file", p.file + "2"},
		cloudtest.Getenv(env), io.Discard, io.Discard)
	assert.Equal(t, command.ExitUsage, code)
	assert.NotContains(t, p.log.String(), "hush-hush")
}

func TestPoolMayBeNamed(t *testing.T) {
	cloud := cloudtest.New(t, 1)
	p := startProgram(t, cloud.Env(map[string]string{"EXOSCALE_INSTANCEPOOL_ID": cloudtest.PoolName}), "-labels")
	awaitTargets(t, p, 1)
	content, err := os.ReadFile(p.file)
	require.NoError(t, err)
	assert.Contains(t, string(content), `"__meta_exoscale_pool_name":"web"`)
	assert.Contains(t, string(content), `"__meta_exoscale_zone":"at-vie-1"`)
}

func TestMemberMetricsShowTheAgeOfMembers(t *testing.T) {
	cloud := cloudtest.New(t, 1)
	p := startProgram(t, cloud.Env(map[string]string{"DISCOVERY_MEMBER_METRICS": "true"}))
	awaitTargets(t, p, 1)
	url := "http://" + address(t, p.log) + "/metrics"
	var metrics string
	require.Eventually(t, func() bool {
		_, metrics = get(t, url)
		return strings.Contains(metrics, "exopool_discovery_health_last_success_timestamp_seconds ")
	}, 10*time.Second, 5*time.Millisecond)
	assert.Contains(t, metrics, "exopool_discovery_member_created_timestamp_seconds{")
	assert.NotContains(t, metrics, "exopool_discovery_member_healthy{", "no load balancer is in front of this pool")
	assert.Contains(t, metrics, `operation="list-load-balancers"`)
}

func TestUnusableAPIIsReportedAndRetried(t *testing.T) {
	cloud := cloudtest.New(t, 1)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	closed.Close()
	for name, c := range map[string]struct {
		env  map[string]string
		want string
	}{
		"wrong key":       {map[string]string{"EXOSCALE_SECRET": "wrong"}, "check EXOSCALE_KEY and EXOSCALE_SECRET"},
		"unknown id":      {map[string]string{"EXOSCALE_INSTANCEPOOL_ID": "c19542b7-d269-4bd4-bf7c-2cae36d066d3"}, "check EXOSCALE_INSTANCEPOOL_ID"},
		"unknown name":    {map[string]string{"EXOSCALE_INSTANCEPOOL_ID": "nope"}, `there are: web`},
		"unreachable API": {map[string]string{"EXOSCALE_API_ENDPOINT": "http://" + closed.Addr().String()}, "the API cannot be reached"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startProgram(t, cloud.Env(c.env))
			awaitLog(t, p, c.want, "retry_in=")
			assert.NoFileExists(t, p.file)
			code, _ := get(t, "http://"+address(t, p.log)+"/readyz")
			assert.Equal(t, 503, code)
			code, _ = get(t, "http://"+address(t, p.log)+"/healthz")
			assert.Equal(t, 200, code)
			assert.Equal(t, 0, p.stop())
		})
	}
}

func TestPoolThatAppearsLaterIsFollowed(t *testing.T) {
	cloud := cloudtest.New(t, 1)
	p := startProgram(t, cloud.Env(map[string]string{"EXOSCALE_INSTANCEPOOL_ID": "later"}))
	awaitLog(t, p, `no pool named \"later\"`)
	cloud.Rename(t, "later")
	awaitTargets(t, p, 1)
}

func TestExitCodes(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer busy.Close()
	good := map[string]string{
		"EXOSCALE_KEY": "EXOk", "EXOSCALE_SECRET": "s", "EXOSCALE_ZONE": "at-vie-1", "EXOSCALE_INSTANCEPOOL_ID": "web",
	}
	for name, c := range map[string]struct {
		env  map[string]string
		args []string
		code int
		out  string
		err  string
	}{
		"help":            {nil, []string{"-h"}, 0, "-file PATH", ""},
		"version":         {nil, []string{"-version"}, 0, "discovery ", ""},
		"nothing is set":  {nil, nil, 2, "", "EXOSCALE_INSTANCEPOOL_ID (flag -pool) is missing"},
		"unknown flag":    {good, []string{"-fiel=x"}, 2, "", "-fiel"},
		"port is taken":   {good, []string{"-listen", busy.Addr().String()}, 1, "", "choose another port"},
		"unusable folder": {good, []string{"-listen=none", "-file=/proc/nowhere/config.json"}, 2, "", `DISCOVERY_FILE (flag -file) is "/proc/nowhere/config.json", which cannot be used`},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr strings.Builder
			code := run(t.Context(), c.args, cloudtest.Getenv(c.env), &stdout, &stderr)
			assert.Equal(t, c.code, code)
			assert.Contains(t, stdout.String(), c.out)
			assert.Contains(t, stderr.String(), c.err)
		})
	}
}

func TestSignalEndsTheProcessWithinASecond(t *testing.T) {
	cloud := cloudtest.New(t, 1)
	for name, env := range map[string]map[string]string{
		"TERM while it works":       cloud.Env(nil),
		"TERM while the API is off": cloud.Env(map[string]string{"EXOSCALE_API_ENDPOINT": "http://127.0.0.1:9/v2"}),
	} {
		t.Run(name, func(t *testing.T) {
			p := programtest.Start(t, programtest.Self(t, env, "-file", filepath.Join(t.TempDir(), "config.json"), "-listen", "127.0.0.1:0"))
			code, _ := get(t, "http://"+address(t, p.Output)+"/healthz")
			assert.Equal(t, 200, code)
			before := time.Now()
			p.Stop(t)
			assert.Less(t, time.Since(before), time.Second)
			assert.NotContains(t, p.String(), cloud.Secret)
		})
	}
}
