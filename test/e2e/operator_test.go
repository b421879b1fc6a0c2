package e2e_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/internal/programtest"
)

// An operator logs in to the machines of an installation without provisioning, and
// runs the autoscaler on the monitoring machine.
type operator struct {
	cloud      *cloud
	key        ssh.Signer // of members
	monitoring *ssh.Client
	token      string
}

// registerKey makes a key that may log in to members, and registers it under that
// name.
func (c *cloud) registerKey(t *testing.T, name string) ssh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	signer, err := ssh.NewSignerFromKey(private)
	require.NoError(t, err)
	public := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey())))
	require.NoError(t, c.Call(t.Context(), http.MethodPost, "/v2/ssh-key", object{"name": name, "public-key": public}, nil))
	return signer
}

// newOperator uploads the autoscaler and its settings.
func newOperator(t *testing.T, c *cloud, i installation, key ssh.Signer) *operator {
	t.Helper()
	o := &operator{cloud: c, key: key, token: i.name + i.name}
	for _, instance := range c.Instances() {
		if instance.PoolID == "" {
			o.monitoring = i.login(t, instance)
		}
	}
	program, err := os.Open(build(t, "autoscaler"))
	require.NoError(t, err)
	defer program.Close()
	run(t, o.monitoring, "cat >autoscaler && chmod 0755 autoscaler", program)
	apiKey, secret := i.restrictedKey(t)
	run(t, o.monitoring, "umask 077 && cat >settings", strings.NewReader(fmt.Sprintf(
		"EXOSCALE_KEY=%s\nEXOSCALE_SECRET=%s\nEXOSCALE_ZONE=at-vie-1\nEXOSCALE_INSTANCEPOOL_ID=%s\nWEBHOOK_TOKEN=%s\n",
		apiKey, secret, c.Pools()[0].ID, o.token)))
	return o
}

// run runs a command on a machine.
func run(t *testing.T, shell *ssh.Client, command string, stdin io.Reader) {
	t.Helper()
	session, err := shell.NewSession()
	require.NoError(t, err)
	defer session.Close()
	session.Stdin = stdin
	output, err := session.CombinedOutput(command)
	require.NoError(t, err, "%s: %s", command, output)
}

// killApplication kills a member's application. It does not come back.
func (o *operator) killApplication(t *testing.T, member exoapi.InstanceInfo) {
	t.Helper()
	shell := login(t, member, o.key, ssh.InsecureIgnoreHostKey()) // it has just been made
	run(t, shell, "sudo podman kill application && sudo systemctl stop application.service", nil)
}

// A scaler is an autoscaler that runs on the monitoring machine.
type scaler struct {
	operator *operator
	client   *http.Client // on that machine
	turn     int          // the last that a test has seen
	stop     func()
}

// scalerInterval is more than the cloud needs to add a member.
const scalerInterval = 8 * time.Second

// draining are the flags for members that drain.
const draining = "-drain-port 9101 -drain-timeout 1m -stop-after 1s "

// start starts an autoscaler. It runs until it is stopped, or until the test ends.
func (o *operator) start(t *testing.T, flags ...string) *scaler {
	t.Helper()
	session, err := o.monitoring.NewSession()
	require.NoError(t, err)
	log := &programtest.Output{}
	session.Stdout, session.Stderr = log, log
	require.NoError(t, session.Start("set -a && . ./settings && exec ./autoscaler -state-dir state -poll 500ms "+
		"-interval "+scalerInterval.String()+" "+strings.Join(flags, " ")))
	s := &scaler{operator: o, client: &http.Client{
		Transport: &http.Transport{DialContext: o.monitoring.DialContext, DisableKeepAlives: true}, Timeout: 10 * time.Second,
	}}
	stopped := false
	s.stop = func() {
		if stopped {
			return
		}
		stopped = true
		assert.NoError(t, session.Signal(ssh.SIGTERM))
		assert.NoError(t, session.Wait(), "it ends well")
	}
	t.Cleanup(func() {
		s.stop()
		if t.Failed() {
			t.Logf("log of the autoscaler:\n%s", log)
		}
	})
	s.await(t, time.Minute, "a first turn", func(autoscale.Decision) bool { return true })
	return s
}

// request asks the program for a path.
func (s *scaler) request(t *testing.T, method, path string) (status int, body []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://127.0.0.1:8090"+path, http.NoBody)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+s.operator.token)
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, nil // it has not started yet
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, body
}

// post sends what an operator or an alert sends.
func (s *scaler) post(t *testing.T, path string) {
	t.Helper()
	status, body := s.request(t, http.MethodPost, path)
	require.Equal(t, http.StatusOK, status, string(body))
}

// await returns the next turn of which that is true.
func (s *scaler) await(t *testing.T, timeout time.Duration, what string, is func(autoscale.Decision) bool) (found autoscale.Decision) {
	t.Helper()
	took := await(t, timeout, func() bool {
		status, body := s.request(t, http.MethodGet, "/decisions")
		var decisions []autoscale.Decision
		if status != http.StatusOK || !assert.NoError(t, json.Unmarshal(body, &decisions)) {
			return false
		}
		for _, d := range decisions {
			if d.Turn <= s.turn {
				continue
			}
			s.turn = d.Turn
			if is(d) {
				found = d
				return true
			}
		}
		return false
	}, what)
	t.Logf("%s: after %s", what, took)
	return found
}

// awaitReason returns the next turn that ends so.
func (s *scaler) awaitReason(t *testing.T, reason autoscale.Reason) autoscale.Decision {
	t.Helper()
	return s.await(t, time.Minute, string(reason), func(d autoscale.Decision) bool { return d.Reason == reason })
}

// awaitServing waits until that many members serve, and no other is there.
func (s *scaler) awaitServing(t *testing.T, members int) {
	t.Helper()
	s.await(t, settleTime, fmt.Sprintf("%d members serve", members), func(d autoscale.Decision) bool {
		return d.Conditions.Serving == members && d.Members == members
	})
}
