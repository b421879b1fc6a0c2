package contender

import (
	"fmt"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/policy"
	"github.com/exopool/exopool/replay"
)

// follow returns the policy with its defaults.
func follow() autoscale.Policy {
	policy, err := policy.NewFollow(policy.FollowConfig{})
	if err != nil {
		panic(err) // the defaults are right
	}
	return policy
}

// Tuned returns contenders that follow the load with other settings each, from the
// cheapest to the one with the least shortage, as those who choose them can expect.
func Tuned(signal replay.Signal) ([]replay.Contender, error) {
	var list []replay.Contender
	for _, cfg := range []policy.FollowConfig{
		{Shortage: 0.03, Worth: 2},
		{Shortage: 0.01, Worth: 3},
		{Shortage: 0.005, Worth: 5},
		{Shortage: 0.002, Worth: 10},
		{Shortage: 0.001, Worth: 20},
		{Shortage: 0.0005, Worth: 40},
		{Shortage: 0.0002, Worth: 80},
		{Shortage: 0.0001, Worth: 160},
	} {
		follow, err := policy.NewFollow(cfg)
		if err != nil {
			return nil, err
		}
		name := fmt.Sprintf("shortage %g %%, worth %g", 100*cfg.Shortage, cfg.Worth)
		list = append(list, replay.Contender{Name: name, Signal: signal, Policy: follow})
	}
	return list, nil
}
