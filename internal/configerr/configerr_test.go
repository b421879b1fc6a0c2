package configerr_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/configerr"
)

func TestBetween(t *testing.T) {
	t.Parallel()
	for value, want := range map[int]string{
		0: "Max is 0: set it to 1 to 10", 1: "", 10: "", 11: "Max is 11: set it to 1 to 10",
	} {
		if err := configerr.Between("Max", value, 1, 10); want == "" {
			require.NoError(t, err)
		} else {
			require.EqualError(t, err, want)
		}
	}
	require.EqualError(t, configerr.Between("Interval", 0, time.Second, time.Hour), "Interval is 0s: set it to 1s to 1h0m0s")
}

func TestServer(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"http://127.0.0.1:3000":        "",
		"https://grafana.example.org/": "",
		"http://[::1]:9090/prometheus": "",
		"":                             "is not the address of a server: set it to one such as http://a",
		"127.0.0.1:3000":               "is not the address of a server: set it to one such as http://a",
		"ftp://a":                      "is not the address of a server: set it to one such as http://a",
		"http://":                      "is not the address of a server: set it to one such as http://a",
		"http://a?x=secret":            "is not the address of a server: set it to one such as http://a",
		"http://a#secret":              "is not the address of a server: set it to one such as http://a",
		"http://u:secret@a":            "has a user name or a password in it: leave them out",
		"http://a:secret":              "is not the address of a server: set it to one such as http://a",
	} {
		if err := configerr.Server("URL", value, "http://a"); want == "" {
			require.NoError(t, err, value)
		} else {
			require.EqualError(t, err, "URL "+want, value)
		}
	}
}

func TestErrorsFindsAllFields(t *testing.T) {
	t.Parallel()
	low, high := &configerr.Error{Field: "Min"}, &configerr.Error{Field: "Max"}
	joined := errors.Join(low, errors.New("something else"), fmt.Errorf("limits: %w", high))
	assert.Equal(t, []*configerr.Error{low, high}, configerr.Errors(joined))
	assert.Equal(t, []*configerr.Error{low, high}, configerr.Errors(fmt.Errorf("autoscaler: %w", joined)))
	assert.Equal(t, []*configerr.Error{high}, configerr.Errors(fmt.Errorf("limits: %w", high)))
	assert.Empty(t, configerr.Errors(errors.New("something else")))
	assert.Empty(t, configerr.Errors(nil))
}
