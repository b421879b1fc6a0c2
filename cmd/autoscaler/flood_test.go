//go:build linux && !race

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/cloudtest"
	"github.com/exopool/exopool/internal/programtest"
)

const (
	floodToken = "a-token-that-is-long-enough"
	// roomy is how much memory the program may use under a flood, in KiB. Its
	// unit allows it 128 MiB.
	roomy = 64 << 10
)

// resident returns the most memory that a process has used so far, in KiB.
func resident(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	require.NoError(t, err)
	for line := range bytes.Lines(status) {
		if fields := strings.Fields(string(line)); fields[0] == "VmHWM:" {
			n, err := strconv.Atoi(fields[1])
			require.NoError(t, err)
			return n
		}
	}
	require.Fail(t, "no VmHWM")
	return 0
}

// clientFrom returns a client with its own address, out of 127.0.0.0/8,
// that opens a connection for each request.
func clientFrom(address string) *http.Client {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	return &http.Client{
		Timeout:   30 * time.Second, // on a host that has much else to do
		Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true},
	}
}

// flood opens connections by the thousand, sends the same on each, and leaves
// them open without reading until the test ends.
func flood(t *testing.T, address, from string, connections int, say string) {
	t.Helper()
	dialer := &net.Dialer{Timeout: 10 * time.Second, LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	work := make(chan struct{}, connections)
	for range connections {
		work <- struct{}{}
	}
	close(work)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			for range work {
				c, err := dialer.DialContext(t.Context(), "tcp", address)
				if err != nil {
					continue // there are limits on this side, too
				}
				context.AfterFunc(t.Context(), func() { c.Close() })
				_ = c.SetDeadline(time.Now().Add(10 * time.Second))
				_, _ = io.WriteString(c, say) // the program may hang up meanwhile
			}
		})
	}
	all.Wait()
}

// alertsPost is a webhook with as many alerts as a body can hold.
func alertsPost() string {
	body := `{"alerts":[` + strings.Repeat(`{},`, 21_800) + `{}]}`
	return fmt.Sprintf("POST /up?token=%s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		floodToken, len(body), body)
}

func TestMemoryIsBoundedWhateverStrangersSend(t *testing.T) {
	cloud := cloudtest.New(t, 1)
	cmd, address := process(t, cloud.Env(map[string]string{"WEBHOOK_TOKEN": floodToken}))
	idle := resident(t, cmd)
	floods := []struct {
		name, say string
	}{
		{"heads of 60 KiB", "POST /up HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("a", 60<<10)},
		{"heads of 8 KiB that never end", "POST /up HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("a", 8000)},
		{"bodies that never end", "POST /up?token=" + floodToken + " HTTP/1.1\r\nHost: x\r\nContent-Length: 65536\r\n\r\n" + strings.Repeat("a", 65000)},
		{"wrong tokens with a body", "POST /up?token=x HTTP/1.1\r\nHost: x\r\nContent-Length: 65536\r\n\r\n" + strings.Repeat("a", 65000)},
		{"answers that are not read", strings.Repeat("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 100)},
		{"bodies that are much to read", alertsPost()},
		{"silence", ""},
	}
	for _, f := range floods {
		t.Run(f.name, func(t *testing.T) {
			flood(t, address, "127.0.0.66", 1000, f.say)
			for _, from := range []string{"127.0.0.2", "127.0.0.66"} { // a neighbour, and one behind the same address
				resp, err := clientFrom(from).Post("http://"+address+"/up?token="+floodToken, "", nil)
				require.NoError(t, err)
				resp.Body.Close()
				assert.Equal(t, http.StatusOK, resp.StatusCode)
			}
			used := resident(t, cmd)
			t.Logf("used at most %d KiB so far, idle %d KiB", used, idle)
			assert.Less(t, used, roomy)
		})
	}
}

// process runs the program as a process until the test ends, and returns its
// address.
func process(t *testing.T, env map[string]string, args ...string) (cmd *exec.Cmd, address string) {
	t.Helper()
	port := programtest.FreePort(t)
	args = append([]string{"-listen-address", "127.0.0.1", "-listen-port", port}, args...)
	p := programtest.Start(t, programtest.Self(t, withState(t, env), args...))
	p.Await(t, "no-demand")
	return p.Cmd, "127.0.0.1:" + port
}
