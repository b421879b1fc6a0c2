package system_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/demo/internal/system"
	"github.com/exopool/exopool/cmd/demo/internal/view"
	"github.com/exopool/exopool/internal/rehearsal/grafanaserver"
	"github.com/exopool/exopool/internal/scripttest"
)

// actAsGrafana makes the test binary act as a Grafana whose alert fires at once.
// Its value is a file for its process id.
const actAsGrafana = "EXOPOOL_TEST_ACT_AS_GRAFANA"

func grafanaMain(pidFile string) int {
	must := func(err error) {
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	must(os.WriteFile(pidFile, []byte(fmt.Sprint(os.Getpid())), 0o600))
	rules := `{"data":{"groups":[{"name":"autoscaling","rules":[
		{"name":"CPU high","state":"firing","health":"ok","lastEvaluation":"2026-01-02T03:04:05Z","labels":{"autoscale":"up"}},
		{"name":"CPU low","state":"inactive","health":"ok","lastEvaluation":"2026-01-02T03:04:05Z","labels":{"autoscale":"down"}}]}]}}`
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:"+os.Getenv("GF_SERVER_HTTP_PORT"))
	must(err)
	for _, token := range []string{os.Getenv("WEBHOOK_TOKEN"), "wrong"} {
		request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, os.Getenv("AUTOSCALER_URL")+"/up", nil)
		must(err)
		request.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(request)
		must(err)
		_ = answer.Body.Close()
	}
	must(http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/rules") {
			fmt.Fprint(w, rules)
			return
		}
		fmt.Fprint(w, "{}")
	})))
	return 0
}

func TestGrafanaEvaluatesTheAlertsWhenThereIsOne(t *testing.T) {
	home, pidFile := t.TempDir(), filepath.Join(t.TempDir(), "pid")
	program := filepath.Join(home, "grafana")
	script := fmt.Sprintf("#!/bin/sh\n%s='%s' exec '%s' \"$@\"\n", actAsGrafana, pidFile, os.Args[0])
	scripttest.Write(t, program, script)
	require.NoError(t, os.MkdirAll(filepath.Join(home, "public"), 0o700))
	cfg := config()
	cfg.Grafana = &grafanaserver.Installation{Program: program, Command: []string{"server"}, Home: home, Version: "10.1.2"}
	pid := 0
	t.Run("its alerts are shown", func(t *testing.T) {
		s := run(t, cfg)
		await(t, s, "the alert fires", func(v view.Snapshot) bool { return v.Alerts.High == view.AlertFiring })
		await(t, s, "its webhook counts, the one without the token does not", func(v view.Snapshot) bool { return v.Webhooks.Up == 1 })
		v := s.Snapshot()
		assert.Equal(t, "grafana 10.1.2", v.Settings.Alerting)
		assert.InDelta(t, 1, v.Speed, 0)
		assert.Contains(t, v.Addresses.Grafana, "http://127.0.0.1:")
		text, err := os.ReadFile(pidFile)
		require.NoError(t, err)
		_, err = fmt.Sscan(string(text), &pid)
		require.NoError(t, err)
		require.NoError(t, syscall.Kill(pid, 0))
	})
	assert.ErrorIs(t, syscall.Kill(pid, 0), syscall.ESRCH, "it ends with the system")
}

func TestGrafanaRunsInRealTime(t *testing.T) {
	cfg := config()
	cfg.Speed = 10
	cfg.Grafana = &grafanaserver.Installation{Program: "/nowhere", Home: t.TempDir()}
	require.NoError(t, os.MkdirAll(filepath.Join(cfg.Grafana.Home, "public"), 0o700))
	s, err := system.Start(t.Context(), cfg, view.NewHub())
	require.NoError(t, err)
	defer s.Close()

	assert.Equal(t, time.Minute, s.Times().Turn)
	assert.Equal(t, time.Minute, s.Times().For)
	assert.Equal(t, 2*time.Second, s.Times().Boot)
}
