package system

import (
	"context"

	"github.com/exopool/exopool/cmd/demo/internal/view"
)

// Reporter returns what reports troubles to emit.
func Reporter(emit func(view.Event)) func(ctx context.Context, what string, err error) {
	t := troubles{emit: emit, failed: map[string]string{}}
	return t.report
}
