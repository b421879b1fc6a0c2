package replay

import (
	"math"
	"time"
)

// clairvoyant returns the size that a turn at a tick leaves the pool with if the
// load is known in advance: as few members as are enough until those that
// the next turn asks for would serve. While no load is known it is 0.
func (cfg Config) clairvoyant(demand []float64, tick int) int {
	ticks := int((cfg.Boot + cfg.Interval) / cfg.tick())
	most := math.Inf(-1)
	for _, load := range demand[tick:min(tick+ticks, len(demand))] {
		if load > most { // not if it is NaN
			most = load
		}
	}
	if math.IsInf(most, -1) {
		return 0
	}
	return cfg.needed(most)
}

// oracle plays the clairvoyant schedule. It needs no loop: nothing holds it back.
type oracle struct {
	cfg    Config
	pool   *pool
	demand []float64
}

func (o oracle) turn(at time.Duration) {
	switch size := o.cfg.clairvoyant(o.demand, int(at/o.cfg.tick())); {
	case size == 0:
	case size < len(o.pool.members):
		o.pool.shrink(size)
	default:
		o.pool.grow(size)
	}
}
