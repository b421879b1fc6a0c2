package autoscale

import (
	"errors"
	"fmt"
	"time"
)

// Ready returns nil if the pool was read within the last three intervals,
// and otherwise an error that says what is wrong.
func (l *Loop) Ready() error {
	l.readyMu.Lock()
	defer l.readyMu.Unlock()
	switch age := l.cfg.Clock.Now().Sub(l.lastReached); {
	case l.lastReached.IsZero() && l.lastError == nil:
		return errors.New("no turn has ended yet")
	case l.lastReached.IsZero():
		return fmt.Errorf("the pool could never be read: %w", l.lastError)
	case age > 3*l.cfg.Interval && l.lastError != nil:
		return fmt.Errorf("the pool was last read %s ago: %w", age.Round(time.Second), l.lastError)
	case age > 3*l.cfg.Interval:
		return fmt.Errorf("the pool was last read %s ago", age.Round(time.Second))
	default:
		return nil
	}
}

// recordAPIResult takes the result of an API call for [Loop.Ready]. A refusal
// is a failure, too: a program whose key is wrong is not ready.
func (l *Loop) recordAPIResult(err error) {
	l.readyMu.Lock()
	defer l.readyMu.Unlock()
	if err != nil {
		l.lastError = err
		return
	}
	l.lastReached, l.lastError = l.cfg.Clock.Now(), nil
	l.metrics.lastReached.Set(seconds(l.lastReached))
}
