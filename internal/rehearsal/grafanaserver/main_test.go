package grafanaserver_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/exopool/exopool/internal/rehearsal/grafanaserver"
	"github.com/exopool/exopool/internal/scripttest"
	"github.com/exopool/exopool/terraform/files"
)

// actAsGrafana makes the test binary a fake Grafana, of one of these kinds.
const actAsGrafana = "EXOPOOL_TEST_ACT_AS_GRAFANA"

const (
	wellBehaved = "well-behaved"
	stubborn    = "stubborn"   // ignores SIGTERM
	misled      = "misled"     // finds an error in its files
	shortLived  = "shortlived" // exits at once
)

func TestMain(m *testing.M) {
	if how := os.Getenv(actAsGrafana); how != "" {
		os.Exit(act(how))
	}
	if settings := os.Getenv(runGrafana); settings != "" {
		os.Exit(runServer(settings))
	}
	os.Exit(m.Run())
}

// runGrafana makes the test binary run a Grafana until it is killed: its value
// is the program, the home and the folder.
const runGrafana = "EXOPOOL_TEST_RUN_GRAFANA"

func runServer(settings string) int {
	words := strings.Split(settings, "\n")
	server, err := grafanaserver.New(grafanaserver.Config{
		Installation: grafanaserver.Installation{Program: words[0], Command: []string{"server"}, Home: words[1]},
		Files:        files.Monitoring(), Dir: words[2],
		PrometheusURL: "http://127.0.0.1:1", AutoscalerURL: "http://127.0.0.1:1", WebhookToken: "a-token",
	})
	if err == nil {
		err = server.Run(context.Background())
	}
	fmt.Println(err)
	return 1
}

// act is what the fake Grafana does. It writes what it was started with into
// its working directory.
func act(how string) int {
	for _, argument := range os.Args[1:] {
		if argument == "--version" || argument == "-v" {
			fmt.Println("grafana version 10.1.2")
			return 0
		}
	}
	// A child process that must not outlive it.
	child := exec.CommandContext(context.Background(), "sleep", "1000")
	if err := child.Start(); err != nil {
		fmt.Println(err)
		return 1
	}
	started, _ := json.Marshal(map[string]any{
		"arguments": os.Args[1:], "environment": os.Environ(), "pid": os.Getpid(), "child": child.Process.Pid,
	})
	if err := os.WriteFile("started.json", started, 0o600); err != nil {
		fmt.Println(err)
		return 1
	}
	switch how {
	case shortLived:
		starts, _ := os.ReadFile("starts")
		_ = os.WriteFile("starts", append(starts, '.'), 0o600)
		fmt.Println(`{"level":"error","logger":"server","msg":"cannot go on"}`)
		return 3
	case misled:
		fmt.Println("not every line is JSON")
		fmt.Println(`{"level":"error","logger":"provisioning.alerting","msg":"no such receiver"}`)
	case stubborn:
		signal.Ignore(syscall.SIGTERM)
	}
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp",
		net.JoinHostPort(os.Getenv("GF_SERVER_HTTP_ADDR"), os.Getenv("GF_SERVER_HTTP_PORT")))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	_ = http.Serve(l, answers())
	return 0
}

// answers are those of a Grafana that has started.
func answers() http.Handler {
	mux := http.NewServeMux()
	for path, answer := range map[string]string{
		"/api/health": `{}`,
		"/api/prometheus/grafana/api/v1/rules": `{"data":{"groups":[{"name":"autoscaling","rules":[
			{"name":"CPU high","state":"firing","health":"ok","lastEvaluation":"2026-01-02T03:04:05Z","labels":{"autoscale":"up"}},
			{"name":"Member down","state":"inactive","health":"ok","lastEvaluation":"0001-01-01T00:00:00Z"}]}]}}`,
		"/api/datasources/uid/prometheus/health":             `{"status":"OK"}`,
		"/api/v1/provisioning/contact-points":                `[{"name":"autoscaler-up","type":"webhook","disableResolveMessage":true,"settings":{"url":"http://127.0.0.1:8090/up"}}]`,
		"/api/v1/provisioning/policies":                      `{"receiver":"nobody","routes":[{"receiver":"autoscaler-up","object_matchers":[["autoscale","=","up"]],"group_interval":"10s"}]}`,
		"/api/search":                                        `[{"uid":"exopool-pool","title":"Pool","folderTitle":"Exopool"}]`,
		"/api/datasources/proxy/uid/prometheus/api/v1/query": `{"data":{"result":[{"value":[1,"42.5"]}]}}`,
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			password, _ := os.ReadFile("admin-password")
			if _, given, ok := r.BasicAuth(); !ok || given != string(password) {
				http.Error(w, "who are you", http.StatusUnauthorized)
				return
			}
			fmt.Fprint(w, answer)
		})
	}
	return mux
}

// install makes a folder with a Grafana that behaves in this way.
func install(t *testing.T, name, how string) (folder string) {
	t.Helper()
	folder = t.TempDir()
	must(t, os.MkdirAll(filepath.Join(folder, "bin"), 0o700))
	must(t, os.MkdirAll(filepath.Join(folder, "home", "conf", "provisioning", "plugins"), 0o700))
	must(t, os.MkdirAll(filepath.Join(folder, "home", "public", "views"), 0o700))
	must(t, os.WriteFile(filepath.Join(folder, "home", "conf", "defaults.ini"), nil, 0o600))
	self, err := os.Executable()
	must(t, err)
	script := fmt.Sprintf("#!/bin/sh\n%s=%s exec %s \"$@\"\n", actAsGrafana, how, quote(self))
	scripttest.Write(t, filepath.Join(folder, "bin", name), script)
	return folder
}

func quote(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
