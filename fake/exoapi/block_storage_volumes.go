package exoapi

import (
	"slices"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

// States of a volume.
const (
	volumeCreating     = "creating"
	volumeDetached     = "detached"
	volumeAttaching    = "attaching"
	volumeAttached     = "attached"
	volumeDetaching    = "detaching"
	volumeSnapshotting = "snapshotting"
	volumeDeleting     = "deleting"
)

// A volume is block storage that one instance of its zone at a time may have. It
// holds nothing, and machines get no device for it.
//
//	creating ──▶ detached ──▶ attaching ──▶ attached ──▶ detaching ──▶ detached
//	detached or attached ──▶ snapshotting ──▶ as before
//	detached ──▶ deleting ──▶ gone
type volume struct {
	id, zone, name string
	state          string
	created        string
	size           int // GiB
	labels         map[string]string
	instance       string // which has it, or is about to; empty without

	// transition numbers transitions: the end of an earlier one does nothing.
	transition int
	op         *world.Operation // waits for the transition under way; may be nil
}

type volumeView struct {
	ID        string            `json:"id"`
	Name      string            `json:"name,omitempty"`
	State     string            `json:"state"`
	CreatedAt string            `json:"created-at"`
	Size      int               `json:"size"`      // GiB
	BlockSize int               `json:"blocksize"` // bytes
	Encrypted bool              `json:"encrypted"`
	Labels    map[string]string `json:"labels"`
	Instance  *wire.Ref         `json:"instance,omitempty"`
	Snapshots []wire.Ref        `json:"block-storage-snapshots"`
}

const (
	volumeBlockSize = 4096    // bytes
	maxVolume       = 1 << 30 // GiB; quotas set the limits that matter
)

type volumes struct {
	collection[volume]

	instances *instances
	snapshots *volumeSnapshots
	timing    Timing

	space       *world.Quota // GiB of all volumes together
	largest     *world.Quota // GiB of one volume
	attachments *world.Quota // volumes of one instance
}

// newVolumes makes the volumes. The limits are those of the original's page on
// block storage.
func newVolumes(w *world.World, timing Timing) *volumes {
	s := &volumes{
		timing:      timing,
		space:       &world.Quota{Name: "block-storage", Limit: 20 * 1024},
		largest:     &world.Quota{Name: "block-storage-max-size", Limit: 10 * 1024},
		attachments: &world.Quota{Name: "block-storage-volume-attachments", Limit: 5},
	}
	s.space.Usage = s.total
	s.collection = collection[volume]{
		world: w, kind: "block-storage", noun: "block-storage-volume", label: "block storage volume",
		quota: &world.Quota{Name: "block-storage-volume", Limit: 1000},
		zone:  func(v *volume) string { return v.zone },
		name:  func(v *volume) string { return v.name },
		view:  s.viewOf,
		uses:  func(v *volume) []world.Use { return []world.Use{{Item: s.kind, Quantity: float64(v.size)}} },
	}
	return s
}

func (s *volumes) declare() resource {
	d := s.collection.declare(
		get("/block-storage", "list-block-storage-volumes", s.list),
		post("/block-storage", "create-block-storage-volume", s.create),
		get("/block-storage/{id}", "get-block-storage-volume", s.get),
		put("/block-storage/{id}", "update-block-storage-volume", s.update),
		del("/block-storage/{id}", "delete-block-storage-volume", s.delete),
		put("/block-storage/{id}:attach", "attach-block-storage-volume-to-instance", s.attach),
		put("/block-storage/{id}:detach", "detach-block-storage-volume", s.detach),
		put("/block-storage/{id}:resize-volume", "resize-block-storage-volume", s.resize),
		post("/block-storage/{id}:create-snapshot", "create-block-storage-snapshot", s.snapshot),
	)
	d.Quotas = append(d.Quotas, s.space, s.largest, s.attachments)
	d.Forget = s.forget
	return d
}

// total returns the GiB of all volumes.
func (s *volumes) total() int {
	sum := 0
	for v := range s.All() {
		sum += v.size
	}
	return sum
}

func (s *volumes) viewOf(v *volume) any {
	view := volumeView{
		ID:        v.id,
		Name:      v.name,
		State:     v.state,
		CreatedAt: v.created,
		Size:      v.size,
		BlockSize: volumeBlockSize,
		Encrypted: true,
		Labels:    shownLabels(v.labels),
		Snapshots: s.snapshots.of(v.id),
	}
	if v.instance != "" {
		view.Instance = &wire.Ref{ID: v.instance}
	}
	return view
}

// shownLabels are those of block storage, which shows them even if there are none.
func shownLabels(labels map[string]string) map[string]string {
	if labels == nil {
		return map[string]string{}
	}
	return labels
}

// list answers with the volumes of the zone, or of one instance.
func (s *volumes) list(r *request) (any, error) {
	text := r.query.Get("instance-id")
	if text == "" {
		return s.collection.list(r)
	}
	instance, ok := wire.ParseID(text)
	if !ok {
		return nil, wire.Invalid("bad request: instance-id must be a UUID")
	}
	var views []any
	for v := range s.All() {
		if v.zone == r.zone && v.instance == instance {
			views = append(views, s.view(v))
		}
	}
	return wire.List(s.called()+"s", views), nil
}

// enter puts a volume into a state and runs then once it has been there long
// enough, which ends the operation.
func (s *volumes) enter(v *volume, state string, op *world.Operation, then func()) {
	v.transition++
	transition := v.transition
	v.state, v.op = state, op
	s.world.After(s.timing.Volume, func() {
		if v.transition == transition {
			v.op = nil
			then()
			s.world.Succeed(op)
		}
	})
}

// settle ends a transition of a volume that stays.
func (v *volume) settle() {
	v.state = volumeDetached
	if v.instance != "" {
		v.state = volumeAttached
	}
}

// forget detaches the volumes of an instance that is destroyed.
func (s *volumes) forget(instance string) {
	for v := range s.All() {
		if v.instance != instance {
			continue
		}
		v.instance = ""
		if v.state == volumeAttaching {
			v.transition++
			s.world.Fail(v.op, "interrupted", "instance "+instance+" is destroyed")
			v.op = nil
		}
		if v.state != volumeDetaching && v.state != volumeSnapshotting {
			v.settle()
		}
	}
}

// require refuses a volume that is in none of the states.
func (v *volume) require(states ...string) error {
	if slices.Contains(states, v.state) {
		return nil
	}
	return wire.Conflict("block storage volume %s is %s", v.id, v.state)
}
