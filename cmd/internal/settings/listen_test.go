package settings_test

import (
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/settings"
)

func TestWithoutATokenTheAutoscalerListensOnLoopback(t *testing.T) {
	const long = "a-token-of-some-length"
	for name, c := range map[string]struct {
		env  env
		args []string
		want string
	}{
		"nothing is said":               {nil, nil, "127.0.0.1"},
		"a token":                       {env{"WEBHOOK_TOKEN": long}, nil, ""},
		"an address":                    {env{"LISTEN_ADDRESS": "192.0.2.1"}, nil, "192.0.2.1"},
		"all addresses, as in an image": {env{"LISTEN_ADDRESS": "0.0.0.0"}, nil, "0.0.0.0"},
		"all addresses of IPv6":         {nil, []string{"-listen-address=[::]"}, "::"},
		"an empty flag":                 {env{"LISTEN_ADDRESS": "192.0.2.1"}, []string{"-listen-address="}, ""},
		"an empty variable":             {env{"LISTEN_ADDRESS": " "}, nil, "127.0.0.1"},
		"an address and a token":        {env{"WEBHOOK_TOKEN": long, "LISTEN_ADDRESS": "127.0.0.1"}, nil, "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := settings.ParseAutoscaler(c.args, course().with(c.env).get, io.Discard)
			require.NoError(t, err)
			assert.Equal(t, c.want, a.ListenHost)
			assert.Equal(t, 8090, a.ListenPort)
			assert.Empty(t, a.Warnings)
		})
	}
}

func TestWithoutATokenDiscoveryListensOnLoopback(t *testing.T) {
	for name, c := range map[string]struct {
		env  env
		want string
	}{
		"nothing is said": {nil, "127.0.0.1:8091"},
		"a token":         {env{"DISCOVERY_TOKEN": "a-token-of-some-length"}, ":8091"},
		"an address":      {env{"DISCOVERY_LISTEN": ":1"}, ":1"},
		"none":            {env{"DISCOVERY_LISTEN": "none"}, ""},
		"none with token": {env{"DISCOVERY_LISTEN": "none", "DISCOVERY_TOKEN": "a-token-of-some-length"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := settings.ParseDiscovery(nil, course().with(c.env).get, io.Discard)
			require.NoError(t, err)
			assert.Equal(t, c.want, d.Listen)
		})
	}
}

func TestShortTokensAreWarnedOf(t *testing.T) {
	for token, warnings := range map[string]int{"": 0, "x": 1, "123456789012345": 1, "1234567890123456": 0} {
		a, err := settings.ParseAutoscaler(nil, course().with(env{"WEBHOOK_TOKEN": token}).get, io.Discard)
		require.NoError(t, err)
		assert.Len(t, a.Warnings, warnings, token)
		d, err := settings.ParseDiscovery(nil, course().with(env{"DISCOVERY_TOKEN": token}).get, io.Discard)
		require.NoError(t, err)
		assert.Len(t, d.Warnings, warnings, token)
		for _, warning := range append(a.Warnings, d.Warnings...) {
			assert.NotContains(t, warning, "12345")
		}
	}
}

func TestCertificateAndKeyBelongTogether(t *testing.T) {
	parsers := map[string]func([]string, func(string) string) (settings.TLS, error){
		"AUTOSCALER": func(args []string, getenv func(string) string) (settings.TLS, error) {
			a, err := settings.ParseAutoscaler(args, getenv, io.Discard)
			return a.TLS, err
		},
		"DISCOVERY": func(args []string, getenv func(string) string) (settings.TLS, error) {
			d, err := settings.ParseDiscovery(args, getenv, io.Discard)
			return d.TLS, err
		},
	}
	for prefix, parse := range parsers {
		t.Run(prefix, func(t *testing.T) {
			got, err := parse(nil, course().get)
			require.NoError(t, err)
			assert.False(t, got.Given())

			got, err = parse([]string{"-tls-cert", "/c.pem", "-tls-key=/k.pem"}, course().get)
			require.NoError(t, err)
			assert.Equal(t, settings.TLS{Cert: "/c.pem", Key: "/k.pem"}, got)
			assert.True(t, got.Given())

			got, err = parse(nil, course().with(env{prefix + "_TLS_CERT": "/c.pem", prefix + "_TLS_KEY": "/k.pem"}).get)
			require.NoError(t, err)
			assert.Equal(t, settings.TLS{Cert: "/c.pem", Key: "/k.pem"}, got)

			for missing, args := range map[string][]string{
				prefix + "_TLS_KEY (flag -tls-key)":   {"-tls-cert=/c.pem"},
				prefix + "_TLS_CERT (flag -tls-cert)": {"-tls-key=/k.pem"},
			} {
				_, err = parse(args, course().get)
				faults := faultsOf(t, err)
				require.Len(t, faults, 1)
				assert.Equal(t, missing, faults[0].Setting)
				assert.Contains(t, faults[0].Problem, "is missing")
				assert.Contains(t, faults[0].Remedy, "both")
			}
			unusable := got.Unusable("autoscaler", assert.AnError)
			assert.Contains(t, faultsOf(t, unusable)[0].Problem, assert.AnError.Error())
		})
	}
}

func TestProtectAllNeedsAToken(t *testing.T) {
	a, err := settings.ParseAutoscaler([]string{"-protect-all"}, course().with(env{"WEBHOOK_TOKEN": "a-token-of-some-length"}).get, io.Discard)
	require.NoError(t, err)
	assert.True(t, a.ProtectAll)

	_, err = settings.ParseAutoscaler(nil, course().with(env{"AUTOSCALER_PROTECT_ALL": "true"}).get, io.Discard)
	faults := faultsOf(t, err)
	require.Len(t, faults, 1)
	assert.Equal(t, "AUTOSCALER_PROTECT_ALL (flag -protect-all)", faults[0].Setting)
}

// image returns the environment that the Dockerfile gives a program.
func image(t *testing.T, program string) env {
	t.Helper()
	dockerfile, err := os.ReadFile("../../../Dockerfile")
	require.NoError(t, err)
	_, stage, found := strings.Cut(string(dockerfile), "\nFROM scratch AS "+program+"\n")
	require.True(t, found)
	stage, _, _ = strings.Cut(stage, "\nFROM ")
	all := env{}
	for line := range strings.Lines(stage) {
		if name, value, ok := strings.Cut(strings.TrimPrefix(line, "ENV "), "="); ok && strings.HasPrefix(line, "ENV ") {
			all[name] = strings.TrimSpace(value)
		}
	}
	return all
}

func TestImagesListenOnAllAddresses(t *testing.T) {
	a, err := settings.ParseAutoscaler(nil, course().with(image(t, "autoscaler")).with(env{"LISTEN_PORT": "8123"}).get, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, "0.0.0.0", a.ListenHost)
	assert.Equal(t, 8123, a.ListenPort, "which the engine publishes")
	d, err := settings.ParseDiscovery(nil, course().with(image(t, "discovery")).get, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, "0.0.0.0:8091", d.Listen)
}
