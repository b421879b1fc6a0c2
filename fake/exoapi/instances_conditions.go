package exoapi

import (
	"log/slog"
	"time"

	"github.com/exopool/exopool/fake/machine/driverapi"
)

const observeInterval = time.Second

// observe reads the conditions of machines from now on, if the driver can tell.
func (s *instances) observe(driver driverapi.Driver) {
	if observer, ok := driver.(driverapi.Observer); ok {
		s.watchConditions(observer)
	}
}

// watchConditions reads again and again what machines did by themselves.
func (s *instances) watchConditions(driver driverapi.Observer) {
	s.world.After(observeInterval, func() {
		for i := range s.All() {
			if i.state == instanceRunning || i.state == instanceError && i.machineError != "" {
				s.applyCondition(i, driver.Condition(i.id))
			}
		}
		s.watchConditions(driver)
	})
}

// applyCondition puts an instance into the state that follows from the
// condition of its machine.
func (s *instances) applyCondition(i *instance, c driverapi.Condition) {
	switch {
	case i.crashed: // on purpose
	case c.Err != nil:
		// It may quote what a program printed.
		if text := s.redact(c.Err.Error()); i.machineError != text {
			i.machineError = text
			s.logger.Warn("instance is in error",
				slog.String("instance", i.id), slog.String("name", i.name), slog.String("err", text))
		}
		if i.state != instanceError {
			s.setState(i, instanceError)
		}
	case c.Off:
		i.machineError = ""
		s.logger.Info("instance stopped by itself", slog.String("instance", i.id), slog.String("name", i.name))
		s.setState(i, instanceStopped)
	}
}
