package test_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/discovery"
	"github.com/exopool/exopool/exoscale"
	"github.com/exopool/exopool/fake/exoapi"
)

const zone = "at-vie-1"

// A wire carries the API calls of one run of a program, until the program is
// killed: then nothing gets through, whatever its goroutines still try.
type wire struct {
	http.RoundTripper
	dead  atomic.Bool
	watch func(*http.Request, func() (*http.Response, error)) (*http.Response, error)
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if w.dead.Load() {
		return nil, io.ErrClosedPipe
	}
	return w.watch(r, func() (*http.Response, error) { return w.RoundTripper.RoundTrip(r) })
}

// A program is one run of autoscaler or discovery.
type program struct {
	wire    *wire
	loop    *autoscale.Loop // of an autoscaler
	handler http.Handler
	stop    context.CancelFunc
	done    sync.WaitGroup
}

// start runs a program until it is stopped or killed.
func (p *program) start(run func(context.Context) error) {
	ctx, stop := context.WithCancel(context.Background())
	p.stop = stop
	p.done.Go(func() { _ = run(ctx) })
}

// kill ends a program so that it does no more; what it had in flight is lost.
func (p *program) kill() {
	p.wire.dead.Store(true)
	p.stop()
	p.done.Wait()
}

// terminate ends a program as a signal does.
func (p *program) terminate() {
	p.stop()
	p.done.Wait()
}

// A system is both programs on one emulated cloud.
type system struct {
	cloud      *exoapi.Cloud
	pool       string
	dir        string
	states     int // directories used so far
	autoscaler *program
	discovery  *program
	ledger     *ledger
}

func newSystem(ctx context.Context, dir string, s schedule) (*system, error) {
	cloud, err := exoapi.New(exoapi.Config{Zones: []string{zone}, Seed: s.seed})
	if err != nil {
		return nil, err
	}
	y := &system{cloud: cloud, dir: dir}
	if y.pool, err = y.makePool(ctx, s.start); err != nil {
		return nil, err
	}
	y.ledger = newLedger(y.size, y.alive)
	if err := os.Mkdir(y.stateDir(), 0o700); err != nil {
		return nil, err
	}
	if err := y.startAutoscaler(); err != nil {
		return nil, err
	}
	return y, y.startDiscovery()
}

func (y *system) makePool(ctx context.Context, size int) (string, error) {
	first := func(path, key string) (string, error) {
		list := map[string][]struct {
			ID string `json:"id"`
		}{}
		if err := y.cloud.Call(ctx, http.MethodGet, path, nil, &list); err != nil {
			return "", err
		}
		return list[key][0].ID, nil
	}
	template, err := first("/v2/template?visibility=public", "templates")
	if err != nil {
		return "", err
	}
	kind, err := first("/v2/instance-type", "instance-types")
	if err != nil {
		return "", err
	}
	return y.cloud.Do(ctx, http.MethodPost, "/v2/instance-pool", map[string]any{
		"name": "web", "size": size, "disk-size": 10,
		"template": map[string]string{"id": template}, "instance-type": map[string]string{"id": kind},
	})
}

// client returns a client for one run of a program.
func (y *system) client(w *wire) (*exoscale.Client, error) {
	key, secret := y.cloud.Credential()
	return exoscale.New(exoscale.Config{
		Key: key, Secret: secret, Zone: zone, Endpoint: "http://127.0.0.1/v2", Transport: w,
	})
}

func (y *system) stateDir() string   { return filepath.Join(y.dir, fmt.Sprintf("state-%d", y.states)) }
func (y *system) targetFile() string { return filepath.Join(y.dir, "config.json") }

func (y *system) startAutoscaler() error {
	y.ledger.restarted()
	p := &program{wire: &wire{RoundTripper: y.cloud.Transport(), watch: y.ledger.watch}}
	client, err := y.client(p.wire)
	if err != nil {
		return err
	}
	p.loop, err = autoscale.New(autoscale.Config{
		Pool: client.Pool(y.pool), PoolName: "web", Zone: zone,
		Min: minSize, Max: maxSize, StateDir: y.stateDir(), Logger: slog.New(settledLog{y.ledger, &p.wire.dead}),
	})
	if err != nil {
		return err
	}
	p.handler = autoscale.NewHandler(p.loop, autoscale.HandlerConfig{})
	p.start(p.loop.Run)
	y.autoscaler = p
	return nil
}

// killAutoscaler kills the autoscaler and starts another on what the disk
// held at that moment.
func (y *system) killAutoscaler() error {
	before := y.stateDir()
	y.states++
	if err := os.CopyFS(y.stateDir(), os.DirFS(before)); err != nil {
		return err
	}
	y.autoscaler.kill()
	return y.startAutoscaler()
}

func (y *system) restartAutoscaler() error {
	y.autoscaler.terminate()
	return y.startAutoscaler()
}

func (y *system) startDiscovery() error {
	p := &program{wire: &wire{RoundTripper: y.cloud.Transport(), watch: y.lookAtTargets}}
	client, err := y.client(p.wire)
	if err != nil {
		return err
	}
	agent, err := discovery.New(discovery.Config{
		Lister: client.Lister(), Pools: []string{y.pool}, File: y.targetFile(),
		Interval: 20 * time.Second,
	})
	if err != nil {
		return err
	}
	p.start(agent.Run)
	y.discovery = p
	return nil
}

// lookAtTargets looks at the targets file around each call of discovery.
func (y *system) lookAtTargets(_ *http.Request, call func() (*http.Response, error)) (*http.Response, error) {
	y.ledger.targets(y.targetFile())
	resp, err := call()
	y.ledger.targets(y.targetFile())
	return resp, err
}

// webhook posts to the autoscaler and returns the status of the answer.
func (y *system) webhook(path, contentType, body string) int {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	w := httptest.NewRecorder()
	y.autoscaler.handler.ServeHTTP(w, r)
	return w.Code
}

func (y *system) size() int { return y.cloud.Pools()[0].Size }

// alive returns the addresses of members that are not on their way out.
func (y *system) alive() map[string]bool {
	pool := y.cloud.Pools()[0]
	members := map[string]bool{}
	for _, id := range pool.Members {
		members[id] = true
	}
	addresses := map[string]bool{}
	for _, i := range y.cloud.Instances() {
		if members[i.ID] {
			addresses[i.Address.String()] = true
		}
	}
	return addresses
}

// loseMember deletes the oldest member behind the pool's back.
func (y *system) loseMember(ctx context.Context) {
	if members := y.cloud.Pools()[0].Members; len(members) > 0 {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Minute) // faults strike this call, too
		defer cancel()
		// It may be on its way out already, and then that is refused.
		_ = y.cloud.Call(ctx, http.MethodDelete, "/v2/instance/"+members[0], nil, nil)
	}
}

// body reads a request's body and puts it back.
func body(r *http.Request) string {
	if r.Body == nil {
		return ""
	}
	data, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(data))
	return string(data)
}

var scaleBody = regexp.MustCompile(`"size":\s*(-?\d+)`)
