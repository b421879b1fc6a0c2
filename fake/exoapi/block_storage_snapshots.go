package exoapi

import (
	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

// States of a snapshot of a volume.
const (
	volumeSnapshotCreating   = "creating"
	volumeSnapshotCreated    = "created"
	volumeSnapshotDestroying = "destroying"
)

// A volumeSnapshot is what a volume was at one moment; volumes are made from it.
//
//	creating ──▶ created ──▶ destroying ──▶ gone
type volumeSnapshot struct {
	id, zone, name string
	state          string
	created        string
	volume         string
	size           int // GiB
	labels         map[string]string
}

type volumeSnapshotView struct {
	ID         string            `json:"id"`
	Name       string            `json:"name,omitempty"`
	State      string            `json:"state"`
	CreatedAt  string            `json:"created-at"`
	Size       int               `json:"size"`        // GiB
	VolumeSize int               `json:"volume-size"` // GiB
	Volume     wire.Ref          `json:"block-storage-volume"`
	Labels     map[string]string `json:"labels"`
}

// maxVolumeSnapshots is how many a volume may have, as the original's page on
// block storage says.
const maxVolumeSnapshots = 20

type volumeSnapshots struct {
	collection[volumeSnapshot]

	timing Timing
}

func newVolumeSnapshots(w *world.World, timing Timing) *volumeSnapshots {
	s := &volumeSnapshots{timing: timing}
	s.collection = collection[volumeSnapshot]{
		world: w, kind: "block-storage-snapshot", label: "block storage snapshot",
		zone: func(n *volumeSnapshot) string { return n.zone },
		name: func(n *volumeSnapshot) string { return n.name },
		view: func(n *volumeSnapshot) any { return n.view() },
		uses: func(n *volumeSnapshot) []world.Use { return []world.Use{{Item: s.kind, Quantity: float64(n.size)}} },
	}
	return s
}

func (s *volumeSnapshots) declare() resource {
	d := s.collection.declare(
		get("/block-storage-snapshot", "list-block-storage-snapshots", s.list),
		get("/block-storage-snapshot/{id}", "get-block-storage-snapshot", s.get),
		put("/block-storage-snapshot/{id}", "update-block-storage-snapshot", s.update),
		del("/block-storage-snapshot/{id}", "delete-block-storage-snapshot", s.delete),
	)
	d.User = func(id string) string {
		for n := range s.All() {
			if n.volume == id {
				return "block storage snapshot " + n.id
			}
		}
		return ""
	}
	return d
}

func (n *volumeSnapshot) view() volumeSnapshotView {
	return volumeSnapshotView{
		ID:         n.id,
		Name:       n.name,
		State:      n.state,
		CreatedAt:  n.created,
		Size:       n.size,
		VolumeSize: n.size,
		Volume:     wire.Ref{ID: n.volume},
		Labels:     shownLabels(n.labels),
	}
}

// of returns the snapshots of a volume.
func (s *volumeSnapshots) of(volume string) []wire.Ref {
	refs := []wire.Ref{}
	for n := range s.All() {
		if n.volume == volume {
			refs = append(refs, wire.Ref{ID: n.id})
		}
	}
	return refs
}

// from returns a snapshot of a volume that is not kept yet.
func (s *volumeSnapshots) from(v *volume) *volumeSnapshot {
	return &volumeSnapshot{
		id: s.world.IDs.UUID(), zone: v.zone, state: volumeSnapshotCreating,
		created: s.world.Timestamp(), volume: v.id, size: v.size,
	}
}

// checkRoom refuses one more snapshot of a volume than it may have.
func (s *volumeSnapshots) checkRoom(v *volume) error {
	if len(s.of(v.id)) >= maxVolumeSnapshots {
		return wire.Forbidden("block storage volume %s has %d snapshots, the most that it may have", v.id, maxVolumeSnapshots)
	}
	return nil
}

// source reads from which snapshot a volume is made; nil if from none.
func (s *volumeSnapshots) source(f *wire.Fields, zone string) *volumeSnapshot {
	var id string
	f.Ref("block-storage-snapshot", &id)
	if id == "" {
		return nil
	}
	n, err := s.find(zone, id)
	if err == nil && n.state != volumeSnapshotCreated {
		err = wire.Conflict("block storage snapshot %s is %s", n.id, n.state)
	}
	if err != nil {
		f.Fail(err)
		return nil
	}
	return n
}

func (s *volumeSnapshots) update(r *request) (any, error) {
	n, err := s.named(r)
	if err != nil {
		return nil, err
	}
	f := r.fields()
	name, labels := n.name, n.labels
	readNameAndLabels(f, &name, &labels)
	if err := f.Err(); err != nil {
		return nil, err
	}
	return s.set(r, n.id, func() { n.name, n.labels = name, labels })
}

// delete leaves volumes that were made from the snapshot as they are.
func (s *volumeSnapshots) delete(r *request) (any, error) {
	n, err := s.named(r)
	if err != nil {
		return nil, err
	}
	if n.state != volumeSnapshotCreated {
		return nil, wire.Conflict("block storage snapshot %s is %s", n.id, n.state)
	}
	return s.change(r, n.id, func(op *world.Operation) {
		n.state = volumeSnapshotDestroying
		s.world.After(s.timing.Volume, func() {
			s.Remove(n.id)
			s.world.Succeed(op)
		})
	})
}
