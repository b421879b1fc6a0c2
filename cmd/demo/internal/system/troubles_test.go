package system_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/exopool/exopool/cmd/demo/internal/system"
	"github.com/exopool/exopool/cmd/demo/internal/view"
)

func TestWhatFailsIsSaidOnceAndSoIsItsEnd(t *testing.T) {
	var said []string
	report := system.Reporter(func(e view.Event) { said = append(said, e.Text) })
	stopping, stop := context.WithCancel(t.Context())
	stop()

	for range 5 {
		report(t.Context(), "average CPU", errors.New("no answer"))
	}
	report(t.Context(), "average CPU", errors.New("a wrong answer"))
	report(t.Context(), "CPU use of the members", nil)
	for range 5 {
		report(t.Context(), "average CPU", nil)
	}
	report(stopping, "average CPU", errors.New("stopped"))

	assert.Equal(t, []string{"average CPU: no answer", "average CPU: a wrong answer", "average CPU works again"}, said)
}
