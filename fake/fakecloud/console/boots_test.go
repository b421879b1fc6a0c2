package console_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/exopool/exopool/fake/fakecloud/console"
)

func TestAMachineIsNotLookedIntoAllTheTime(t *testing.T) {
	t.Parallel()
	looks := console.Looks(time.Unix(0, 0))
	assert.Equal(t, 1, looks("a", 0))
	assert.Equal(t, 1, looks("a", 9*time.Second))
	assert.Equal(t, 2, looks("b", 9*time.Second), "another machine")
	assert.Equal(t, 3, looks("a", 10*time.Second))
}
