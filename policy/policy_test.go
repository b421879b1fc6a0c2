package policy_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/policy"
)

// seen is what a policy observes of a pool that carries a load.
func seen(size, serving int, load float64) autoscale.Observation {
	return autoscale.Observation{Size: size, Serving: serving, Min: 1, Max: 100, Load: autoscale.Load{Members: load}}
}

func atLeast(o autoscale.Observation) autoscale.Observation {
	o.Load.AtLeast = true
	return o
}

func TestTarget(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		observed autoscale.Observation
		want     int
	}{
		"as many as the load takes":            {seen(3, 3, 4.2), 5},
		"exactly":                              {seen(3, 3, 5), 5},
		"fewer":                                {seen(9, 9, 4.2), 5},
		"near the objective it keeps the size": {seen(10, 10, 10.9), 10},
		"below, too":                           {seen(10, 10, 9.1), 10},
		"but not beyond":                       {seen(10, 10, 11.1), 12},
		"while some start it counts":           {seen(6, 5, 5.2), 6},
		"all that are asked for":               {seen(8, 5, 5.2), 6},
		"no load":                              {seen(3, 3, 0), 0},
		"nobody serves":                        {seen(3, 0, 0), 0},
		"a load that may be larger":            {atLeast(seen(9, 9, 4.2)), 9},
		"and may grow":                         {atLeast(seen(4, 4, 4.9)), 5},
	} {
		got := policy.Target{Tolerance: 0.1}.Decide(nil, tt.observed)
		assert.Equal(t, tt.want, got.Size, name)
		assert.NotEmpty(t, got.Why, name)
	}
}

func TestSteps(t *testing.T) {
	t.Parallel()
	p := policy.Steps{
		Up:   []policy.Step{{Threshold: 100, Members: 1}, {Threshold: 115, Members: 2, Percent: 50}},
		Down: []policy.Step{{Threshold: 50, Members: 1}, {Threshold: 20, Percent: 25}},
	}
	for name, tt := range map[string]struct {
		observed autoscale.Observation
		want     int
	}{
		"at the threshold":                   {seen(4, 4, 4), 4},
		"above it":                           {seen(4, 4, 4.1), 5},
		"above the higher one":               {seen(4, 4, 4.7), 6},
		"by percent if that is more":         {seen(9, 9, 12), 14},
		"one load, one step":                 {seen(5, 4, 4.1), 5},
		"between":                            {seen(4, 4, 3), 4},
		"below the threshold":                {seen(4, 4, 1.9), 3},
		"below the lower one, rounded up":    {seen(9, 9, 1), 6},
		"a load that may be larger":          {atLeast(seen(4, 4, 1.9)), 4},
		"nobody serves: nothing is known":    {seen(4, 0, 0), 4},
		"the highest, in whatever order":     {seen(2, 2, 9), 4},
		"of a load that is many times above": {seen(2, 2, 1e6), 4},
	} {
		got := p.Decide(nil, tt.observed)
		assert.Equal(t, tt.want, got.Size, name)
		assert.NotEmpty(t, got.Why, name)
	}
}
