package exoapi

import "time"

// A savedFault is a fault in force.
type savedFault struct {
	ID        int           `json:"id"`
	Name      string        `json:"name"`
	Operation string        `json:"operation"`
	Count     int           `json:"count,omitempty"`
	Duration  time.Duration `json:"duration,omitempty"` // nanoseconds
	Keep      int           `json:"keep,omitempty"`
}

// save returns the faults in force, and the version that they have.
func (f *Faults) save() (saved []savedFault, version int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	saved = make([]savedFault, 0, len(f.active))
	for _, a := range f.active {
		saved = append(saved, savedFault{a.id, a.Name, a.Operation, a.Count, a.Duration, a.Keep})
	}
	return saved, f.version
}

func (f *Faults) currentVersion() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.version
}

// restore puts saved faults in force in place of all others.
func (f *Faults) restore(saved []savedFault) error {
	active := make([]activeFault, 0, len(saved))
	last := 0
	for _, s := range saved {
		fault := Fault{Name: s.Name, Operation: s.Operation, Count: s.Count, Duration: s.Duration, Keep: s.Keep}
		if err := f.validate(fault); err != nil {
			return err
		}
		active = append(active, activeFault{fault, s.ID})
		last = max(last, s.ID)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.active, f.lastID = active, max(f.lastID, last)
	return nil
}
