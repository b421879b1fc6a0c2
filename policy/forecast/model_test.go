package forecast_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/policy/forecast"
)

// learn lets a model learn the loads of some minutes.
func learn(m *forecast.Model, from, to int, load func(minute int) float64) {
	for i := from; i < to; i++ {
		m.Learn(sample(i, load(i)))
	}
}

func constant(load float64) func(int) float64 { return func(int) float64 { return load } }

func needs(m *forecast.Model) (then, until float64) {
	t, u := m.Predict()
	return t.Need(), u.Need()
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]forecast.Config{
		"no shortage":        {Worth: 20},
		"all is short":       {Shortage: 1, Worth: 20},
		"shortage no number": {Shortage: math.NaN(), Worth: 20},
		"worth nothing":      {Shortage: 0.001},
		"worth too much":     {Shortage: 0.001, Worth: 1001},
		"worth no number":    {Shortage: 0.001, Worth: math.NaN()},
	} {
		_, err := forecast.New(cfg)
		assert.Error(t, err, name)
		_, err = forecast.Decode(cfg, newModel(t).Encode())
		assert.Error(t, err, name)
	}
}

func TestSaysThatItIsLearning(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	then, _ := m.Predict()
	assert.True(t, then.Learning, "before the first turn")
	assert.Zero(t, then.Need())
	learn(m, 0, 30, constant(8))
	then, _ = m.Predict()
	assert.True(t, then.Learning)
	assert.Equal(t, 8.0, then.Load)
	assert.InDelta(t, 1.6, then.Margin, 1e-9, "a fifth")
	learn(m, 30, 40, constant(8))
	then, _ = m.Predict()
	assert.False(t, then.Learning)
	assert.NotEmpty(t, then.Expert)
}

// Until errors are known, what the load did lately says how long members stay.
func TestHoldsWhileLearningOnlyWhatMayComeBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		load func(minute int) float64
		want float64 // until members that are asked for serve
	}{
		"a load that falls steadily": {func(i int) float64 { return 8 - float64(i)/4 }, 1.2 * 3},
		"a load that comes and goes": {func(i int) float64 { return 3 + 5*float64(i%2) }, 1.2 * 8},
		"a load that has just gone":  {func(i int) float64 { return []float64{8, 3}[i/18] }, 1.2 * 3},
		"a load that has just risen": {func(i int) float64 { return []float64{3, 8}[i/20] }, 1.2 * 8},
	} {
		m := newModel(t)
		learn(m, 0, 21, c.load)
		then, until := m.Predict()
		require.True(t, until.Learning, name)
		assert.GreaterOrEqual(t, until.Need(), then.Need(), name)
		assert.InDelta(t, c.want, until.Need(), 1e-9, name)
	}
}

func TestMarginIsAsLargeAsErrorsAre(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	calm, restless := newModel(t), newModel(t)
	learn(calm, 0, 3000, constant(10))
	learn(restless, 0, 3000, func(int) float64 { return 10 + 4*random.Float64() })
	need, _ := needs(calm)
	assert.InDelta(t, 10, need, 0.2)
	need, _ = needs(restless)
	assert.Greater(t, need, 13.0)
	assert.Less(t, need, 14.5)
}

func TestFollowsATrend(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	learn(m, 0, 601, func(i int) float64 { return 2 + float64(i)/20 })
	need, _ := needs(m)
	assert.InDelta(t, 2+603.0/20, need, 0.3, "in three minutes")
}

func TestKnowsTheDay(t *testing.T) {
	t.Parallel()
	// Everybody comes at nine, and goes at five.
	office := func(i int) float64 {
		if hour := i / 60 % 24; hour >= 9 && hour < 17 {
			return 10
		}
		return 2
	}
	const nine, year = (14*24 + 9) * 60, 365 * 24 * 60
	for name, odd := range map[string]struct{ turn, clock int }{
		"a clock that is right":         {},
		"one that was a year ahead":     {clock: year},
		"one that is a year ahead once": {nine - 200, year},
		"one that is a year late once":  {nine - 200, -year},
	} {
		m := newModel(t)
		learn(m, 0, odd.turn, office)
		m.Learn(sample(odd.clock, 2))
		learn(m, odd.turn, nine-2, office)
		need, _ := needs(m)
		assert.Greater(t, need, 5.0, "%s: most of those who are needed at nine serve before", name)
		learn(m, nine-2, nine+120, office)
		need, _ = needs(m)
		assert.InDelta(t, 10, need, 0.6, name)
	}
}

func TestKnowsTheMinuteOfTheHour(t *testing.T) {
	t.Parallel()
	batch := func(i int) float64 {
		if i%60 < 5 {
			return 12
		}
		return 3
	}
	m := newModel(t)
	learn(m, 0, 60*60-2, batch)
	need, _ := needs(m)
	assert.GreaterOrEqual(t, need, 11.0)
	learn(m, 60*60-2, 60*60+20, batch)
	need, until := needs(m)
	assert.Less(t, need, 4.0)
	assert.Less(t, until, 4.0, "nothing comes soon")
}

func TestKeepsWhatIsNeededUntilMoreCouldServe(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	learn(m, 0, 1000, constant(10))
	m.Learn(sample(1000, 2))
	then, until := needs(m)
	assert.Greater(t, until, then)
	assert.GreaterOrEqual(t, until, 10.0)
}

// A load of which only a lower bound is known is not learned as if it were exact.
func TestSaturated(t *testing.T) {
	t.Parallel()
	surge := func(capped bool) float64 {
		m, random := newModel(t), rand.New(rand.NewPCG(5, 6))
		for i := range 3000 {
			s := sample(i, 4)
			switch random.IntN(40) {
			case 0, 4:
				s.Load = 9 // this one is seen as it is
			case 1, 2, 3, 5, 6, 7, 8, 9:
				s.Load, s.AtLeast = 5, capped
			}
			m.Learn(s)
		}
		need, _ := needs(m)
		return need
	}

	assert.Greater(t, surge(true), surge(false))
}

func TestOutage(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	learn(m, 0, 3*24*60, wave)
	before, _ := needs(m)
	down, up := 3*24*60, 4*24*60
	learn(m, down, down+29, constant(0))
	then, until := m.Predict()
	assert.InDelta(t, wave(down), then.Need(), 1.5, "members stay for a while")
	assert.Equal(t, then, until)
	assert.Contains(t, then.Expert, "stopped")
	learn(m, down+29, up, constant(0))
	need, _ := needs(m)
	assert.Zero(t, need, "and go then")
	m.Learn(sample(up, 0.5))
	need, _ = needs(m)
	assert.InDelta(t, wave(up), need, 1.5, "all users are expected back at once")
	learn(m, up+1, up+60, wave)
	need, _ = needs(m)
	assert.InDelta(t, before, need, 2, "nothing was unlearned")
}

func TestLoadThatEndsIsNoOutageForEver(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	learn(m, 0, 24*60, constant(5))
	learn(m, 24*60, 6*24*60, constant(0))
	then, _ := m.Predict()
	assert.NotContains(t, then.Expert, "stopped")
	assert.Less(t, then.Need(), 1.0)
}

func TestSilenceThatIsUsualIsNoOutage(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	blinking := func(i int) float64 { return 5 * float64(i/30%2) }
	learn(m, 0, 24*60, blinking)
	learn(m, 24*60, 24*60+10, constant(0))
	then, _ := m.Predict()
	assert.NotContains(t, then.Expert, "stopped")
}

func TestMissedTurns(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	learn(m, 0, 2000, wave)
	for i := 2000; i < 2030; i++ {
		m.Learn(sample(i, math.NaN()))
	}
	need, _ := needs(m)
	assert.InDelta(t, wave(2000), need, 1.5, "the last is all that is known")
	learn(m, 2050, 2060, wave)
	need, _ = needs(m)
	assert.InDelta(t, wave(2060), need, 1.5)
	learn(m, 9000, 9010, wave)
	then, _ := m.Predict()
	assert.InDelta(t, wave(9010), then.Need(), 1.5)
	assert.False(t, then.Learning, "a pause unlearns nothing")
}

func TestClockThatIsSet(t *testing.T) {
	t.Parallel()
	for name, to := range map[string]int{"back a little": 1990, "back": 500, "ahead": 900_000} {
		m := newModel(t)
		learn(m, 0, 2000, constant(6))
		learn(m, to, to+10, constant(6))
		then, _ := m.Predict()
		assert.InDelta(t, 6, then.Need(), 0.5, name)
		assert.False(t, then.Learning, name)
	}
}

// A turn may take less than a slot, if starts take many turns.
func TestShortTurns(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	for i := range 5000 {
		m.Learn(forecast.Sample{
			At: time.Unix(1_000_000_000+10*int64(i), 0), Load: 2 + float64(i)/200,
			Interval: 10 * time.Second, Lead: 2 * time.Minute,
		})
	}
	need, _ := needs(m)
	assert.InDelta(t, 2+5013.0/200, need, 0.3, "after 130 seconds")
}

// What is aimed at is kept where it can be paid.
func TestShortageIsSteered(t *testing.T) {
	t.Parallel()
	short := map[float64]float64{}
	for _, aim := range []float64{0.001, 0.02} {
		m, err := forecast.New(forecast.Config{Shortage: aim, Worth: 1000})
		require.NoError(t, err)
		random := rand.New(rand.NewPCG(3, 4))
		count := 0.0
		var had [3]float64
		for i := range 60_000 {
			load := 5 * math.Exp(random.NormFloat64()/3)
			if took := math.Ceil(load); i > 30_000 {
				short[aim] += max(0, 1-had[0]/took)
				count++
			}
			m.Learn(sample(i, load))
			then, _ := m.Predict()
			had = [3]float64{had[1], had[2], max(1, math.Ceil(then.Need()))}
		}
		short[aim] /= count
	}
	assert.InDelta(t, 0.001, short[0.001], 0.0007)
	assert.Greater(t, short[0.02], 2*short[0.001])
	assert.LessOrEqual(t, short[0.02], 0.025)
}

// Whatever comes, what is predicted is a number that a pool can have.
func TestBounds(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 1))
		m := newModel(t)
		at := time.Unix(1_000_000_000, 0)
		odd := []float64{0, -1, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, 5e-324, 1e9, 3}
		for range 3000 {
			s := forecast.Sample{
				At: at, Load: random.Float64() * 20, AtLeast: random.IntN(10) == 0,
				Interval: time.Minute, Lead: 2 * time.Minute,
			}
			at = at.Add(time.Minute)
			switch random.IntN(50) {
			case 0, 1, 2:
				s.Load = odd[random.IntN(len(odd))]
			case 3:
				at = at.Add(time.Duration(random.Int64N(int64(1000 * time.Hour))))
			case 4:
				at = at.Add(-time.Duration(random.Int64N(int64(1000 * time.Hour))))
			case 5:
				s.Interval, s.Lead = time.Duration(random.Int64()), time.Duration(random.Int64())
			case 6:
				s.Interval = time.Duration(random.Int64N(int64(24 * time.Hour)))
			case 7:
				s.At = time.Time{}
			}
			m.Learn(s)
			requireBounded(t, m)
		}
		again, err := forecast.Decode(forecast.Config{Shortage: 0.001, Worth: 20}, m.Encode())
		require.NoError(t, err, "whatever was learned can be read again")
		assert.Equal(t, m.Encode(), again.Encode())
	}
}

func requireBounded(tb testing.TB, m *forecast.Model) {
	tb.Helper()
	then, until := m.Predict()
	for _, p := range []forecast.Prediction{then, until} {
		if !(p.Load >= 0 && p.Load <= 1e9 && p.Need() >= 0 && p.Need() <= 2e9) {
			tb.Fatalf("%+v", p)
		}
	}
	if until.Need() < then.Need() {
		tb.Fatalf("%+v is more than %+v", then, until)
	}
}
