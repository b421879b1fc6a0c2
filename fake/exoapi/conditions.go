package exoapi

import (
	"log/slog"
	"time"
)

// An Observer is a driver whose machines do things by themselves: they shut
// down, crash, or cannot do what their user-data says. The world asks it once
// a second.
type Observer interface {
	// Condition tells how a machine is doing. Of a machine that it does not
	// know, or that is as wanted, it has nothing to say.
	Condition(id string) Condition
}

// A Condition is what a driver found out about a machine. Its zero value means
// that all is well.
type Condition struct {
	// Off tells that the machine is off although nobody stopped it. The
	// instance is then "stopped".
	Off bool
	// Err tells what is wrong with the machine. The instance is then in the
	// state "error"; it stays there until it is stopped, rebooted, reset or
	// destroyed.
	Err error
}

const observeInterval = time.Second

// observe takes over what machines did by themselves, now and ever again.
func (w *world) observe(driver Observer) {
	w.after(observeInterval, func() {
		for i := range w.instances.all() {
			if i.state == instanceRunning || i.state == instanceError && i.trouble != "" {
				w.follow(i, driver.Condition(i.id))
			}
		}
		w.observe(driver)
	})
}

// follow brings an instance into the state that its machine's condition means.
func (w *world) follow(i *instance, c Condition) {
	switch {
	case c.Err != nil:
		if i.trouble != c.Err.Error() {
			i.trouble = c.Err.Error()
			w.log.Warn("instance is in error",
				slog.String("instance", i.id), slog.String("name", i.name), slog.Any("err", c.Err))
		}
		if i.state != instanceError {
			i.become(instanceError)
		}
	case c.Off && !i.crashed: // a crashed one is off on purpose
		i.trouble = ""
		w.log.Info("instance stopped by itself", slog.String("instance", i.id), slog.String("name", i.name))
		i.become(instanceStopped)
	}
}
