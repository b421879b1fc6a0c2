package system

import (
	"time"

	"github.com/exopool/exopool/autoscale"
)

// Times are the durations of a real installation, shortened together.
type Times struct {
	Speed float64 // of all but Start, Boot and Poll; 1 is real time

	Turn       time.Duration // of the autoscaler
	Refresh    time.Duration // of discovery
	Scrape     time.Duration
	Evaluation time.Duration // of the alert rules, and the grid of webhooks
	Window     time.Duration // that CPU use is averaged over
	For        time.Duration // how long a condition is pending
	Repeat     time.Duration // of a webhook while its alert fires, less one evaluation at most
	Start      time.Duration // of an instance, until it is running
	Boot       time.Duration // until its services answer
	Poll       time.Duration // of a running API operation
	Expiry     time.Duration // of a webhook that could not be acted on
	MinAge     time.Duration // below which members are left out of the average
}

// TimesAt returns the durations of a real installation, divided by speed.
func TimesAt(speed float64) Times {
	scaled := func(d time.Duration) time.Duration {
		return time.Duration(float64(d) / speed).Round(time.Millisecond)
	}
	return Times{
		Speed:      speed,
		Turn:       scaled(60 * time.Second),
		Refresh:    scaled(10 * time.Second),
		Scrape:     scaled(5 * time.Second),
		Evaluation: scaled(10 * time.Second),
		Window:     scaled(time.Minute),
		For:        scaled(time.Minute),
		Repeat:     scaled(45 * time.Second),
		Start:      scaled(15 * time.Second),
		Boot:       scaled(20 * time.Second),
		Poll:       scaled(3 * time.Second),
		Expiry:     scaled(5 * time.Minute),
	}
}

// guards returns the guards of a real installation, shortened.
func (t Times) guards(g autoscale.Guards) autoscale.Guards {
	for _, d := range []*time.Duration{
		&g.UpStabilization, &g.DownStabilization, &g.UpCooldown, &g.DownCooldown, &g.UpRate.Per, &g.DownRate.Per,
	} {
		*d = time.Duration(float64(*d) / t.Speed)
	}
	return g
}

// times returns the times of a configuration. With a Grafana, only the cloud is
// faster than real time.
func (cfg Config) times() Times {
	t := TimesAt(cfg.Speed)
	if cfg.Grafana != nil {
		cloud := t
		t = TimesAt(1)
		t.Start, t.Boot, t.Poll = cloud.Start, cloud.Boot, cloud.Poll
	}
	t.MinAge = time.Duration(float64(cfg.BootAge) / t.Speed).Round(time.Millisecond)
	return t
}
