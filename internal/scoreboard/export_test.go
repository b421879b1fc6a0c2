package scoreboard

import (
	"context"
	"slices"
	"strings"

	"github.com/exopool/exopool/replay"
)

// Follow replays all traces of a folder with the policy follow, as the scoreboard has
// it.
func Follow(ctx context.Context, folder string) ([]replay.Result, error) {
	list, err := read(folder)
	if err != nil {
		return nil, err
	}
	follows := slices.DeleteFunc(contenders(), func(c replay.Contender) bool { return !strings.HasPrefix(c.Name, "follow") })
	return replay.Compare(ctx, list, replay.DefaultConfig(), follows, nil)
}
