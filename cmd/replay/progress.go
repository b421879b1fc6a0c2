package main

import (
	"fmt"
	"io"

	"github.com/exopool/exopool/internal/progress"
)

// reportProgress returns what says how far a replay is, and what to call at its
// end.
func reportProgress(to io.Writer) (report func(share float64), end func()) {
	wait := progress.New(to, "replay: ").Start("replaying", 0)
	return func(share float64) { wait.See(fmt.Sprintf("%.0f %%", 100*share)) }, wait.End
}
