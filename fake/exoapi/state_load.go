package exoapi

import (
	"errors"
	"fmt"
	"time"

	"github.com/exopool/exopool/fake/machine/driverapi"
)

// Reset removes everything and makes the cloud one that has just begun, with the
// same keys for its owner. Faults are removed, too; what was called is still
// counted. A cloud with a seed makes the same ids again.
func (c *Cloud) Reset() error {
	return c.world.Do(func() error {
		if err := c.restart(c.given.Seed, c.world.Now(), c.driver); err != nil {
			return err
		}
		c.recorded(c.restartRecorder())
		return nil
	})
}

// Load replaces the state by one that [Cloud.Save] has written, of a cloud with the
// same settings. All that has happened there happens again, in no time, and then
// what would have happened since. The owner's keys stay those of this cloud.
// Machines are not saved: those that are running boot anew. If there is an error,
// nothing has changed.
func (c *Cloud) Load(state []byte) error {
	if err := c.load(state); err != nil {
		return fmt.Errorf("%w: %w", ErrState, err)
	}
	return c.world.Do(func() error {
		c.recorded(c.restartRecorder())
		return nil
	})
}

func (c *Cloud) load(state []byte) error {
	saved, err := parseState(state)
	if err == nil {
		err = saved.fits(c.settings(), c.cfg.Clock.Now())
	}
	if err == nil {
		err = c.rehearse(saved)
	}
	if err == nil {
		err = c.world.Do(func() error { return c.replace(saved) })
	}
	return err
}

// begin makes a new cloud one with the state that it is to begin with.
func (c *Cloud) begin() error {
	if len(c.cfg.Saved) > 0 {
		if err := c.load(c.cfg.Saved); err != nil {
			return fmt.Errorf("%w: %w", ErrState, err)
		}
	}
	if c.cfg.Recorder == nil {
		return nil
	}
	return c.world.Do(c.restartRecorder)
}

// rehearse makes the saved changes in a cloud of its own, so that those of a
// damaged state are found before anything is given up for it.
func (c *Cloud) rehearse(saved *savedState) error {
	cfg := c.given
	cfg.Machines, cfg.Recorder, cfg.Logger, cfg.Saved = nil, nil, nil, nil
	cfg.InstanceNetwork, cfg.BalancerNetwork = c.driver.Networks()
	cfg.Credentials, cfg.Clock = c.cfg.Credentials, stoppedClock{saved.header.Began}
	trial, err := newCloud(cfg, c.more...)
	if err != nil {
		return err
	}
	defer trial.Close()
	return trial.world.Do(func() error {
		if err := trial.restart(saved.header.Seed, saved.header.Began, trial.driver); err != nil {
			return err
		}
		return trial.replay(saved)
	})
}

// A stoppedClock always shows the same time.
type stoppedClock struct{ at time.Time }

func (s stoppedClock) Now() time.Time                       { return s.at }
func (s stoppedClock) After(time.Duration) <-chan time.Time { return nil }

// replace makes the state the saved one.
func (c *Cloud) replace(saved *savedState) error {
	now, driver := c.world.Now(), c.driver
	held := &heldDriver{Driver: c.driver, holding: true}
	if c.cfg.Machines != nil {
		driver = held
	}
	if err := c.restart(saved.header.Seed, saved.header.Began, driver); err != nil {
		return err
	}
	if err := c.replay(saved); err != nil {
		return err
	}
	return c.world.At(now, func() error {
		if driver == held {
			c.release(held)
		}
		return nil
	})
}

// restart makes the cloud one that has begun at the given time. The recorder gets
// nothing until it has the whole state; see [Cloud.restartRecorder].
func (c *Cloud) restart(seed uint64, at time.Time, driver driverapi.Driver) error {
	c.world.Reset(seed, at)
	c.changedSpeed = 0
	c.keyring.Reset(c.cfg.Credentials)
	c.events.clear()
	if err := c.faults.restore(nil); err != nil {
		return err
	}
	c.journal = journal{began: at, faults: c.faults.currentVersion(), stopped: true}
	return c.populate(driver)
}

// replay makes all saved changes at their times.
func (c *Cloud) replay(saved *savedState) error {
	c.journal.repeating, c.instances.failedStarts = true, saved.failedStarts()
	defer func() { c.journal.repeating, c.instances.failedStarts = false, nil }()
	for n, e := range saved.entries {
		if err := c.world.At(e.At, func() error { return c.repeat(e) }); err != nil {
			return fmt.Errorf("change %d, at %s: %w", n+1, e.At.Format(time.RFC3339), err)
		}
	}
	c.journal.text = append([]byte(nil), saved.text...)
	c.journal.faults = c.faults.currentVersion()
	return nil
}

// repeat makes a saved change again.
func (c *Cloud) repeat(e entry) error {
	switch {
	case e.Faults != nil:
		return c.faults.restore(*e.Faults)
	case e.Method != nil:
		return c.repeatMethod(*e.Method)
	case e.Speed != 0:
		return c.changeSpeed(e.Speed)
	case e.Machine != nil:
		return c.repeatReport(*e.Machine)
	case e.Call == nil:
		return errors.New("it is of no known kind")
	}
	rt := c.router.byKey(e.Call.Route)
	if rt == nil || c.handlers[rt.key()] == nil {
		return fmt.Errorf("%s is not emulated", e.Call.Route)
	}
	r, err := e.Call.request(rt)
	if err != nil {
		return fmt.Errorf("%s: %w", rt.OperationID, err)
	}
	answer, err := c.change(r, rt.key())
	if err != nil {
		return fmt.Errorf("%s was possible, and is refused now: %w", rt.OperationID, err)
	}
	if outcome(answer) != e.Outcome {
		return fmt.Errorf("%s has another outcome than it had: the state was saved by another version of fakecloud, or was changed", rt.OperationID)
	}
	return nil
}

// restartRecorder hands the whole state to the recorder.
func (c *Cloud) restartRecorder() error {
	if c.cfg.Recorder == nil {
		return nil
	}
	text, err := c.state()
	if err != nil {
		return err
	}
	err = c.cfg.Recorder.Restart(text)
	c.journal.stopped = err != nil
	return err
}
