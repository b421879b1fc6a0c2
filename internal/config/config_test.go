package config_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/config"
)

func TestBetween(t *testing.T) {
	t.Parallel()
	for value, want := range map[int]string{
		0: "Max is 0: set it to 1 to 10", 1: "", 10: "", 11: "Max is 11: set it to 1 to 10",
	} {
		if err := config.Between("Max", value, 1, 10); want == "" {
			require.NoError(t, err)
		} else {
			require.EqualError(t, err, want)
		}
	}
	require.EqualError(t, config.Between("Interval", 0, time.Second, time.Hour), "Interval is 0s: set it to 1s to 1h0m0s")
}

func TestErrorsFindsAllFields(t *testing.T) {
	t.Parallel()
	low, high := &config.Error{Field: "Min"}, &config.Error{Field: "Max"}
	joined := errors.Join(low, errors.New("something else"), fmt.Errorf("limits: %w", high))
	assert.Equal(t, []*config.Error{low, high}, config.Errors(joined))
	assert.Equal(t, []*config.Error{low, high}, config.Errors(fmt.Errorf("autoscaler: %w", joined)))
	assert.Equal(t, []*config.Error{high}, config.Errors(fmt.Errorf("limits: %w", high)))
	assert.Empty(t, config.Errors(errors.New("something else")))
	assert.Empty(t, config.Errors(nil))
}
