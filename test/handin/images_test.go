package handin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/machine/nspawn/template"
	"github.com/exopool/exopool/internal/handin"
	"github.com/exopool/exopool/internal/rehearsal/acceptance"
	"github.com/exopool/exopool/internal/rehearsal/containerhost"
)

// A stage has the cloud in which the images are tried.
type stage struct {
	cloud  *fakecloud.Cloud
	engine acceptance.Engine
	dir    string // what is handed in
	pool   string
}

// TestImagesOnMachinesThatBoot builds both images with their folders alone, and
// runs them with the environment that the course's checker gives them.
func TestImagesOnMachinesThatBoot(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, handin.Write(t.Context(), "../..", dir))
	cloud := startCloud(t, baseImage(t, filepath.Join(dir, "autoscaler", "Dockerfile")))
	engine, err := containerhost.New(containerhost.Config{StartMachine: cloud.StartHelper})
	require.NoError(t, err)
	pool, err := cloud.CreatePool(t.Context(), fakecloud.Pool{Name: "web", Size: 2, Template: template.Default})
	require.NoError(t, err)
	s := stage{cloud, engine, dir, pool}

	t.Run("servicediscovery", func(t *testing.T) {
		c, environ := s.start(t, "servicediscovery")
		s.wait(t, c, "all members in the file", time.Minute, func() bool { return s.hasAllMembers(t, c, environ["TARGET_PORT"]) })
		s.resize(t, 1)
		s.wait(t, c, "one member in the file", 2*time.Minute, func() bool {
			return len(cloud.API().Instances()) == 1 && s.hasAllMembers(t, c, environ["TARGET_PORT"])
		})
		s.stop(t, c)
	})
	t.Run("autoscaler", func(t *testing.T) {
		s.resize(t, 1)
		c, _ := s.start(t, "autoscaler")
		for i, step := range []struct {
			path string
			size int
		}{{"/up", 2}, {"/down", 1}, {"/down", 1}} {
			s.wait(t, c, "answer to "+step.path, time.Minute, func() bool { return get(t, c.URL()+step.path, nil) == nil })
			s.wait(t, c, "turn that acts on it", 3*time.Minute, func() bool { return settled(t, c) == i+1 })
			s.wait(t, c, fmt.Sprintf("size %d", step.size), time.Minute, func() bool { return len(cloud.API().Instances()) == step.size })
		}
		s.stop(t, c)
	})
}

// start builds the image of a folder and starts a container, as the checker does.
func (s *stage) start(t *testing.T, folder string) (acceptance.Container, map[string]string) {
	t.Helper()
	begin := time.Now()
	image, err := s.engine.Build(t.Context(), filepath.Join(s.dir, folder))
	require.NoError(t, err)
	t.Logf("image of %s built in %s", folder, time.Since(begin).Round(time.Second))
	connection := s.cloud.Connection()
	port := 1024 + rand.IntN(64510)
	environ := map[string]string{
		"EXOSCALE_KEY": connection.Key, "EXOSCALE_SECRET": connection.Secret, "EXOSCALE_ZONE": connection.Zone,
		"EXOSCALE_ZONE_ID": "85664334-0fd5-47bd-94a1-b4f40b1d2eb7", "EXOSCALE_INSTANCEPOOL_ID": s.pool,
		"TARGET_PORT": strconv.Itoa(1024 + rand.IntN(64510)), "LISTEN_PORT": strconv.Itoa(port),
	}
	c, err := s.engine.Start(t.Context(), acceptance.ContainerSpec{Image: image, Env: environ, Port: port})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, c.Close(context.WithoutCancel(t.Context()))) })
	return c, environ
}

// stop asks the container to end.
func (s *stage) stop(t *testing.T, c acceptance.Container) {
	t.Helper()
	code, err := c.Stop(t.Context())
	require.NoError(t, err)
	log, err := c.Log(t.Context())
	require.NoError(t, err)
	assert.Zero(t, code, "exit code; its log:\n%s", log)
}

// wait waits until something is so; a container that is in the way of it says why.
func (s *stage) wait(t *testing.T, c acceptance.Container, what string, limit time.Duration, holds func() bool) {
	t.Helper()
	begin := time.Now()
	for !holds() {
		if time.Since(begin) > limit {
			log, err := c.Log(t.Context())
			require.NoError(t, err)
			t.Fatalf("no %s after %s; log of the container:\n%s", what, limit, log)
		}
		select {
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
	t.Logf("%s after %s", what, time.Since(begin).Round(100*time.Millisecond))
}

// hasAllMembers reports whether the targets file names all members of the pool and
// nothing else.
func (s *stage) hasAllMembers(t *testing.T, c acceptance.Container, port string) bool {
	t.Helper()
	content, err := c.ReadFile(t.Context(), "config.json")
	if err != nil { // not written yet
		return false
	}
	var groups []struct{ Targets []string }
	require.NoError(t, json.Unmarshal(content, &groups), "%s", content)
	var have, want []string
	for _, group := range groups {
		have = append(have, group.Targets...)
	}
	for _, member := range s.cloud.API().Instances() {
		want = append(want, member.Address.String()+":"+port)
	}
	slices.Sort(have)
	slices.Sort(want)
	return slices.Equal(have, want)
}

func (s *stage) resize(t *testing.T, size int) {
	t.Helper()
	require.NoError(t, s.cloud.API().Call(t.Context(), http.MethodPut, "/v2/instance-pool/"+s.pool+":scale", map[string]any{"size": size}, nil))
}

// settled returns in how many turns the autoscaler has acted on a webhook.
func settled(t *testing.T, c acceptance.Container) int {
	t.Helper()
	var all []autoscale.Decision
	if get(t, c.URL()+"/decisions", &all) != nil {
		return 0
	}
	all = slices.DeleteFunc(all, func(d autoscale.Decision) bool { return len(d.Settled) == 0 })
	return len(all)
}

// get asks for a page, and decodes it if answer is not nil.
func get(t *testing.T, url string, answer any) error {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	resp, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return err
	case resp.StatusCode != http.StatusOK:
		return fmt.Errorf("%s: %s", resp.Status, body)
	case answer == nil:
		return nil
	}
	return json.Unmarshal(body, answer)
}
