package policy_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/policy"
)

func newFollow(tb testing.TB) *policy.Follow {
	tb.Helper()
	p, err := policy.NewFollow(policy.FollowConfig{})
	require.NoError(tb, err)
	return p
}

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// A play is a pool that follows at once, and its policy.
type play struct {
	policy *policy.Follow
	memory autoscale.Memory
	size   int
	minute int
}

func (p *play) observe(load autoscale.Load, err error) autoscale.Observation {
	at := noon.Add(time.Duration(p.minute) * time.Minute)
	if err == nil {
		load.At = at
	}
	return autoscale.Observation{
		Time: at, Interval: time.Minute, Size: p.size, Serving: p.size, Min: 1, Max: 100, Load: load, LoadErr: err,
	}
}

// turn plays one turn, and gives the pool the size that is wanted.
func (p *play) turn(load autoscale.Load, err error) autoscale.Wish {
	o := p.observe(load, err)
	p.memory = p.policy.Learn(p.memory, o)
	wish := p.policy.Decide(p.memory, o)
	p.size = max(wish.Size, 1)
	p.minute++
	return wish
}

func (p *play) turns(n int, load float64) (last autoscale.Wish) {
	for range n {
		last = p.turn(autoscale.Load{Members: load}, nil)
	}
	return last
}

func TestFollowLearnsFirst(t *testing.T) {
	t.Parallel()
	p := &play{policy: newFollow(t), size: 1}
	wish := p.turns(1, 4)
	assert.Equal(t, 5, wish.Size)
	assert.Equal(t, "learning: the load takes 4.0 members, and may take 0.8 more in the next 3m0s", wish.Why)
	assert.Equal(t, 5, p.turns(20, 4).Size)
	wish = p.turns(1000, 3.8)
	assert.Equal(t, 4, wish.Size, "it knows that nothing happens")
	assert.NotContains(t, wish.Why, "learning")
	assert.Contains(t, wish.Why, "the last load says 3.8, and is up to")
	require.NotNil(t, wish.Forecast)
	assert.Equal(t, "the last load", wish.Forecast.Expert)
	assert.InDelta(t, 3.8, wish.Forecast.Members, 0.05)
	assert.Positive(t, wish.Forecast.Margin)
}

func TestFollowGrowsAtOnceAndShrinksLater(t *testing.T) {
	t.Parallel()
	p := &play{policy: newFollow(t), size: 4}
	p.turns(1000, 3.9)
	assert.GreaterOrEqual(t, p.turns(2, 7.5).Size, 8)
	assert.GreaterOrEqual(t, p.turns(1, 3.5).Size, 8, "it may come back sooner than members could")
	p.turns(60, 3.5)
	assert.LessOrEqual(t, p.size, 5)
}

func TestFollowWithoutALoad(t *testing.T) {
	t.Parallel()
	p := &play{policy: newFollow(t), size: 7}
	wish := p.policy.Decide(nil, p.observe(autoscale.Load{}, assert.AnError))
	assert.Equal(t, 7, wish.Size, "nothing was learned yet")
	assert.Equal(t, 7, p.turn(autoscale.Load{}, assert.AnError).Size)
	p.turns(500, 6.5)
	for range 10 {
		wish = p.turn(autoscale.Load{}, assert.AnError)
		assert.Equal(t, 7, wish.Size)
		assert.Equal(t, "the load is not known", wish.Why)
	}
}

func TestFollowSaturated(t *testing.T) {
	t.Parallel()
	p := &play{policy: newFollow(t), size: 4}
	p.turns(500, 3.5)
	wish := p.turn(autoscale.Load{Members: 5, AtLeast: true}, nil)
	assert.GreaterOrEqual(t, wish.Size, 7)
	assert.Contains(t, wish.Why, "at least 5.0 members")
	p.size = 12
	assert.Equal(t, 12, p.turn(autoscale.Load{Members: 5, AtLeast: true}, nil).Size, "nobody goes")
}

// What was measured is not all of the load if a signal failed.
func TestFollowWithPartOfTheLoad(t *testing.T) {
	t.Parallel()
	p := &play{policy: newFollow(t), size: 4}
	p.turns(500, 3.5)
	o := p.observe(autoscale.Load{Members: 3.5, At: noon}, assert.AnError)
	p.memory = p.policy.Learn(p.memory, o)
	assert.Equal(t, 4, p.policy.Decide(p.memory, o).Size)
}

// A restart at any turn changes nothing, and neither does asking twice.
func TestFollowRestart(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 8))
	whole := &play{policy: newFollow(t), size: 4}
	restarted := &play{policy: newFollow(t), size: 4}
	for i := range 800 {
		load := autoscale.Load{Members: 4 + 3*math.Sin(float64(i)/50) + random.Float64(), AtLeast: i%91 == 0}
		var err error
		if i%77 == 0 {
			load, err = autoscale.Load{}, assert.AnError
		}
		data, encodeErr := restarted.policy.Encode(restarted.memory)
		require.NoError(t, encodeErr)
		memory, decodeErr := newFollow(t).Decode(data)
		require.NoError(t, decodeErr)
		restarted.memory = memory
		require.Equal(t, whole.turn(load, err), restarted.turn(load, err))
		o := whole.observe(load, err)
		require.Equal(t, whole.policy.Decide(whole.memory, o), whole.policy.Decide(whole.memory, o))
	}
}

func TestFollowConfig(t *testing.T) {
	t.Parallel()
	for _, cfg := range []policy.FollowConfig{
		{Shortage: -1}, {Shortage: 1}, {Worth: 0.5}, {Worth: math.NaN()}, {StartTime: -1}, {StartTime: 2 * autoscale.MaxStartTimeout},
	} {
		_, err := policy.NewFollow(cfg)
		assert.Error(t, err, cfg)
	}
}

// Whatever is read and measured, the wish is a size.
func FuzzFollow(f *testing.F) {
	p := &play{policy: newFollow(f), size: 2}
	p.turns(40, 3)
	data, err := p.policy.Encode(p.memory)
	require.NoError(f, err)
	f.Add(data, 3.0, false, 2)
	f.Add([]byte{}, math.Inf(1), true, 0)
	f.Fuzz(func(t *testing.T, data []byte, load float64, atLeast bool, size int) {
		policy := newFollow(t)
		memory, err := policy.Decode(data)
		if err != nil {
			return
		}
		p := &play{policy: policy, memory: memory, size: min(max(size, 0), autoscale.MaxSize)}
		for range 5 {
			wish := p.turn(autoscale.Load{Members: load, AtLeast: atLeast}, nil)
			if wish.Size < 0 || wish.Size > autoscale.MaxSize {
				t.Fatalf("a size of %d", wish.Size)
			}
			if p.size = min(p.size, autoscale.MaxSize); wish.Why == "" {
				t.Fatal("no reason")
			}
		}
	})
}
