package exoapi

import (
	"errors"
	"fmt"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/machine/driverapi"
)

// A savedMethod is a change by a method of [Cloud].
type savedMethod struct {
	Name  string `json:"name"`
	ID    string `json:"id"`
	State string `json:"state,omitempty"`
	Size  int    `json:"size,omitempty"`
}

// Names of methods that change something.
const (
	methodSetPoolState = "set-pool-state"
	methodSetPoolSize  = "set-pool-size"
	methodFailMember   = "fail-member"
)

// SetPoolState puts a pool into a state, known to the API or not, as if the
// provider had done so. It lasts until the next transition.
func (c *Cloud) SetPoolState(id, state string) error {
	return c.changeBy(savedMethod{Name: methodSetPoolState, ID: id, State: state})
}

// SetPoolSize resizes a pool as another client would through the API. The
// error says why the API would refuse.
func (c *Cloud) SetPoolSize(id string, size int) error {
	return c.changeBy(savedMethod{Name: methodSetPoolSize, ID: id, Size: size})
}

// FailMember makes an instance crash: its machine loses its power, if the driver
// is a [driverapi.Killer], or else is shut down. It fails every health check until
// it is started again, but the API calls it running as before.
func (c *Cloud) FailMember(id string) error {
	return c.changeBy(savedMethod{Name: methodFailMember, ID: id})
}

// changeBy carries out a method and notes the change.
func (c *Cloud) changeBy(m savedMethod) error {
	return c.world.Do(func() error {
		c.noteFaults()
		if err := c.repeatMethod(m); err != nil {
			return err
		}
		if c.cfg.KeepChanges {
			c.note(entry{Method: &m})
		}
		return nil
	})
}

// repeatMethod makes the change of a method. The world has to be locked.
func (c *Cloud) repeatMethod(m savedMethod) (err error) {
	c.world.IDs.Begin(c.journal.changes + 1)
	defer c.world.IDs.End()
	switch m.Name {
	case methodSetPoolState:
		err = c.setPoolState(m.ID, m.State)
	case methodSetPoolSize:
		err = c.setPoolSize(m.ID, m.Size)
	case methodFailMember:
		err = c.failMember(m.ID)
	default:
		err = fmt.Errorf("unknown method %q", m.Name)
	}
	if err == nil {
		c.journal.changes++
	}
	return err
}

func (c *Cloud) setPoolState(id, state string) error {
	p := c.pools.Get(id)
	switch {
	case p == nil:
		return wire.NotFound("instance pool", id)
	case state == poolDestroying || state == "":
		return errors.New("this state cannot be set: delete the pool instead")
	}
	p.state = state
	return nil
}

func (c *Cloud) setPoolSize(id string, size int) error {
	p := c.pools.Get(id)
	if p == nil {
		return wire.NotFound("instance pool", id)
	}
	act, err := c.pools.resize(p, size, "scale-instance-pool")
	if err == nil {
		err = c.pools.checkRoom(p, size-p.live, "scale-instance-pool")
	}
	if err != nil {
		return err
	}
	act(c.world.Begin(managerPool, p.id))
	return nil
}

func (c *Cloud) failMember(id string) error {
	i := c.instances.Get(id)
	if i == nil {
		return wire.NotFound("instance", id)
	}
	if killer, ok := c.instances.driver.(driverapi.Killer); !ok || killer.Kill(id) != nil {
		c.instances.driver.Stop(id) // it may be about to boot
	}
	i.crashed = true
	return nil
}
