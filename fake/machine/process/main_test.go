package process_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/process"
	"github.com/exopool/exopool/fake/machine/process/member"
)

// timeout is the deadline of every wait; a wait that succeeds is far shorter.
const timeout = 10 * time.Second

// parentArgument makes the test program a parent that a test can kill.
const parentArgument = "machine-test-parent"

func TestMain(m *testing.M) {
	if code, ok := member.Run(os.Args); ok {
		os.Exit(code)
	}
	if len(os.Args) > 2 && os.Args[1] == parentArgument {
		os.Exit(parent(os.Args[2]))
	}
	os.Exit(m.Run())
}

// parent starts two members below dir, prints their process ids, and waits to
// be killed, or for its input to end should the test die first.
func parent(dir string) int {
	driver, err := process.New(context.Background(), process.Config{Logger: quiet(), Dir: dir})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	for i := range 2 {
		m := instance(driver, i)
		if err := driver.Start(m); err != nil {
			fmt.Println(err)
			return 1
		}
		for !answers(context.Background(), driver, m) {
			time.Sleep(time.Millisecond)
		}
		pid, _ := driver.PID(m.ID)
		fmt.Println(pid)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 1
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// newDriver returns a driver that is closed, and checked for leftovers, at the
// end of the test.
func newDriver(t *testing.T, change func(*process.Config)) *process.Driver {
	t.Helper()
	dir := t.TempDir()
	cfg := process.Config{
		Logger: quiet(), Dir: dir, Speed: 100,
		Share: 1, Work: 10 * time.Millisecond, Grace: 2 * time.Second,
	}
	if change != nil {
		change(&cfg)
	}
	driver, err := process.New(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		defer cancel()
		require.NoError(t, driver.Close(ctx))
		left, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Empty(t, left, "directories are left behind")
	})
	return driver
}

// instance is the i-th machine of the driver's network.
func instance(driver *process.Driver, i int) driverapi.Machine {
	instances, _ := driver.Networks()
	return driverapi.Machine{
		ID: "id-" + strconv.Itoa(i), Name: "web-" + strconv.Itoa(i), Address: addressOf(instances, i),
	}
}

func addressOf(network netip.Prefix, i int) netip.Addr {
	a := network.Addr()
	for range i + 1 {
		a = a.Next()
	}
	return a
}

// start powers the first n machines on and waits until they answer.
func start(t *testing.T, driver *process.Driver, n int) []driverapi.Machine {
	t.Helper()
	list := make([]driverapi.Machine, n)
	for i := range list {
		list[i] = instance(driver, i)
		require.NoError(t, driver.Start(list[i]))
	}
	for _, m := range list {
		eventually(t, func() bool { return answers(t.Context(), driver, m) }, "%s never answered", m.Name)
	}
	return list
}

func answers(ctx context.Context, driver *process.Driver, m driverapi.Machine) bool {
	_, err := fetch(ctx, url(driver, m, process.LoadPort, "/health"))
	return err == nil
}

func url(driver *process.Driver, m driverapi.Machine, port int, path string) string {
	return fmt.Sprintf("http://%v:%d%s", m.Address, driver.PortFor(port), path)
}

// fetch returns the body of a 200 answer, on a connection of its own.
func fetch(ctx context.Context, url string) (string, error) {
	return fetchWith(ctx, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, url)
}

func fetchWith(ctx context.Context, client *http.Client, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", err
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s answered %s", url, resp.Status)
	}
	return string(body), nil
}

func eventually(t *testing.T, condition func() bool, message string, args ...any) {
	t.Helper()
	require.Eventually(t, condition, timeout, 5*time.Millisecond, append([]any{message}, args...)...)
}

// alive reports whether a process runs; one that only waits to be reaped, by
// an init that may never do it, does not.
func alive(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return false
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z") && !strings.HasPrefix(state, "X")
}

// cpuSeconds reads node_cpu_seconds_total of a member's exporter, by mode.
func cpuSeconds(t *testing.T, driver *process.Driver, m driverapi.Machine) map[string]float64 {
	t.Helper()
	body, err := fetch(t.Context(), url(driver, m, process.ExporterPort, "/metrics"))
	require.NoError(t, err)
	modes := map[string]float64{}
	lines := bufio.NewScanner(strings.NewReader(body))
	for lines.Scan() {
		rest, found := strings.CutPrefix(lines.Text(), `node_cpu_seconds_total{cpu="0",mode="`)
		if !found {
			require.NotContains(t, lines.Text(), "node_cpu_seconds_total{", "a member has one CPU")
			continue
		}
		mode, value, _ := strings.Cut(rest, `"} `)
		modes[mode], err = strconv.ParseFloat(value, 64)
		require.NoError(t, err)
	}
	require.Len(t, modes, 8)
	return modes
}

// busySeconds is the CPU time that is not idle.
func busySeconds(t *testing.T, driver *process.Driver, m driverapi.Machine) float64 {
	t.Helper()
	sum := 0.0
	for mode, seconds := range cpuSeconds(t, driver, m) {
		if mode != "idle" {
			sum += seconds
		}
	}
	return sum
}
