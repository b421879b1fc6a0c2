package fakecloud_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/machine/process"
)

// memberProcesses returns the processes of machines that this one has started.
func memberProcesses(t *testing.T) (members []string) {
	t.Helper()
	names, err := filepath.Glob("/proc/[0-9]*/status")
	require.NoError(t, err)
	parent := []byte("\nPPid:\t" + strconv.Itoa(os.Getpid()) + "\n")
	for _, name := range names {
		status, err := os.ReadFile(name)
		if err != nil || !bytes.Contains(status, parent) {
			continue // ended meanwhile, or another program's
		}
		command, err := os.ReadFile(strings.Replace(name, "status", "cmdline", 1))
		if err == nil && bytes.Contains(command, []byte(process.MemberArgument)) {
			members = append(members, name)
		}
	}
	return members
}

func TestClientsReachProcessesThroughTheLoadBalancer(t *testing.T) {
	cloud, _ := start(t, fakecloud.Config{Speed: 100, Machines: fakecloud.Processes(process.Config{Work: time.Millisecond})})
	pool, err := cloud.CreatePool(t.Context(), fakecloud.Pool{Name: "web", Size: 2})
	require.NoError(t, err)
	balancer, err := cloud.CreateBalancer(t.Context(), fakecloud.Service{Name: "web", Pool: pool, Port: 80, TargetPort: process.LoadPort})
	require.NoError(t, err)
	client := &http.Client{Transport: &http.Transport{DialContext: cloud.DialContext, DisableKeepAlives: true}}
	url := "http://" + cloud.API().Balancers()[0].Address.String() + "/health"
	require.Eventually(t, func() bool { // it refuses connections until a member is healthy
		resp, err := client.Get(url)
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return err == nil && strings.TrimSpace(string(body)) == "OK"
	}, time.Minute, time.Millisecond)
	endpoint, ok := cloud.Endpoint(balancer, 80)
	assert.True(t, ok)
	assert.Equal(t, cloud.API().Balancers()[0].Address, endpoint.Addr())
	assert.Positive(t, cloud.PortFor(process.LoadPort))
	assert.NotEmpty(t, memberProcesses(t))

	require.NoError(t, cloud.Close())

	assert.Empty(t, memberProcesses(t), "no process outlives its cloud")
}
