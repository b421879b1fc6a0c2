package exoapi

import "github.com/exopool/exopool/fake/exoapi/internal/world"

// What instances use up besides their type.
const (
	itemDisk = "disk"
	itemIPv4 = "ipv4"
)

// Metered is how much of something that a provider bills all zones together
// have: instances by their type, such as "standard.micro", while they are not
// stopped; their "disk" in GiB and "ipv4" addresses; "block-storage" and
// "block-storage-snapshot" in GiB; anything else by its kind in the API's paths,
// such as "load-balancer".
type Metered struct {
	Item string
	Now  float64
	// Hours is the quantity summed up over the hours until now: 20 for 10 GiB
	// that existed for two hours. They are hours of the cloud's time, which
	// passes [Timing.Speed] times as fast as its clock's.
	Hours float64
}

// Metered returns what was used up until now, or until the cloud was closed,
// sorted by item.
func (c *Cloud) Metered() []Metered {
	counted := c.world.Metered()
	list := make([]Metered, len(counted))
	for i, m := range counted {
		list[i] = Metered{m.Item, m.Now, m.Hours * c.cfg.Timing.Speed}
	}
	return list
}

// free reports whether providers bill nothing for a kind of resource. A kind that
// is not listed is one that costs something, even if nobody knows how much.
func free(kind string) bool {
	switch kind {
	case managerPool, "anti-affinity-group", "api-key", "iam-role", "private-network", "security-group", "ssh-key", "user":
		return true
	}
	return false
}

// Add puts a new resource last and meters it.
func (c *collection[T]) Add(id string, v *T) {
	c.Store.Add(id, v)
	c.meter(id, v)
}

// Remove takes a resource out; from then on it costs nothing.
func (c *collection[T]) Remove(id string) {
	c.Store.Remove(id)
	c.world.Meter(c.kind + "/" + id)
}

// meter says what a resource uses up from now on. It is called when that may
// have changed.
func (c *collection[T]) meter(id string, v *T) {
	if free(c.kind) {
		return
	}
	uses := []world.Use{{Item: c.kind, Quantity: 1}}
	if c.uses != nil {
		uses = c.uses(v)
	}
	c.world.Meter(c.kind+"/"+id, uses...)
}

// metered is what an instance uses up: its disk as long as it exists, its type
// until it is stopped or destroyed.
func (i *instance) metered() []world.Use {
	uses := []world.Use{{Item: itemDisk, Quantity: float64(i.diskSize)}}
	if i.address.IsValid() {
		uses = append(uses, world.Use{Item: itemIPv4, Quantity: 1})
	}
	if i.state != instanceStopped && i.state != instanceDestroying {
		uses = append(uses, world.Use{Item: i.instanceType.Family + "." + i.instanceType.Size, Quantity: 1})
	}
	return uses
}
