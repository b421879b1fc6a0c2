package nspawn_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/exopool/exopool/fake/loadgen"
	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/nspawn"
	"github.com/exopool/exopool/fake/machine/nspawn/template"
)

const (
	// prefix keeps what tests make apart from what a user has.
	prefix = "exopooltest"
	// bootTimeout is how long a machine may take for anything, on a host
	// that is busy with other tests.
	bootTimeout = 5 * time.Minute
)

// config is that of a driver for tests; logger gets what it logs.
func config(logger *slog.Logger) nspawn.Config {
	return nspawn.Config{
		Logger: logger, Prefix: prefix, Range: netip.MustParsePrefix("198.18.96.0/20"), Dir: "/var/tmp",
	}
}

// newDriver returns a driver that ends with the test, and its log.
func newDriver(tb testing.TB, edit ...func(*nspawn.Config)) (*nspawn.Driver, *lines) {
	tb.Helper()
	if os.Getenv("EXOPOOL_NSPAWN") != "1" {
		tb.Skip("boots real machines: set EXOPOOL_NSPAWN=1, as root on Linux")
	}
	log := &lines{}
	cfg := config(slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	for _, change := range edit {
		change(&cfg)
	}
	for _, r := range nspawn.Examine(tb.Context(), cfg) {
		if !r.OK() {
			tb.Skipf("machines cannot be booted here: %s: %s; to change that: %s", r.Name, r.Problem, r.Remedy)
		}
	}
	// Which may take longer than a test waits for a machine.
	require.NoError(tb, nspawn.BuildTemplate(tb.Context(), cfg, template.Default))
	driver, err := nspawn.New(tb.Context(), cfg)
	require.NoError(tb, err)
	tb.Cleanup(func() {
		if err := driver.Close(context.Background()); err != nil {
			tb.Error(err)
		}
		if tb.Failed() {
			tb.Log(log.String())
		}
		if left := traces(tb, prefix); len(left) > 0 {
			tb.Errorf("left behind: %q", left)
		}
	})
	return driver, log
}

// lines is a log that may be read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// find returns the lines that contain some words.
func (l *lines) find(words string) (found []string) {
	for line := range strings.Lines(l.String()) {
		if strings.Contains(line, words) {
			found = append(found, line)
		}
	}
	return found
}

// newLog is for drivers whose words are of no interest.
func newLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

// A key is one for machines, private and public.
type key struct {
	signer ssh.Signer
	public string
}

func newKey(tb testing.TB) key {
	tb.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	require.NoError(tb, err)
	signer, err := ssh.NewSignerFromKey(private)
	require.NoError(tb, err)
	return key{signer, strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey())))}
}

// instance describes the i-th machine, from 0.
func instance(driver *nspawn.Driver, i int, userData string, keys ...string) driverapi.Machine {
	instances, _ := driver.Networks()
	address := instances.Addr()
	for range i + 1 {
		address = address.Next()
	}
	return driverapi.Machine{
		DefaultUser: "debian",

		ID: fmt.Sprintf("0f8fad5b-d9cb-469f-a165-%012d", i), Name: fmt.Sprintf("web-%d", i), Zone: "at-vie-1",
		Address: address, Template: template.Default, UserData: []byte(userData), SSHKeys: keys,
		Type: driverapi.InstanceType{Family: "standard", Size: "micro", CPUs: 1, Memory: 512 << 20},
	}
}

// start powers a machine on.
func start(tb testing.TB, driver *nspawn.Driver, m driverapi.Machine) {
	tb.Helper()
	require.NoError(tb, driver.Start(m))
}

// eventually waits for a condition.
func eventually(tb testing.TB, what string, holds func() bool) {
	tb.Helper()
	deadline := time.Now().Add(bootTimeout)
	for !holds() {
		if time.Now().After(deadline) {
			require.FailNow(tb, "never: "+what)
		}
		<-time.After(50 * time.Millisecond)
	}
}

// booted waits until the log says that a machine's user-data is done, well or
// not, for the n-th time that it boots.
func booted(tb testing.TB, log *lines, m driverapi.Machine, n int) {
	tb.Helper()
	eventually(tb, m.Name+" has booted", func() bool {
		seen := 0
		for line := range strings.Lines(log.String()) {
			if strings.Contains(line, "machine="+m.Name+" ") && (strings.Contains(line, `msg="machine booted`) ||
				strings.Contains(line, `msg="user-data failed"`)) {
				seen++
			}
		}
		return seen >= n
	})
}

// on runs a command on a machine, once it can be logged in to.
func on(tb testing.TB, k key, m driverapi.Machine, command string) (string, error) {
	tb.Helper()
	var client *ssh.Client
	eventually(tb, "log in to "+m.Name, func() bool {
		var err error
		client, err = ssh.Dial("tcp", net.JoinHostPort(m.Address.String(), "22"), &ssh.ClientConfig{
			User: m.DefaultUser, Auth: []ssh.AuthMethod{ssh.PublicKeys(k.signer)}, Timeout: time.Second,
			HostKeyCallback: ssh.InsecureIgnoreHostKey(),
		})
		return err == nil
	})
	defer client.Close()
	session, err := client.NewSession()
	if err != nil {
		return "", err
	}
	defer session.Close()
	output, err := session.CombinedOutput(command)
	return strings.TrimSpace(string(output)), err
}

// traces lists what there is on the host with a prefix.
func traces(tb testing.TB, prefix string) []string {
	tb.Helper()
	var found []string
	for _, pattern := range []string{
		"/run/netns/" + prefix + "*", "/sys/class/net/" + prefix + "*", "/run/systemd/nspawn/propagate/" + prefix + "*",
		"/sys/fs/cgroup/" + prefix, "/sys/fs/cgroup/*/" + prefix, "/var/tmp/" + prefix + "*",
	} {
		names, err := filepath.Glob(pattern)
		require.NoError(tb, err)
		found = append(found, names...)
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	require.NoError(tb, err)
	routes, err := exec.Command("ip", "route").Output()
	require.NoError(tb, err)
	commands, err := exec.Command("ps", "-eo", "args").Output()
	require.NoError(tb, err)
	for line := range strings.Lines(string(mounts) + string(routes) + string(commands)) {
		if strings.Contains(line, "/"+prefix) || strings.Contains(line, "machine="+prefix) || strings.HasPrefix(line, "198.18.96.") {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

// crashArgument makes the test program a driver that waits to be killed.
const crashArgument = "exopool-crash-test"

func TestMain(m *testing.M) {
	if code, ok := loadgen.Run(context.Background(), os.Args, os.Stderr); ok {
		os.Exit(code)
	}
	if len(os.Args) > 1 && os.Args[1] == crashArgument {
		if err := waitForDeath(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// waitForDeath boots a machine, says "up" and goes on.
func waitForDeath() error {
	said, log := io.Pipe()
	go func() {
		for scanner := bufio.NewScanner(said); scanner.Scan(); {
			if strings.Contains(scanner.Text(), "machine booted") {
				fmt.Println("up")
			}
		}
	}()
	driver, err := nspawn.New(context.Background(), config(slog.New(slog.NewTextHandler(log, nil))))
	if err != nil {
		return err
	}
	if err := driver.Start(instance(driver, 0, "")); err != nil {
		return err
	}
	select {}
}
