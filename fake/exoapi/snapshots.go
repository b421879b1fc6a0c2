package exoapi

import (
	"slices"
	"strings"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

// States of a snapshot of an instance.
const (
	snapshotSnapshotting = "snapshotting"
	snapshotReady        = "ready"
	snapshotExporting    = "exporting"
	snapshotExported     = "exported"
	snapshotDeleting     = "deleting"
)

// A snapshot is what the disk of an instance was at one moment. It goes with its
// instance, and holds nothing.
//
//	snapshotting ──▶ ready ──▶ exporting ──▶ exported ──▶ exporting
//	ready or exported ──▶ deleting ──▶ gone
type snapshot struct {
	id, zone, name string
	state          string
	created        string
	instance       string
	size           int // GiB
	consistent     bool
	template       *template // of the instance
	checksum       string    // of the export; empty without
}

type snapshotView struct {
	ID         string          `json:"id"`
	Name       string          `json:"name"`
	State      string          `json:"state"`
	CreatedAt  string          `json:"created-at"`
	Size       int             `json:"size"` // GiB
	Instance   wire.Ref        `json:"instance"`
	Consistent bool            `json:"application-consistent"`
	Export     *snapshotExport `json:"export,omitempty"`
}

type snapshotExport struct {
	URL      string `json:"presigned-url"`
	Checksum string `json:"md5sum"`
}

const maxPromotedText = 4096 // characters of the description of a promoted template

type snapshots struct {
	collection[snapshot]

	instances *instances
	templates *templates
	timing    Timing
}

func newSnapshots(w *world.World, timing Timing) *snapshots {
	s := &snapshots{timing: timing}
	s.collection = collection[snapshot]{
		world: w, kind: "snapshot", label: "snapshot",
		quota: &world.Quota{Name: "snapshot", Limit: 20},
		zone:  func(n *snapshot) string { return n.zone },
		name:  func(n *snapshot) string { return n.name },
		view:  func(n *snapshot) any { return n.view() },
		uses:  func(n *snapshot) []world.Use { return []world.Use{{Item: s.kind, Quantity: float64(n.size)}} },
	}
	return s
}

func (s *snapshots) declare() resource {
	d := s.collection.declare(
		post("/instance/{id}:create-snapshot", "create-snapshot", s.create),
		post("/instance/{instance-id}:revert-snapshot", "revert-instance-to-snapshot", s.revert),
		get("/snapshot", "list-snapshots", s.list),
		get("/snapshot/{id}", "get-snapshot", s.get),
		del("/snapshot/{id}", "delete-snapshot", s.delete),
		post("/snapshot/{id}:export", "export-snapshot", s.export),
		post("/snapshot/{id}:promote", "promote-snapshot-to-template", s.promote),
	)
	d.Forget = func(instance string) {
		for n := range s.All() {
			if n.instance == instance {
				s.remove(n)
			}
		}
	}
	return d
}

func (n *snapshot) view() snapshotView {
	v := snapshotView{
		ID:         n.id,
		Name:       n.name,
		State:      n.state,
		CreatedAt:  n.created,
		Size:       n.size,
		Instance:   wire.Ref{ID: n.instance},
		Consistent: n.consistent,
	}
	if n.checksum != "" {
		v.Export = &snapshotExport{n.exportURL(), n.checksum}
	}
	return v
}

// exportURL is where the original would have put the image. Nothing is there.
func (n *snapshot) exportURL() string {
	return "https://sos-" + n.zone + ".exo.io/snapshots/" + n.id + ".qcow2"
}

// md5sum makes up the checksum of the image.
func (n *snapshot) md5sum() string {
	return strings.ReplaceAll(world.FixedID("snapshot/"+n.id), "-", "")
}

// exportedTo finds the snapshot whose image has an address; nil if none has.
func (s *snapshots) exportedTo(address string) *snapshot {
	for n := range s.All() {
		if n.checksum != "" && n.exportURL() == address {
			return n
		}
	}
	return nil
}

func (s *snapshots) remove(n *snapshot) {
	s.Remove(n.id)
	if i := s.instances.Get(n.instance); i != nil {
		i.snapshots = slices.DeleteFunc(slices.Clone(i.snapshots), func(r wire.Ref) bool { return r.ID == n.id })
	}
}

// ready finds the one that the path names, unless something is done to it.
func (s *snapshots) ready(r *request) (*snapshot, error) {
	n, err := s.named(r)
	if err == nil {
		err = n.requireReady()
	}
	return n, err
}

func (n *snapshot) requireReady() error {
	if n.state != snapshotReady && n.state != snapshotExported {
		return wire.Conflict("snapshot %s is %s", n.id, n.state)
	}
	return nil
}

// wait runs then once what is done to a snapshot has taken its time, and ends the
// operation. It fails if the snapshot is gone by then, with its instance.
func (s *snapshots) wait(n *snapshot, op *world.Operation, then func()) {
	s.world.After(s.timing.Snapshot, func() {
		if s.Get(n.id) == nil {
			s.world.Fail(op, "interrupted", "snapshot "+n.id+" is gone")
			return
		}
		then()
		s.world.Succeed(op)
	})
}

func (s *snapshots) create(r *request) (any, error) {
	i, err := s.instances.changeable(r)
	if err != nil {
		return nil, err
	}
	if err := s.checkQuota(r, 1); err != nil {
		return nil, err
	}
	n := &snapshot{
		id: s.world.IDs.UUID(), zone: i.zone, state: snapshotSnapshotting, created: s.world.Timestamp(),
		name:     i.name + "_" + s.world.Now().UTC().Format("20060102150405"),
		instance: i.id, size: i.diskSize, consistent: i.consistent, template: i.template,
	}
	return s.change(r, n.id, func(op *world.Operation) {
		s.Add(n.id, n)
		i.snapshots = append(slices.Clone(i.snapshots), wire.Ref{ID: n.id})
		s.wait(n, op, func() { n.state = snapshotReady })
	})
}

// revert gives a stopped instance a new disk, because a snapshot holds nothing: its
// next start is a first boot.
func (s *snapshots) revert(r *request) (any, error) {
	i, err := s.instances.find(r.zone, r.params["instance-id"])
	if err != nil {
		return nil, err
	}
	f := r.fields()
	f.Require("id")
	var id string
	f.ID("id", &id)
	if err := f.Err(); err != nil {
		return nil, err
	}
	n, err := s.find(r.zone, id)
	if err != nil {
		return nil, err
	}
	if n.instance != i.id {
		return nil, wire.Invalid("bad request: snapshot %s is not of instance %s", n.id, i.id)
	}
	if err := n.requireReady(); err != nil {
		return nil, err
	}
	if i.state != instanceStopped {
		return nil, wire.Invalid("The instance needs to be stopped.")
	}
	return s.instances.change(r, i.id, func(op *world.Operation) {
		s.instances.reset(i, i.instanceSpec)
		s.wait(n, op, func() {})
	})
}

func (s *snapshots) delete(r *request) (any, error) {
	n, err := s.ready(r)
	if err != nil {
		return nil, err
	}
	return s.change(r, n.id, func(op *world.Operation) {
		n.state = snapshotDeleting
		s.world.After(s.timing.Snapshot, func() {
			s.remove(n) // unless it went with its instance, which is as well
			s.world.Succeed(op)
		})
	})
}

func (s *snapshots) export(r *request) (any, error) {
	n, err := s.ready(r)
	if err != nil {
		return nil, err
	}
	return s.change(r, n.id, func(op *world.Operation) {
		n.state = snapshotExporting
		s.wait(n, op, func() {
			n.state, n.checksum = snapshotExported, n.md5sum()
		})
	})
}

// promote makes a template of a snapshot. What is not given is as in the template
// of the instance.
func (s *snapshots) promote(r *request) (any, error) {
	n, err := s.ready(r)
	if err != nil {
		return nil, err
	}
	f := r.fields()
	f.RefuseNull()
	f.Require("name")
	t, from := s.templates.newOwn(r), n.template
	t.descend(from)
	t.Size, t.Checksum = int64(n.size)*gib, n.md5sum()
	t.DefaultUser, t.SSHKeyEnabled, t.PasswordEnabled = from.DefaultUser, from.SSHKeyEnabled, from.PasswordEnabled
	t.BootMode, t.Consistent = from.BootMode, from.Consistent
	f.Text("name", &t.Name, 1, wire.MaxText)
	f.Text("description", &t.Description, 0, maxPromotedText)
	f.Text("default-user", &t.DefaultUser, 1, wire.MaxText)
	f.Boolean("ssh-key-enabled", &t.SSHKeyEnabled)
	f.Boolean("password-enabled", &t.PasswordEnabled)
	if err := f.Err(); err != nil {
		return nil, err
	}
	return s.templates.begin(r, t, "")
}
