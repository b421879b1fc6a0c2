package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/exoscale"
	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/machine/process/member"
	"github.com/exopool/exopool/internal/programtest"
)

// The commands that exec runs in these tests are this test program itself.
const childMode = "FAKECLOUD_TEST_CHILD"

func TestMain(m *testing.M) {
	if code, ok := member.Run(os.Args); ok {
		os.Exit(code)
	}
	switch mode := os.Getenv(childMode); {
	case mode == "environ":
		fmt.Println(strings.Join(os.Environ(), "\n"))
		os.Exit(0)
	case mode == "copy":
		_, err := io.Copy(os.Stdout, os.Stdin)
		fmt.Fprintln(os.Stderr, "copied", err)
		os.Exit(0)
	case mode == "resolve":
		os.Exit(resolve())
	case mode == "stray":
		os.Exit(stray())
	case mode == "litter":
		os.Exit(litter())
	case mode == "visit":
		os.Exit(visit())
	case mode == "term":
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGTERM)
		fmt.Println("ready")
		<-signals
		os.Exit(42)
	case mode == "fakecloud":
		main()
	case mode == "killed":
		self, err := os.FindProcess(os.Getpid())
		if err == nil {
			err = self.Kill()
		}
		fmt.Println(err)
		select {}
	case mode != "":
		code, err := strconv.Atoi(mode)
		if err != nil {
			code = 99
		}
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// resolve is a client: it looks for a pool with the credentials and the
// endpoint that it was given.
func resolve() int {
	client, err := exoscale.New(exoscale.Config{
		Key: os.Getenv("EXOSCALE_KEY"), Secret: os.Getenv("EXOSCALE_SECRET"),
		Zone: os.Getenv("EXOSCALE_ZONE"), Endpoint: os.Getenv("EXOSCALE_API_ENDPOINT"),
	})
	if err == nil {
		_, err = client.ResolvePool(context.Background(), "web")
	}
	fmt.Println(err)
	return 0
}

// stray is a client that knows the addresses of the real cloud, besides that of
// a zone.
func stray() int {
	base, _, _ := strings.Cut(os.Getenv("EXOSCALE_API_ENDPOINT"), "/v2")
	for _, address := range []string{
		"https://api-ch-gva-2.exoscale.com/v2/zone", "http://api-ch-gva-2.exoscale.com/v2/zone",
		base + "/z/de-fra-1/v2/zone", "https://sos-at-vie-1.exoscale.com/",
	} {
		resp, err := http.Get(address)
		if err != nil {
			fmt.Println(err)
			continue
		}
		_ = resp.Body.Close()
		fmt.Println(strings.Replace(address, base, "http://127.0.0.1", 1), resp.StatusCode)
	}
	return 0
}

// A terminal is what a program run in a test is attached to.
type terminal struct {
	program
	signals  chan os.Signal
	out, err *programtest.Output
}

func newTerminal(t *testing.T, environ ...string) terminal {
	t.Helper()
	out, errs, signals := new(programtest.Output), new(programtest.Output), make(chan os.Signal, 1)
	return terminal{
		program{
			environ: append(environ, "XDG_RUNTIME_DIR="+t.TempDir()),
			stdin:   strings.NewReader(""), stdout: out, stderr: errs, signals: signals,
		}, signals, out, errs,
	}
}

// child returns this program in the given mode as a command line for exec.
func child(t *testing.T, mode string) (args []string, environ string) {
	t.Helper()
	program, err := os.Executable()
	require.NoError(t, err)
	return []string{"exec", "--", program}, childMode + "=" + mode
}

func TestExecReturnsTheExitCodeOfItsCommand(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string]int{"0": 0, "1": 1, "7": 7, "killed": 128 + int(syscall.SIGKILL)} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			args, environ := child(t, mode)
			term := newTerminal(t, environ)
			assert.Equal(t, want, term.run(t.Context(), args), term.err)
		})
	}
}

func TestExecOfWhatIsNoCommand(t *testing.T) {
	t.Parallel()
	plain := filepath.Join(t.TempDir(), "plain")
	require.NoError(t, os.WriteFile(plain, []byte("x"), 0o600))
	for command, want := range map[string]int{"/does/not/exist": 127, "no-such-command-anywhere": 127, plain: 126} {
		term := newTerminal(t)
		assert.Equal(t, want, term.run(t.Context(), []string{"exec", "--", command}), command)
		assert.NotEmpty(t, term.err.String())
	}
	assert.Equal(t, command.ExitUsage, newTerminal(t).run(t.Context(), []string{"exec"}))
}

func TestExecTakesEveryWayToARealAccountAway(t *testing.T) {
	t.Parallel()
	args, environ := child(t, "environ")
	term := newTerminal(t, environ, "PATH=/bin", "EXOSCALE_API_KEY=real", "EXOSCALE_SECRET_KEY=real", "EXOSCALE_TRACE=real",
		"EXOSCALE_API_ENVIRONMENT=real", "CLOUDSTACK_KEY=real", "EXOSCALE_KEY_FILE=real",
		"TF_VAR_exoscale_key=real", "TF_VAR_exoscale_secret=real", "TF_VAR_zone=de-fra-1", "TF_WORKSPACE=real",
		"HTTP_PROXY=real", "all_proxy=real", "SSL_CERT_FILE=real", "CURL_CA_BUNDLE=real")

	require.Equal(t, 0, term.run(t.Context(), args), term.err)

	got := strings.Split(strings.TrimSpace(term.out.String()), "\n")
	assert.NotContains(t, term.out.String(), "real")
	assert.Contains(t, got, "PATH=/bin")
	assert.Contains(t, got, "TF_VAR_zone=de-fra-1")
	assert.Contains(t, got, "TF_WORKSPACE=fakecloud", "a state of real resources stays as it is")
	var names []string
	for _, assignment := range got {
		if name, _, _ := strings.Cut(assignment, "="); strings.HasPrefix(name, "EXOSCALE_") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	assert.Equal(t, []string{
		"EXOSCALE_API_ENDPOINT", "EXOSCALE_API_KEY", "EXOSCALE_API_SECRET", "EXOSCALE_KEY", "EXOSCALE_SECRET", "EXOSCALE_ZONE",
	}, names)
	assert.Regexp(t, `(?m)^EXOSCALE_API_ENDPOINT=http://127\.0\.0\.1:\d+/v2$`, term.out.String())
	for _, name := range []string{"TF_VAR_exoscale_key", "TF_VAR_exoscale_secret", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CHECKPOINT_DISABLE"} {
		assert.Regexp(t, "(?m)^"+name+"=.+$", term.out.String())
	}
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"} {
		assert.Regexp(t, "(?m)^"+name+`=http://127\.0\.0\.1:\d+$`, term.out.String())
	}
}

func TestExecGivesItsCommandACloudThatAnswers(t *testing.T) {
	t.Parallel()
	args, environ := child(t, "resolve")
	term := newTerminal(t, environ)
	require.Equal(t, 0, term.run(t.Context(), slices.Insert(args, 1, "-zone", "de-fra-1")), term.err)
	assert.Contains(t, term.out.String(), `no pool named "web" in zone de-fra-1`)
}

func TestExecPassesInputAndOutputThrough(t *testing.T) {
	t.Parallel()
	args, environ := child(t, "copy")
	term := newTerminal(t, environ)
	term.stdin = strings.NewReader("hello")
	require.Equal(t, 0, term.run(t.Context(), args))
	assert.Equal(t, "hello", term.out.String())
	assert.Contains(t, term.err.String(), "copied")
}

func TestExecPassesSignalsOn(t *testing.T) {
	t.Parallel()
	args, environ := child(t, "term")
	term := newTerminal(t, environ)
	code := make(chan int, 1)
	go func() { code <- term.run(t.Context(), args) }()
	term.out.Await(t, "ready")

	term.signals <- syscall.SIGTERM

	assert.Equal(t, 42, <-code)
}

// serving starts an instance and returns how to end it.
func serving(t *testing.T, term terminal, args ...string) (endpoint string, stop func() int) {
	t.Helper()
	code := make(chan int, 1)
	go func() {
		code <- term.run(t.Context(), append([]string{"serve", "-listen", "127.0.0.1:0"}, args...))
		fmt.Fprintln(term.out, "# ended") // wakes who awaits the start
	}()
	term.out.AwaitCondition(t, "the start", func() bool { return strings.Contains(term.out.String(), "Ctrl-C") || len(code) > 0 })
	found := regexp.MustCompile(`EXOSCALE_API_ENDPOINT=(\S+)`).FindStringSubmatch(term.out.String())
	require.NotNil(t, found, term.err)
	ended := sync.OnceValue(func() int {
		term.signals <- syscall.SIGTERM
		return <-code
	})
	t.Cleanup(func() { ended() })
	return found[1], ended
}

// beside returns a second terminal of the same user.
func (term terminal) beside() terminal {
	out, errs := new(programtest.Output), new(programtest.Output)
	term.stdout, term.stderr, term.out, term.err = out, errs, out, errs
	return term
}

func TestServeCanBeFoundWhileItRuns(t *testing.T) {
	t.Parallel()
	term := newTerminal(t)
	endpoint, stop := serving(t, term)

	env := term.beside()
	require.Equal(t, 0, env.run(t.Context(), []string{"env"}), env.err)
	assert.Contains(t, env.out.String(), "export EXOSCALE_API_ENDPOINT="+endpoint+"\n")
	assert.True(t, strings.HasPrefix(term.out.String(), env.out.String()), "serve prints the same environment")

	require.Equal(t, 0, stop(), term.err)

	env = term.beside()
	require.Equal(t, command.ExitFailure, env.run(t.Context(), []string{"env"}))
	assert.Regexp(t, `^unset AWS_ACCESS_KEY .* TF_VAR_exoscale_secret\nfalse\n$`, env.out.String())
	assert.Contains(t, env.err.String(), "no instance is running; start one with: fakecloud serve")
	left, err := filepath.Glob(filepath.Join(runtimeDir(term), "fakecloud", "*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func runtimeDir(term terminal) string {
	_, dir, _ := strings.Cut(term.environ[len(term.environ)-1], "=")
	return dir
}

func TestInstanceFileIsForItsOwnerOnly(t *testing.T) {
	t.Parallel()
	term := newTerminal(t)
	serving(t, term)
	files, err := filepath.Glob(filepath.Join(runtimeDir(term), "fakecloud", "*"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	info, err := os.Stat(files[0])
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	info, err = os.Stat(filepath.Dir(files[0]))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o700), info.Mode().Perm())
}

func TestFilesOfCrashedInstancesAreRemoved(t *testing.T) {
	t.Parallel()
	term := newTerminal(t)
	// Port 1 refuses connections.
	_, err := term.register(fakecloud.Connection{URL: "http://127.0.0.1:1", Token: "x"})
	require.NoError(t, err)
	require.Equal(t, command.ExitFailure, term.run(t.Context(), []string{"env"}))
	assert.Contains(t, term.err.String(), "no instance is running")
}

func TestSeveralInstancesAreToldApartByPort(t *testing.T) {
	t.Parallel()
	one := newTerminal(t)
	two := one.beside()
	two.signals = make(chan os.Signal, 1)
	two.program.signals = two.signals
	_, _ = serving(t, one)
	endpoint, _ := serving(t, two)

	env := one.beside()
	require.Equal(t, command.ExitUsage, env.run(t.Context(), []string{"env"}))
	assert.Contains(t, env.err.String(), "flag -port is missing, and 2 instances are running: http://127.0.0.1:")

	port := regexp.MustCompile(`:(\d+)/`).FindStringSubmatch(endpoint)[1]
	env = one.beside()
	require.Equal(t, 0, env.run(t.Context(), []string{"env", "-port", port}), env.err)
	assert.Contains(t, env.out.String(), endpoint)

	// As within fakecloud shell, while another one runs.
	env = one.beside()
	env.environ = append(slices.Clone(env.environ), "FAKECLOUD_URL="+strings.TrimSuffix(endpoint, "/v2"))
	require.Equal(t, 0, env.run(t.Context(), []string{"env"}), env.err)
	assert.Contains(t, env.out.String(), endpoint)
}

func TestServeTakesCredentialsFromFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(dir+"/key", []byte("EXOmine\n"), 0o600))
	require.NoError(t, os.WriteFile(dir+"/secret", []byte("it's $mine\n"), 0o600))
	term := newTerminal(t)
	require.Equal(t, command.ExitUsage, term.run(t.Context(), []string{"serve", "-listen", "127.0.0.1:0", "-key-file", dir + "/key", "-secret-file", dir + "/secret"}))
	assert.NotContains(t, term.err.String(), "mine", "what is in the file is a secret")

	require.NoError(t, os.WriteFile(dir+"/secret", []byte("it's$mine\n"), 0o600))
	serving(t, term, "-key-file", dir+"/key", "-secret-file", dir+"/secret")
	assert.Contains(t, term.out.String(), "export EXOSCALE_KEY=EXOmine\n")
	assert.Contains(t, term.out.String(), `export EXOSCALE_SECRET='it'\''s$mine'`+"\n")
}

func TestOtherHostsCannotReachTheCloud(t *testing.T) {
	t.Parallel()
	for _, listen := range []string{"0.0.0.0:0", "[::]:0", "192.0.2.1:0", "example.test:0"} {
		term := newTerminal(t)
		assert.Equal(t, command.ExitUsage, term.run(t.Context(), []string{"serve", "-listen", listen}))
		assert.Contains(t, term.err.String(), "can be reached from other hosts", listen)
	}
}

func TestFaultsComeAndGo(t *testing.T) {
	t.Parallel()
	term := newTerminal(t)
	serving(t, term)
	faults := func(args ...string) terminal {
		t.Helper()
		side := term.beside()
		require.Equal(t, 0, side.run(t.Context(), append([]string{"faults"}, args...)), side.err)
		return side
	}

	faults("add", "latency", "-operation", "list-zones", "-count", "2", "-duration", "1ms")
	number := strings.TrimSpace(faults("add", "too-many-requests").out.String())
	assert.Regexp(t, `(?m)^1 +latency +list-zones +2 +1ms$`, faults().out.String())
	assert.Regexp(t, `(?m)^`+number+` +too-many-requests +\* +any`, faults("list").out.String())
	faults("remove", number)
	assert.NotContains(t, faults().out.String(), "too-many-requests")
	faults("add", "partial-list", "-keep", "1")
	assert.Contains(t, faults().out.String(), "partial-list")
	faults("clear")
	assert.NotContains(t, faults().out.String(), "latency")

	for _, wrong := range [][]string{{"add"}, {"add", "nonsense"}, {"add", "latency"}, {"add", "latency", "-duration", "1s", "-keep", "1"}, {"remove", "x"}, {"break"}} {
		assert.NotEqual(t, 0, term.beside().run(t.Context(), append([]string{"faults"}, wrong...)), wrong)
	}
}

func TestCallsAreCounted(t *testing.T) {
	t.Parallel()
	term := newTerminal(t)
	endpoint, _ := serving(t, term)
	get(t, endpoint+"/zone", nil)

	side := term.beside()
	require.Equal(t, 0, side.run(t.Context(), []string{"calls"}), side.err)
	assert.Regexp(t, `(?m)^1 +list-zones +Go-http-client/1.1\n1 +total$`, side.out.String())
}

func get(t *testing.T, url string, headers map[string]string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	req.Host = headers["Host"]
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	return resp.StatusCode
}

func TestRoutesTellWhatIsEmulated(t *testing.T) {
	t.Parallel()
	term := newTerminal(t)
	require.Equal(t, 0, term.run(t.Context(), []string{"routes"}))
	assert.Regexp(t, `(?m)^PUT +/v2/instance-pool/\{id\}:scale +scale-instance-pool +yes$`, term.out.String())
	assert.Contains(t, term.out.String(), "no (501)")
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args []string
		code int
		says string
	}{
		"help":              {[]string{"help"}, 0, "Usage: fakecloud"},
		"-h":                {[]string{"-h"}, 0, "exec -- terraform apply"},
		"help on a command": {[]string{"serve", "-h"}, 0, "-machines"},
		"unknown command":   {[]string{"destroy"}, 2, `unknown command "destroy"`},
		"unknown flag":      {[]string{"serve", "-fast"}, 2, "-fast"},
		"argument too many": {[]string{"env", "x"}, 2, `has the argument "x"`},
		"everything wrong at once": {
			[]string{"serve", "-listen", "x", "-machines", "y", "-zone", "Z", "-speed", "0", "-key-file", "k"},
			2, "flag -listen is \"x\", which is not HOST:PORT: give a loopback address and a port, such as 127.0.0.1:8929\n  flag -machines is \"y\": give memory, process or nspawn\n  flag -zone is \"Z\": ",
		},
		"zone that is none": {[]string{"-listen", "127.0.0.1:0", "-zone", "at-vie-9"}, 2, `flag -zone is "at-vie-9", which is none of ch-gva-2, `},
		"prefix of two words": {
			[]string{"-prefix", "a b", "-range", "10.0.0.0/30"},
			2, "flag -prefix is \"a b\": give 1 to 12 lower-case letters and digits that begin with a letter\n  flag -range is \"10.0.0.0/30\": give an IPv4 address and 8 to 24 bits",
		},
		"port out of range": {[]string{"-listen", "127.0.0.1:99999"}, 2, "port"},
		"no such key file":  {[]string{"-listen", "127.0.0.1:0", "-key-file", "/does/not/exist", "-secret-file", "/x"}, 2, "/does/not/exist"},
		"half a key":        {[]string{"-key-file", "main.go"}, 2, "flag -key-file "},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			term := newTerminal(t)
			assert.Equal(t, test.code, term.run(t.Context(), test.args))
			assert.Contains(t, term.out.String()+term.err.String(), test.says)
		})
	}
}

func TestServeSaysWhenItsPortIsTaken(t *testing.T) {
	t.Parallel()
	term := newTerminal(t)
	endpoint, _ := serving(t, term)
	address := strings.TrimSuffix(strings.TrimPrefix(endpoint, "http://"), "/v2")
	second := newTerminal(t)
	require.Equal(t, command.ExitFailure, second.run(t.Context(), []string{"serve", "-listen", address}))
	assert.Contains(t, second.err.String(), "address already in use: stop the program that uses it, or choose another port with -listen")
}
