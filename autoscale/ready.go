package autoscale

import (
	"errors"
	"fmt"
	"time"
)

// Ready returns nil if the pool was read within the last three intervals,
// and otherwise an error that says what is wrong.
func (l *Loop) Ready() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch age := l.cfg.Clock.Now().Sub(l.contact); {
	case l.contact.IsZero() && l.trouble == nil:
		return errors.New("no turn has ended yet")
	case l.contact.IsZero():
		return fmt.Errorf("the pool could never be read: %w", l.trouble)
	case age > 3*l.cfg.Interval && l.trouble != nil:
		return fmt.Errorf("the pool was last read %s ago: %w", age.Round(time.Second), l.trouble)
	case age > 3*l.cfg.Interval:
		return fmt.Errorf("the pool was last read %s ago", age.Round(time.Second))
	default:
		return nil
	}
}

// noteContact keeps what Ready tells. A refusal is no contact: a program whose
// key is wrong is not ready.
func (l *Loop) noteContact(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.trouble = err
		return
	}
	l.contact, l.trouble = l.cfg.Clock.Now(), nil
	l.metrics.lastContact.Set(seconds(l.contact))
}
