package account_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/account"
	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/cmd/internal/settings/settingstest"
	"github.com/exopool/exopool/exoscale"
)

func parse(env settingstest.Env, args ...string) (exoscale.Config, []string, error) {
	var cfg exoscale.Config
	set := settings.New("sample", "sample is an example.", env.Get)
	account.Add(set, &cfg)
	err := settingstest.Parse(context.Background(), set, args, io.Discard)
	return cfg, set.Warnings(), err
}

func TestCredentialsComeFromTheFirstPlaceThatHasThem(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(content string) string {
		path := filepath.Join(dir, fmt.Sprintf("%x", content))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	base := settingstest.Course().With(settingstest.Env{"EXOSCALE_KEY": ""})
	for name, c := range map[string]struct {
		env  settingstest.Env
		args []string
		want string
	}{
		"the course's name":          {settingstest.Env{"EXOSCALE_KEY": "a", "EXOSCALE_API_KEY": "b"}, nil, "a"},
		"the other name":             {settingstest.Env{"EXOSCALE_API_KEY": "b"}, nil, "b"},
		"blanks count as not set":    {settingstest.Env{"EXOSCALE_KEY": "  ", "EXOSCALE_API_KEY": "b\n"}, nil, "b"},
		"a file, trimmed":            {settingstest.Env{"EXOSCALE_KEY_FILE": file(" c \r\n\n")}, nil, "c"},
		"the other name's file":      {settingstest.Env{"EXOSCALE_API_KEY_FILE": file("d\n")}, nil, "d"},
		"the value before its file":  {settingstest.Env{"EXOSCALE_KEY": "a", "EXOSCALE_KEY_FILE": "/nonexistent"}, nil, "a"},
		"a file flag before the env": {settingstest.Env{"EXOSCALE_KEY": "a"}, []string{"-key-file", file("e")}, "e"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, _, err := parse(base.With(c.env), c.args...)
			require.NoError(t, err)
			assert.Equal(t, c.want, cfg.Key)
		})
	}
}

func TestUnreadableOrEmptySecretFileIsReported(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty")
	require.NoError(t, os.WriteFile(empty, []byte("\n"), 0o600))
	for path, want := range map[string]string{"/nonexistent/secret": "no such file", empty: "is empty"} {
		_, _, err := parse(settingstest.Course().With(settingstest.Env{"EXOSCALE_SECRET": "", "EXOSCALE_SECRET_FILE": path}))
		wrong := settingstest.Errors(t, err)
		require.Len(t, wrong, 1)
		assert.Equal(t, "EXOSCALE_SECRET_FILE", wrong[0].Setting)
		assert.Contains(t, wrong[0].Problem, want)
	}
}

func TestPlainHTTPToAnotherHostIsAWarning(t *testing.T) {
	t.Parallel()
	for endpoint, warnings := range map[string]int{
		"https://api.example.test/v2/": 0, "http://127.0.0.1:8080/v2": 0, "http://[::1]:8080": 0,
		"http://localhost/v2": 0, "http://192.0.2.1/v2": 1, "http://example.test": 1, "HTTP://example.test": 1,
	} {
		cfg, warned, err := parse(settingstest.Course(), "-endpoint", endpoint)
		require.NoError(t, err, endpoint)
		assert.Len(t, warned, warnings, endpoint)
		assert.NotEqual(t, '/', cfg.Endpoint[len(cfg.Endpoint)-1])
	}
}

func TestEndpointOnThisHostIsLocal(t *testing.T) {
	t.Parallel()
	for endpoint, local := range map[string]bool{
		"http://127.0.0.1:8080/v2": true, "https://127.9.9.9": true, "http://[::1]:8080": true, "http://localhost/v2": true,
		"": false, "https://api.example.test/v2/": false, "http://192.0.2.1/v2": false, "http://127.0.0.1.example.test": false,
	} {
		cfg, _, err := parse(settingstest.Course(), "-endpoint", endpoint)
		require.NoError(t, err, endpoint)
		assert.Equal(t, local, account.IsLocal(cfg), endpoint)
	}
}

func FuzzEndpoint(f *testing.F) {
	for _, seed := range []string{"http://127.0.0.1/v2", "https://a.test", "http://u:p@h/", "://", "http://[::1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, endpoint string) {
		cfg, _, err := parse(settingstest.Course(), "-endpoint="+endpoint)
		if err != nil {
			settingstest.Errors(t, err)
			return
		}
		again, _, err := parse(settingstest.Course(), "-endpoint="+cfg.Endpoint)
		require.NoError(t, err, "an accepted address is accepted again")
		assert.Equal(t, cfg.Endpoint, again.Endpoint)
	})
}
