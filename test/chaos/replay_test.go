package chaos_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// random is what differs each time without meaning: folders, and waits that [pacer]
// and [discoveryClock] round.
var random = regexp.MustCompile(`exopool-chaos-[0-9]+|(wait|retry_in)=\S+`)

// A violation can be played again only if a seed plays the same each time. One in
// twenty seeds of a campaign is played twice, and ten more.
func TestCampaignPlaysASeedTheSameEachTime(t *testing.T) {
	t.Parallel()
	if *one != 0 {
		t.Skip("the campaign replays a single schedule")
	}
	for seed := *from; seed < *from+10+*seeds/20; seed++ {
		s := newSchedule(seed)
		var traces [2]strings.Builder
		for i := range traces {
			try(t, s, newStats(), &traces[i])
		}
		first := strings.Split(random.ReplaceAllString(traces[0].String(), ""), "\n")
		second := strings.Split(random.ReplaceAllString(traces[1].String(), ""), "\n")
		for i := range first {
			if i >= len(second) || first[i] != second[i] {
				assert.Equal(t, first[i], second[min(i, len(second)-1)], "seed %d, line %d", seed, i)
				break
			}
		}
	}
}
