package chaos_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// chance is what differs each time and means nothing: folders, and waits that
// [pacer] and [discoveryClock] make alike.
var chance = regexp.MustCompile(`exopool-chaos-[0-9]+|(wait|retry_in)=\S+`)

// A finding can be looked at only if the same seed brings the same day.
func TestASeedPlaysTheSameEachTime(t *testing.T) {
	t.Parallel()
	for seed := uint64(1); seed <= 100; seed++ {
		s := drawSchedule(seed)
		var traces [2]strings.Builder
		for i := range traces {
			try(t, s, newStats(), &traces[i])
		}
		first := strings.Split(chance.ReplaceAllString(traces[0].String(), ""), "\n")
		second := strings.Split(chance.ReplaceAllString(traces[1].String(), ""), "\n")
		for i := range first {
			if i >= len(second) || first[i] != second[i] {
				assert.Equal(t, first[i], second[min(i, len(second)-1)], "seed %d, line %d", seed, i)
				break
			}
		}
	}
}
