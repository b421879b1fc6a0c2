package exoapi

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

// The lowest and the highest speed, which is how many times faster than real time
// things happen. At a lower one, waits are longer than a [time.Duration] can be.
const (
	minSpeed = 1e-6
	maxSpeed = 1e9
)

// validSpeed reports whether things can happen as fast as that.
func validSpeed(speed float64) bool { return speed >= minSpeed && speed <= maxSpeed }

func wrongSpeed(speed float64) error {
	return fmt.Errorf("speed %g is not a number from %.6f to %.0f", speed, minSpeed, maxSpeed)
}

// Speed returns how many times faster than real time things happen now:
// [Timing.Speed], until [Cloud.SetSpeed] changes it.
func (c *Cloud) Speed() float64 {
	speed := c.cfg.Timing.Speed
	c.read(func() { speed = c.speed() })
	return speed
}

// Passed returns how much of the cloud's time has passed since it began, or was
// reset: an hour at speed 20 counts as twenty. Zero once the cloud is closed, and at
// most 292 years.
func (c *Cloud) Passed() (passed time.Duration) {
	c.read(func() { passed = world.Bounded(float64(c.world.Passed()) * c.cfg.Timing.Speed) })
	return passed
}

// SetSpeed changes how many times faster than real time things happen, from now
// on: 1e-6 to 1e9. What is under way ends sooner, or later, as well. It
// stays until [Cloud.Reset], and is part of the state.
//
// The error is one of [errors.ErrUnsupported] if the cloud has machines that
// really run: those, and the health checks of their load balancers, keep the
// speed that they were started with.
func (c *Cloud) SetSpeed(speed float64) error {
	if err := c.CanSetSpeed(); err != nil {
		return err
	}
	if !validSpeed(speed) {
		return wrongSpeed(speed)
	}
	return c.world.Do(func() error {
		c.noteFaults()
		if err := c.changeSpeed(speed); err != nil {
			return err
		}
		if c.cfg.KeepChanges {
			c.note(entry{Speed: speed})
		}
		return nil
	})
}

// CanSetSpeed returns why [Cloud.SetSpeed] would refuse any speed; nil if it would
// not.
func (c *Cloud) CanSetSpeed() error {
	if c.cfg.Machines != nil {
		return fixedSpeedError{}
	}
	return nil
}

// A fixedSpeedError says why the speed of a cloud cannot be changed.
type fixedSpeedError struct{}

func (fixedSpeedError) Error() string {
	return "the speed cannot be changed: the machines really run, and their health checks keep the speed that they were started with"
}

func (fixedSpeedError) Is(target error) bool { return target == errors.ErrUnsupported }

// speed returns the speed of now. The world has to be locked.
func (c *Cloud) speed() float64 { return cmp.Or(c.changedSpeed, c.cfg.Timing.Speed) }

// changeSpeed changes the speed. The world has to be locked.
func (c *Cloud) changeSpeed(speed float64) error {
	paper, ok := c.driver.(*simulatedDriver)
	if !ok || !validSpeed(speed) {
		return fmt.Errorf("the speed cannot become %g", speed)
	}
	paper.rescale(c.speed() / speed)
	c.world.SetPace(speed / c.cfg.Timing.Speed)
	c.changedSpeed = speed
	return nil
}
