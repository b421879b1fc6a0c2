package exoapi

import (
	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

// readNameAndLabels reads an update of a volume or of a snapshot of one. Null
// leaves alone what there is: clients send it for labels that do not change.
func readNameAndLabels(f *wire.Fields, name *string, labels *map[string]string) {
	f.Clears("name")
	f.Text("name", name, 0, wire.MaxText)
	f.Clears("labels")
	f.Labels(labels)
}

// create makes an empty volume, or one from a snapshot.
func (s *volumes) create(r *request) (any, error) {
	f := r.fields()
	f.RefuseNull()
	v := &volume{id: s.world.IDs.UUID(), zone: r.zone, created: s.world.Timestamp()}
	f.Text("name", &v.name, 0, wire.MaxText)
	f.Labels(&v.labels)
	least := 1
	if snapshot := s.snapshots.source(f, r.zone); snapshot != nil {
		least, v.size = snapshot.size, snapshot.size
	} else {
		f.Require("size")
	}
	f.Integer("size", &v.size, least, maxVolume)
	if err := f.Err(); err != nil {
		return nil, err
	}
	if err := s.checkSpace(r, v.size, v.size); err != nil {
		return nil, err
	}
	if err := s.checkQuota(r, 1); err != nil {
		return nil, err
	}
	return s.change(r, v.id, func(op *world.Operation) {
		s.Add(v.id, v)
		s.enter(v, volumeCreating, op, v.settle)
	})
}

// checkSpace refuses a volume that is too large, or more GiB than there may be.
func (s *volumes) checkSpace(r *request, size, more int) error {
	if err := s.world.CheckQuota(s.largest, r.operationID, size); err != nil {
		return err
	}
	return s.world.CheckQuota(s.space, r.operationID, more)
}

func (s *volumes) update(r *request) (any, error) {
	v, err := s.named(r)
	if err != nil {
		return nil, err
	}
	f := r.fields()
	name, labels := v.name, v.labels
	readNameAndLabels(f, &name, &labels)
	if err := f.Err(); err != nil {
		return nil, err
	}
	return s.set(r, v.id, func() { v.name, v.labels = name, labels })
}

// delete takes a volume that no instance has and that has no snapshots.
func (s *volumes) delete(r *request) (any, error) {
	v, err := s.named(r)
	if err != nil {
		return nil, err
	}
	if v.state == volumeAttached {
		return nil, wire.Conflict("block storage volume %s is attached to instance %s", v.id, v.instance)
	}
	if err := v.require(volumeDetached); err != nil {
		return nil, err
	}
	if err := s.unused(v.id); err != nil {
		return nil, err
	}
	return s.change(r, v.id, func(op *world.Operation) {
		s.enter(v, volumeDeleting, op, func() { s.Remove(v.id) })
	})
}

// attach gives a volume to an instance. The smallest types cannot have any.
func (s *volumes) attach(r *request) (any, error) {
	v, err := s.named(r)
	if err != nil {
		return nil, err
	}
	i, err := s.instances.attached(r, r.fields())
	if err != nil {
		return nil, err
	}
	if v.state == volumeAttached {
		return nil, wire.Conflict("block storage volume %s is attached to instance %s", v.id, v.instance)
	}
	if err := v.require(volumeDetached); err != nil {
		return nil, err
	}
	if size := i.instanceType.Size; tooSmallForVolumes(size) {
		return nil, wire.Invalid("bad request: instance %s of type %s is too small for block storage volumes", i.id, size)
	}
	if err := s.world.CheckQuota(s.attachments, r.operationID, s.attachedTo(i.id)+1); err != nil {
		return nil, err
	}
	return s.change(r, v.id, func(op *world.Operation) {
		v.instance = i.id
		s.enter(v, volumeAttaching, op, v.settle)
	})
}

func tooSmallForVolumes(size string) bool { return size == "micro" || size == "tiny" }

// attachedTo returns how many volumes an instance has.
func (s *volumes) attachedTo(instance string) int {
	n := 0
	for v := range s.All() {
		if v.instance == instance {
			n++
		}
	}
	return n
}

// detach takes a volume from its instance, whatever that does. Clients look for
// the last words of its refusal.
func (s *volumes) detach(r *request) (any, error) {
	v, err := s.named(r)
	if err != nil {
		return nil, err
	}
	if v.state == volumeDetached {
		return nil, wire.Conflict("Volume not attached")
	}
	if err := v.require(volumeAttached); err != nil {
		return nil, err
	}
	return s.change(r, v.id, func(op *world.Operation) {
		s.enter(v, volumeDetaching, op, func() {
			v.instance = ""
			v.settle()
		})
	})
}

// resize makes a volume larger, which takes no time: the answer is the volume,
// no operation.
func (s *volumes) resize(r *request) (any, error) {
	v, err := s.named(r)
	if err != nil {
		return nil, err
	}
	f := r.fields()
	f.Require("size")
	size := v.size
	f.Integer("size", &size, 1, maxVolume)
	if err := f.Err(); err != nil {
		return nil, err
	}
	if size < v.size {
		return nil, wire.Invalid("bad request: block storage volume %s has %d GiB and cannot shrink", v.id, v.size)
	}
	if err := v.require(volumeDetached, volumeAttached); err != nil {
		return nil, err
	}
	if i := s.instances.Get(v.instance); i != nil && i.state != instanceStopped {
		return nil, wire.Conflict("instance %s of block storage volume %s is %s, not stopped", i.id, v.id, i.state)
	}
	if err := s.checkSpace(r, size, size-v.size); err != nil {
		return nil, err
	}
	v.size = size
	s.meter(v.id, v)
	return s.view(v), nil
}

// snapshot begins a snapshot of a volume: the operation is about the snapshot.
func (s *volumes) snapshot(r *request) (any, error) {
	v, err := s.named(r)
	if err != nil {
		return nil, err
	}
	f := r.fields()
	f.RefuseNull()
	n := s.snapshots.from(v)
	f.Text("name", &n.name, 1, wire.MaxText)
	f.Labels(&n.labels)
	if err := f.Err(); err != nil {
		return nil, err
	}
	if err := v.require(volumeDetached, volumeAttached); err != nil {
		return nil, err
	}
	if err := s.snapshots.checkRoom(v); err != nil {
		return nil, err
	}
	return s.snapshots.change(r, n.id, func(op *world.Operation) {
		s.snapshots.Add(n.id, n)
		s.enter(v, volumeSnapshotting, op, func() {
			v.settle()
			n.state = volumeSnapshotCreated
		})
	})
}
