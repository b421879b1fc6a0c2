package exoapi

import (
	"log/slog"
	"time"

	"github.com/exopool/exopool/fake/infra"
)

const observeInterval = time.Second

// observe takes over what machines did by themselves, now and ever again.
func (w *world) observe(driver infra.Observer) {
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
func (w *world) follow(i *instance, c infra.Condition) {
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
