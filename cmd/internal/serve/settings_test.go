package serve_test

import (
	"context"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/cloudtest"
	"github.com/exopool/exopool/cmd/internal/serve"
	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/cmd/internal/settings/settingstest"
)

func parseTLS(ctx context.Context, env settingstest.Env, args ...string) (serve.TLS, error) {
	var tls serve.TLS
	set := settings.New("sample", "sample is an example.", env.Get)
	serve.AddTLS(set, &tls, "SAMPLE_TLS_CERT", "SAMPLE_TLS_KEY")
	err := settingstest.Parse(ctx, set, args, io.Discard)
	return tls, err
}

func TestCertificateAndKeyBelongTogether(t *testing.T) {
	t.Parallel()
	got, err := parseTLS(t.Context(), nil)
	require.NoError(t, err)
	assert.False(t, got.Enabled())
	pair, err := got.Load()
	require.NoError(t, err)
	assert.Nil(t, pair)

	for _, c := range []struct {
		env  settingstest.Env
		args []string
	}{
		{nil, []string{"-tls-cert", "/c.pem", "-tls-key=/k.pem"}},
		{settingstest.Env{"SAMPLE_TLS_CERT": "/c.pem", "SAMPLE_TLS_KEY": "/k.pem"}, nil},
	} {
		got, err = parseTLS(t.Context(), c.env, c.args...)
		require.NoError(t, err)
		assert.Equal(t, "/c.pem", got.Cert)
		assert.Equal(t, "/k.pem", got.Key)
		assert.True(t, got.Enabled())
	}

	for missing, args := range map[string][]string{
		"SAMPLE_TLS_KEY (flag -tls-key)":   {"-tls-cert=/c.pem"},
		"SAMPLE_TLS_CERT (flag -tls-cert)": {"-tls-key=/k.pem"},
	} {
		_, err = parseTLS(t.Context(), nil, args...)
		wrong := settingstest.Errors(t, err)
		require.Len(t, wrong, 1)
		assert.Equal(t, missing, wrong[0].Setting)
		assert.Contains(t, wrong[0].Problem, "is missing")
		assert.Contains(t, wrong[0].Remedy, "both")
	}
}

func TestUnusableCertificateIsAWrongSetting(t *testing.T) {
	t.Parallel()
	cert, key, _ := cloudtest.Certificate(t)
	good, err := parseTLS(t.Context(), nil, "-tls-cert", cert, "-tls-key", key)
	require.NoError(t, err)
	pair, err := good.Load()
	require.NoError(t, err)
	assert.NotNil(t, pair)

	bad, err := parseTLS(t.Context(), nil, "-tls-cert", cert, "-tls-key", "/nonexistent")
	require.NoError(t, err)
	_, err = bad.Load()
	wrong := settingstest.Errors(t, err)
	require.Len(t, wrong, 1)
	assert.Contains(t, wrong[0].Problem, "/nonexistent")
	assert.Contains(t, wrong[0].Error(), "flag -tls-key")
}
