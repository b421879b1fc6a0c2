package test_test

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/drain"
	"github.com/exopool/exopool/internal/scripttest"
)

// A drainingMember answers with the program that members have, started for each
// connection as systemd does. The programs that it starts are not those of this
// host: what they are told is kept in files.
type drainingMember struct {
	port     int
	programs string
}

func newDrainingMember(t *testing.T) drainingMember {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed (Debian package: python3)")
	}
	m := drainingMember{programs: t.TempDir()}
	m.install(t, "ss", "")
	m.install(t, "nft", "")
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	m.port = l.Addr().(*net.TCPAddr).Port
	done := make(chan struct{})
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(func() { l.Close(); stop(); <-done })
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			m.serve(ctx, t, python, conn.(*net.TCPConn))
		}
	}()
	return m
}

func (m drainingMember) serve(ctx context.Context, t *testing.T, python string, conn *net.TCPConn) {
	t.Helper()
	input, err := conn.File()
	if !assert.NoError(t, err) {
		return
	}
	conn.Close()
	defer input.Close()
	cmd := exec.CommandContext(ctx, python, "-I", "../terraform/files/member/drain.py", "8080", m.processes())
	cmd.Stdin, cmd.Env = input, []string{"PATH=" + m.programs + ":/usr/bin:/bin"}
	_ = cmd.Run() // what it logs is not looked at
}

// install puts a shell script in the place of a program.
func (m drainingMember) install(t *testing.T, name, script string) {
	t.Helper()
	told := filepath.Join(m.programs, name+".told")
	scripttest.Write(t, filepath.Join(m.programs, name), "#!/bin/sh\necho \"$*\" >>"+told+"\n"+script+"\n")
}

// processes is the file that lists the processes of the application.
func (m drainingMember) processes() string { return filepath.Join(m.programs, "cgroup.procs") }

func (m drainingMember) told(t *testing.T, name string) string {
	t.Helper()
	return string(read(t, filepath.Join(m.programs, name+".told")))
}

// keepRules makes nft keep the rules that it is given, and list them.
func (m drainingMember) keepRules(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(m.programs, "rules")
	m.install(t, "nft", `case "$*" in
"-f -") cat >`+path+` ;;
"list tables") grep -s "^table .*{" `+path+`; true ;;
*) cat `+path+` ;;
esac`)
	return path
}

func (m drainingMember) client(t *testing.T, networks ...string) *drain.Client {
	t.Helper()
	client, err := drain.New(drain.Config{Port: m.port, Checks: func(context.Context) ([]netip.Prefix, error) {
		var list []netip.Prefix
		for _, text := range networks {
			list = append(list, netip.MustParsePrefix(text))
		}
		return list, nil
	}})
	require.NoError(t, err)
	return client
}

func TestDrainRefusesHealthChecksAndCountsTheConnectionsOfOthers(t *testing.T) {
	t.Parallel()
	m := newDrainingMember(t)
	rules := m.keepRules(t)
	m.install(t, "ss", `cat <<-E
	ESTAB      0 0 203.0.113.5:8080                     198.51.100.1:40000
	CLOSE-WAIT 1 0 [::ffff:203.0.113.5]:8080 [::ffff:198.51.100.2]:40001
	ESTAB      0 0 203.0.113.5:8080                        192.0.2.3:40002
	ESTAB      0 0 [::ffff:203.0.113.5]:8080    [::ffff:192.0.2.4]:40003
	ESTAB      0 0 127.0.0.1:8080                          127.0.0.1:40004
	ESTAB      0 0 [::1]:8080                                  [::1]:40005
	E`)
	client := m.client(t, "192.0.2.0/28", "192.0.2.4/32", "192.0.2.16/28", "198.18.0.7/32")

	open, err := client.Drain(t.Context(), "127.0.0.1")
	require.NoError(t, err)
	assert.Equal(t, 2, open, "without health checks and this machine's own")
	told := string(read(t, rules))
	assert.Contains(t, told, "tcp dport @ports ip saddr { 192.0.2.0/27, 198.18.0.7/32 } reject with tcp reset\n", "no two overlap")
	assert.Contains(t, told, "elements = { 8080 timeout 180s }\n")
	assert.Equal(t, "-Htn state established state syn-recv state fin-wait-1 state close-wait state closing state last-ack sport = :8080\n",
		m.told(t, "ss"))

	require.NoError(t, client.Resume(t.Context(), "127.0.0.1"))
	assert.Equal(t, "table inet exopool_drain\ndelete table inet exopool_drain\n", string(read(t, rules)))
}

func TestStopSignalsTheApplicationOfADrainOnly(t *testing.T) {
	t.Parallel()
	m := newDrainingMember(t)
	m.keepRules(t)
	application := exec.CommandContext(t.Context(), "sleep", "600")
	require.NoError(t, application.Start())
	require.NoError(t, os.WriteFile(m.processes(), []byte(strconv.Itoa(application.Process.Pid)+"\n"), 0o600))
	client := m.client(t, "192.0.2.0/28")

	_, err := client.Stop(t.Context(), "127.0.0.1")
	require.ErrorContains(t, err, "there is no drain")
	_, err = client.Drain(t.Context(), "127.0.0.1")
	require.NoError(t, err)
	_, err = client.Stop(t.Context(), "127.0.0.1")
	require.NoError(t, err)
	require.ErrorContains(t, application.Wait(), "signal: terminated")

	_, err = client.Stop(t.Context(), "127.0.0.1")
	require.NoError(t, err, "one that has ended needs no signal")
}

func TestMemberSaysWhyItDoesNotDrain(t *testing.T) {
	t.Parallel()
	m := newDrainingMember(t)
	m.install(t, "nft", "echo 'no such kernel' >&2; exit 1")
	_, err := m.client(t, "192.0.2.0/28").Drain(t.Context(), "127.0.0.1")
	require.ErrorContains(t, err, `status 500: "nft: no such kernel"`)
	require.NoError(t, os.Remove(filepath.Join(m.programs, "nft")))
	_, err = m.client(t, "192.0.2.0/28").Drain(t.Context(), "127.0.0.1")
	require.ErrorContains(t, err, "status 500")
}

func TestMemberRefusesWhatItShouldNotBeAsked(t *testing.T) {
	t.Parallel()
	m := newDrainingMember(t)
	rules := m.keepRules(t)
	for request, status := range map[string]int{
		"GET /drain":   200,
		"GET /":        404,
		"GET /stop":    404,
		"POST /drain":  404,
		"PUT /drain":   400,
		"PATCH /drain": 501,
		"PUT /drain?seconds=601&checks=192.0.2.1":                                    400,
		"PUT /drain?seconds=0&checks=192.0.2.1":                                      400,
		"PUT /drain?seconds=-1&checks=192.0.2.1":                                     400,
		"PUT /drain?seconds=0000000000060&checks=192.0.2.1":                          400,
		"PUT /drain?seconds=%D9%A3&checks=192.0.2.1":                                 400, // a digit, in Arabic
		"PUT /drain?seconds=60&checks=":                                              400,
		"PUT /drain?seconds=60&checks=0.0.0.0/0":                                     400,
		"PUT /drain?seconds=60&checks=192.0.2.1/24":                                  400,
		"PUT /drain?seconds=60&checks=2001:db8::/64":                                 400,
		"PUT /drain?seconds=60&checks=192.0.2.1%20%7D%20drop":                        400,
		"PUT /drain?seconds=60&checks=192.0.2.1" + strings.Repeat(",192.0.2.1", 200): 400,
	} {
		method, path, _ := strings.Cut(request, " ")
		req, err := http.NewRequestWithContext(t.Context(), method, "http://127.0.0.1:"+strconv.Itoa(m.port)+path, http.NoBody)
		require.NoError(t, err)
		resp, err := (&http.Client{Timeout: 30 * time.Second}).Do(req)
		require.NoError(t, err, request)
		assert.NoError(t, resp.Body.Close())
		assert.Equal(t, status, resp.StatusCode, request)
		assert.NoFileExists(t, rules, request)
	}
}
