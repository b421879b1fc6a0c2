package chaos_test

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/exopool/exopool/autoscale"
)

// newTestScaler returns a scaler that a test moves by hand.
func newTestScaler() *scaler {
	w := &world{stats: newStats()}
	s := &scaler{
		world: w, name: "a", bounds: bounds{lowest: 2, highest: 5, step: 1},
		counts: map[autoscale.Direction]int{}, disk: &disk{},
	}
	w.scalers = []*scaler{s}
	return s
}

func (s *scaler) hook(direction autoscale.Direction) {
	s.webhooks = append(s.webhooks, webhook{when: s.world.tick(), direction: direction, answered: true})
	s.counts[direction]++
}

// A turn that reads, asks for a size and gets it.
func (s *scaler) moves(from, to int) {
	s.read(from)
	s.carriedOut(s.asks(to))
	s.decided(autoscale.Decision{From: from, To: to, Size: from, State: autoscale.StateRunning, Result: autoscale.Resized, Reason: autoscale.ReasonStepUp})
}

// The ledger has to find violations: one that never does proves nothing.
func TestTheLedgerFindsViolations(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		actions   func(*scaler)
		violation string // empty: none
	}{
		"a step that a webhook asked for": {func(s *scaler) { s.hook(autoscale.Up); s.moves(3, 4) }, ""},
		"a step for nothing":              {func(s *scaler) { s.moves(3, 4) }, "which no webhook has asked for"},
		"a step the wrong way":            {func(s *scaler) { s.hook(autoscale.Down); s.moves(3, 4) }, "which no webhook has asked for"},
		"two steps for one webhook": {func(s *scaler) {
			s.hook(autoscale.Up)
			s.moves(3, 4)
			s.moves(4, 5)
		}, "which no webhook has asked for"},
		"a second step for a webhook of its own": {func(s *scaler) {
			s.hook(autoscale.Up)
			s.moves(3, 4)
			s.hook(autoscale.Up)
			s.moves(4, 5)
		}, ""},
		"a step towards the bounds":        {func(s *scaler) { s.moves(8, 7) }, ""},
		"a leap into the bounds":           {func(s *scaler) { s.moves(8, 5) }, "which is no step"},
		"a step out of the bounds":         {func(s *scaler) { s.hook(autoscale.Up); s.moves(5, 6) }, "out of its bounds"},
		"a step away from the bounds":      {func(s *scaler) { s.hook(autoscale.Up); s.moves(7, 8) }, "out of its bounds"},
		"a write without a reading":        {func(s *scaler) { s.hook(autoscale.Up); s.asks(4) }, "without having read"},
		"a write repeated without reading": {func(s *scaler) { s.hook(autoscale.Up); s.read(3); s.asks(4); s.asks(4) }, "without having read"},
		"a write repeated after reading":   {func(s *scaler) { s.hook(autoscale.Up); s.read(3); s.asks(4); s.read(3); s.asks(4) }, ""},
		"a write on last turn's reading": {func(s *scaler) {
			s.hook(autoscale.Up)
			s.read(3)
			s.decided(autoscale.Decision{From: 3, To: 3})
			s.asks(4)
		}, "without having read"},
		"two resizes in a turn": {func(s *scaler) {
			s.hook(autoscale.Up)
			s.read(3)
			s.carriedOut(s.asks(4))
			s.read(4)
			s.carriedOut(s.asks(5))
		}, "twice in one turn"},
		"a write during a pause":             {func(s *scaler) { s.hook(autoscale.Up); s.paused = &pause{}; s.read(3); s.asks(4) }, "while it is paused"},
		"a write after a pause":              {func(s *scaler) { s.paused = &pause{until: time.Now().Add(-time.Second)}; s.read(3); s.asks(4) }, ""},
		"a write of a dry run":               {func(s *scaler) { s.dry = true; s.read(3); s.asks(4) }, "in a dry run"},
		"a write against a rival":            {func(s *scaler) { takesBack(s, 3, 0); s.asks(4) }, "others have changed the size"},
		"a write soon after a rival":         {func(s *scaler) { takesBack(s, 3, 10); s.asks(4) }, "others have changed the size"},
		"a write long after a rival":         {func(s *scaler) { takesBack(s, 3, 11); s.asks(4) }, ""},
		"a write after two are taken back":   {func(s *scaler) { takesBack(s, 2, 0); s.asks(4) }, ""},
		"a write after changes alone":        {func(s *scaler) { rival(s, 3, 4, 5, 4, 5, 4); s.asks(5) }, ""},
		"a resize that was not asked":        {func(s *scaler) { s.read(3); s.decided(autoscale.Decision{From: 3, To: 4, Result: autoscale.Resized}) }, "did not ask for that"},
		"a foreign change that was one":      {func(s *scaler) { reportsForeignChange(s, s.world.tick()) }, ""},
		"a foreign change that was none":     {func(s *scaler) { reportsForeignChange(s, 0) }, "and there was none"},
		"a decision to leap":                 {func(s *scaler) { s.decided(autoscale.Decision{From: 8, To: 5, Result: autoscale.Failed}) }, "at once"},
		"a webhook that is lost":             {func(s *scaler) { s.hook(autoscale.Up); s.close() }, "loses the webhook"},
		"a webhook settled":                  {func(s *scaler) { s.hook(autoscale.Up); s.settled(settledOne); s.close() }, ""},
		"a webhook settled too early":        {func(s *scaler) { s.settled(settledOne); s.hook(autoscale.Up); s.close() }, "loses the webhook"},
		"a webhook settled without a reason": {func(s *scaler) { s.settled(autoscale.Settled{Direction: autoscale.Up}) }, "with the reason"},
		"a webhook lost with a broken disk": {func(s *scaler) {
			s.disk.state = diskFull
			s.hook(autoscale.Up)
			s.forgetRun()
			s.close()
		}, ""},
		"a webhook lost after a dry run":  {func(s *scaler) { s.dry = true; s.hook(autoscale.Up); s.forgetRun(); s.close() }, ""},
		"a webhook lost with a good disk": {func(s *scaler) { s.hook(autoscale.Up); s.forgetRun(); s.close() }, "loses the webhook"},
		"webhooks settled twice":          {func(s *scaler) { s.hook(autoscale.Up); s.settled(settledOne); s.settled(settledOne); s.close() }, "more webhooks up than"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newTestScaler()
			tt.actions(s)
			if tt.violation == "" {
				assert.Empty(t, s.world.violations)
				return
			}
			if assert.NotEmpty(t, s.world.violations) {
				assert.Contains(t, s.world.violations[0], tt.violation)
			}
		})
	}
}

var settledOne = autoscale.Settled{
	Direction: autoscale.Up, Reason: autoscale.ReasonAtMaximum, Webhooks: autoscale.Batch{Count: 1},
}

// takesBack lets another client take back n resizes from 3 to 4, and keep the
// size for some more turns. The last turn has read it and decided nothing yet.
func takesBack(s *scaler, n, turns int) {
	for range n {
		s.hook(autoscale.Up)
		s.moves(3, 4)
	}
	sizes := make([]int, 1+turns)
	for i := range sizes {
		sizes[i] = 3
	}
	rival(s, sizes...)
}

// rival lets turns find these sizes, and keep each.
func rival(s *scaler, sizes ...int) {
	s.hook(autoscale.Up)
	for i, size := range sizes {
		s.read(size)
		if i < len(sizes)-1 {
			s.decided(autoscale.Decision{From: size, To: size, State: autoscale.StateRunning, Result: autoscale.Held})
		}
	}
}

// reportsForeignChange lets a turn report that another client has changed the size.
func reportsForeignChange(s *scaler, when uint64) {
	rival(s, 3, 4)
	if when > 0 {
		s.foreign = s.world.tick()
	}
	s.decided(autoscale.Decision{From: 4, To: 4, State: autoscale.StateRunning, Result: autoscale.Held, ForeignChange: true})
}

func TestSecretsInLogsAreSeen(t *testing.T) {
	t.Parallel()
	w := &world{stats: newStats(), secrets: [][]byte{[]byte("EXOsecret")}}
	logger := w.logger(&run{world: w, name: "a"})
	logger.Debug("all is well", slog.String("key", "EXOther"))
	assert.Empty(t, w.violations)
	logger.With(slog.Any("err", errors.New("signed with EXOsecret"))).Debug("oops")
	assert.Len(t, w.violations, 1)
}
