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
	s.world.AfterReal(observeInterval, func() {
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
		text := s.redact(c.Err.Error())
		if i.machineError != text {
			s.logger.Warn("instance is in error",
				slog.String("instance", i.id), slog.String("name", i.name), slog.String("err", text))
		}
		s.become(i, instanceError, text)
	case c.Off:
		s.logger.Info("instance stopped by itself", slog.String("instance", i.id), slog.String("name", i.name))
		s.become(i, instanceStopped, "")
	}
}

// become puts an instance into a state because of its machine, and reports that.
func (s *instances) become(i *instance, state, problem string) {
	if i.state != state {
		s.report(savedReport{ID: i.id, State: state, Error: problem})
	}
	s.found(i, state, problem)
}

// found puts an instance into the state that its machine was found in.
func (s *instances) found(i *instance, state, problem string) {
	i.machineError = problem
	if i.state != state {
		s.setState(i, state)
	}
}
