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
