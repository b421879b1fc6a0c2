package system

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/exopool/exopool/cmd/demo/internal/view"
	"github.com/exopool/exopool/fake/exoapi"
)

// A person drives the load with the page or with keys, instead of the scenario.
type person struct {
	mu    sync.Mutex // of a change of the load
	once  sync.Once
	drive chan struct{} // closed when the load is the person's
}

// TakenOver returns a channel that is closed once the user drives the load.
func (s *System) TakenOver() <-chan struct{} { return s.person.drive }

// takeOver gives the load to the user, for the rest of the run.
func (s *System) takeOver() {
	s.person.once.Do(func() {
		if !s.cfg.Interactive {
			s.observer.emit(view.Event{Kind: view.KindNote, Text: "the load is yours from here: the run goes on until you stop it, and is not judged"})
		}
		close(s.person.drive)
	})
}

// interactive reports whether the load is the user's.
func (s *System) interactive() bool {
	select {
	case <-s.person.drive:
		return true
	default:
		return s.cfg.Interactive
	}
}

// ChangeLoad lets the user set how many clients send requests: change gets how
// many do and returns how many shall. The number stays between none and the
// configured one.
func (s *System) ChangeLoad(change func(clients int) int) {
	s.takeOver()
	s.person.mu.Lock()
	defer s.person.mu.Unlock()
	wished := min(max(change(s.traffic.Clients()), 0), s.cfg.Clients)
	s.observer.setLoad(s.traffic.SetClients(wished))
}

// deleteMember deletes a member by the hand of the user, without telling the
// autoscaler; the pool replaces it.
func (s *System) deleteMember(ctx context.Context, name string) error {
	s.takeOver()
	api := s.cloud.API()
	instances := api.Instances()
	i := slices.IndexFunc(instances, func(i exoapi.InstanceInfo) bool { return i.Name == name })
	if i < 0 {
		return fmt.Errorf("the pool no longer has a member %s", name)
	}
	if err := api.Call(ctx, http.MethodDelete, "/v2/instance/"+instances[i].ID, nil, nil); err != nil {
		return err
	}
	s.observer.emit(view.Event{Kind: view.KindMember, Severity: view.Warning, Text: "you deleted " + name + ", and the autoscaler was not told"})
	return nil
}

// settling is how long the user's load stays the same before it is an event: one
// drag of the slider is one event, not one for each number on its way.
const settling = time.Second

// A loadRecord is what was said about the load.
type loadRecord struct {
	clients   int // now
	announced int
	changed   time.Time // by the user
}

// setLoad notes a load that the user has set.
func (o *observer) setLoad(clients int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.load.clients, o.load.changed = clients, time.Now()
}

// emitLoad emits an event for a load that the user has set and left.
func (o *observer) emitLoad(now time.Time) {
	if o.load.clients != o.load.announced && now.Sub(o.load.changed) >= settling {
		o.announceLoad()
	}
}

// announceLoad emits an event for the load.
func (o *observer) announceLoad() {
	o.load.announced = o.load.clients
	text := fmt.Sprintf("%d clients send requests in parallel", o.load.clients)
	switch o.load.clients {
	case 0:
		text = "no client sends requests any more"
	case 1:
		text = "1 client sends requests"
	}
	o.emit(view.Event{Kind: view.KindLoad, Text: text})
}
