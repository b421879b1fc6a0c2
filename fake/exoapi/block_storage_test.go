package exoapi_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	egoscalev3 "github.com/exoscale/egoscale/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

// newVolume makes a volume of 10 GiB.
func newVolume(t *testing.T, client *egoscalev3.Client, name string) egoscalev3.UUID {
	t.Helper()
	op, err := client.CreateBlockStorageVolume(t.Context(), egoscalev3.CreateBlockStorageVolumeRequest{Name: name, Size: 10})
	return done(t, client, op, err)
}

// newVolumeSnapshot makes a snapshot of a volume.
func newVolumeSnapshot(t *testing.T, client *egoscalev3.Client, volume egoscalev3.UUID) egoscalev3.UUID {
	t.Helper()
	op, err := client.CreateBlockStorageSnapshot(t.Context(), volume, egoscalev3.CreateBlockStorageSnapshotRequest{Name: "n"})
	return done(t, client, op, err)
}

// newInstanceV3 makes an instance of a type.
func newInstanceV3(t *testing.T, client *egoscalev3.Client, typeID egoscalev3.UUID) egoscalev3.UUID {
	t.Helper()
	templates, err := client.ListTemplates(t.Context())
	require.NoError(t, err)
	op, err := client.CreateInstance(t.Context(), egoscalev3.CreateInstanceRequest{
		Name: "db", DiskSize: 10, InstanceType: &egoscalev3.InstanceType{ID: typeID},
		Template: &egoscalev3.Template{ID: templates.Templates[0].ID},
	})
	return done(t, client, op, err)
}

func attachVolume(t *testing.T, client *egoscalev3.Client, volume, instance egoscalev3.UUID) (*egoscalev3.Operation, error) {
	t.Helper()
	return client.AttachBlockStorageVolumeToInstance(t.Context(), volume,
		egoscalev3.AttachBlockStorageVolumeToInstanceRequest{Instance: &egoscalev3.InstanceTarget{ID: instance}})
}

func volumeOf(t *testing.T, client *egoscalev3.Client, id egoscalev3.UUID) *egoscalev3.BlockStorageVolume {
	t.Helper()
	v, err := client.GetBlockStorageVolume(t.Context(), id)
	require.NoError(t, err)
	return v
}

func TestVolumeIsKeptAsItWasGiven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := startV3(t, exoapi.Config{})
		ctx := t.Context()
		op, err := client.CreateBlockStorageVolume(ctx, egoscalev3.CreateBlockStorageVolumeRequest{
			Name: "data", Size: 11, Labels: egoscalev3.Labels{"a": "b"},
		})
		require.NoError(t, err)
		assert.Equal(t, "get-block-storage-volume", op.Reference.Command)
		assert.Equal(t, egoscalev3.BlockStorageVolumeStateCreating, volumeOf(t, client, op.Reference.ID).State)
		id := done(t, client, op, err)
		v := volumeOf(t, client, id)
		assert.Equal(t, &egoscalev3.BlockStorageVolume{
			ID: id, Name: "data", Size: 11, Labels: egoscalev3.Labels{"a": "b"}, Blocksize: 4096, CreatedAT: v.CreatedAT,
			State: egoscalev3.BlockStorageVolumeStateDetached, BlockStorageSnapshots: []egoscalev3.BlockStorageSnapshotTarget{},
		}, v)

		resized, err := client.ResizeBlockStorageVolume(ctx, id, egoscalev3.ResizeBlockStorageVolumeRequest{Size: 12})
		require.NoError(t, err)
		assert.EqualValues(t, 12, resized.Size)
		// The client sends null for labels that it does not change.
		op, err = client.UpdateBlockStorageVolume(ctx, id, egoscalev3.UpdateBlockStorageVolumeRequest{Name: new("disk")})
		done(t, client, op, err)
		v = volumeOf(t, client, id)
		assert.Equal(t, "disk", v.Name)
		assert.EqualValues(t, 12, v.Size)
		assert.Equal(t, egoscalev3.Labels{"a": "b"}, v.Labels)
		op, err = client.UpdateBlockStorageVolume(ctx, id, egoscalev3.UpdateBlockStorageVolumeRequest{Labels: egoscalev3.Labels{}})
		done(t, client, op, err)
		v = volumeOf(t, client, id)
		assert.Equal(t, "disk", v.Name)
		assert.NotNil(t, v.Labels, "an object without labels")
		assert.Empty(t, v.Labels)
		assert.InDelta(t, 12, cloud.Metered()[0].Now, 0, "GiB")
		assert.Equal(t, []string{"disk " + id.String()}, cloud.Inventory()["block-storage-volume"])

		op, err = client.DeleteBlockStorageVolume(ctx, id)
		require.NoError(t, err)
		assert.Equal(t, egoscalev3.BlockStorageVolumeStateDeleting, volumeOf(t, client, id).State)
		done(t, client, op, err)
		_, err = client.GetBlockStorageVolume(ctx, id)
		require.ErrorIs(t, err, egoscalev3.ErrNotFound)
		assert.Empty(t, cloud.Inventory())
	})
}

func TestVolumeMovesBetweenInstances(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := startV3(t, exoapi.Config{})
		ctx := t.Context()
		one, two := newInstanceV3(t, client, smallID), newInstanceV3(t, client, smallID)
		id := newVolume(t, client, "data")
		_, err := client.DetachBlockStorageVolume(ctx, id)
		require.Error(t, err)
		assert.True(t, strings.HasSuffix(err.Error(), "Volume not attached"), "clients look for it: %v", err)

		op, err := attachVolume(t, client, id, one)
		require.NoError(t, err)
		v := volumeOf(t, client, id)
		assert.Equal(t, egoscalev3.BlockStorageVolumeStateAttaching, v.State)
		assert.Equal(t, one, v.Instance.ID)
		_, err = client.DeleteBlockStorageVolume(ctx, id)
		require.ErrorContains(t, err, "is attaching")
		done(t, client, op, nil)
		assert.Equal(t, egoscalev3.BlockStorageVolumeStateAttached, volumeOf(t, client, id).State)
		list, err := client.ListBlockStorageVolumes(ctx, egoscalev3.ListBlockStorageVolumesWithInstanceID(one))
		require.NoError(t, err)
		assert.Len(t, list.BlockStorageVolumes, 1)
		list, err = client.ListBlockStorageVolumes(ctx, egoscalev3.ListBlockStorageVolumesWithInstanceID(two))
		require.NoError(t, err)
		assert.Empty(t, list.BlockStorageVolumes)

		_, err = attachVolume(t, client, id, two)
		require.ErrorIs(t, err, egoscalev3.ErrConflict)
		require.ErrorContains(t, err, "is attached to instance "+one.String())
		_, err = client.DeleteBlockStorageVolume(ctx, id)
		require.ErrorContains(t, err, "is attached to instance "+one.String())
		op, err = client.DetachBlockStorageVolume(ctx, id)
		require.NoError(t, err)
		assert.Equal(t, egoscalev3.BlockStorageVolumeStateDetaching, volumeOf(t, client, id).State)
		done(t, client, op, err)
		assert.Nil(t, volumeOf(t, client, id).Instance)
		op, err = attachVolume(t, client, id, two)
		done(t, client, op, err)
		assert.Equal(t, two, volumeOf(t, client, id).Instance.ID)
	})
}

func TestDestroyedInstanceLeavesItsVolumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := startV3(t, exoapi.Config{})
		ctx := t.Context()
		instance := newInstanceV3(t, client, smallID)
		var ids []egoscalev3.UUID
		for range 4 {
			ids = append(ids, newVolume(t, client, "data"))
		}
		for _, id := range ids[:3] {
			op, err := attachVolume(t, client, id, instance)
			done(t, client, op, err)
		}
		detached, err := client.DetachBlockStorageVolume(ctx, ids[1])
		require.NoError(t, err)
		_, err = client.CreateBlockStorageSnapshot(ctx, ids[2], egoscalev3.CreateBlockStorageSnapshotRequest{})
		require.NoError(t, err)
		attached, err := attachVolume(t, client, ids[3], instance)
		require.NoError(t, err)
		op, err := client.DeleteInstance(ctx, instance)
		require.NoError(t, err)
		for i, state := range []egoscalev3.BlockStorageVolumeState{"detached", "detaching", "snapshotting", "detached"} {
			v := volumeOf(t, client, ids[i])
			assert.Equal(t, state, v.State, i)
			assert.Nil(t, v.Instance, i)
		}
		done(t, client, op, err)
		done(t, client, detached, err)
		for _, id := range ids {
			assert.EqualValues(t, "detached", volumeOf(t, client, id).State)
		}
		ended := call(t, cloud, http.MethodGet, "/v2/operation/"+attached.ID.String(), "").body
		assert.Equal(t, "interrupted", ended["reason"])
		_, err = attachVolume(t, client, ids[0], instance)
		require.ErrorIs(t, err, egoscalev3.ErrNotFound)
	})
}

func TestVolumeOnlyGrowsAndNotUnderARunningInstance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := startV3(t, exoapi.Config{})
		ctx := t.Context()
		instance, id := newInstanceV3(t, client, smallID), newVolume(t, client, "data")
		resize := func(size int64) error {
			_, err := client.ResizeBlockStorageVolume(ctx, id, egoscalev3.ResizeBlockStorageVolumeRequest{Size: size})
			return err
		}
		require.ErrorContains(t, resize(9), "has 10 GiB and cannot shrink")
		op, err := attachVolume(t, client, id, instance)
		require.NoError(t, err)
		require.ErrorContains(t, resize(20), "is attaching")
		done(t, client, op, err)
		require.ErrorContains(t, resize(20), "is running, not stopped")
		op, err = client.StopInstance(ctx, instance)
		done(t, client, op, err)
		require.NoError(t, resize(20))
		require.NoError(t, resize(20), "once more changes nothing")
		require.ErrorContains(t, resize(10241), "quota of resource block-storage-max-size reached")
		assert.EqualValues(t, 20, volumeOf(t, client, id).Size)
	})
}

func TestVolumesAreMadeFromSnapshots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := startV3(t, exoapi.Config{})
		ctx := t.Context()
		id := newVolume(t, client, "data")
		op, err := client.CreateBlockStorageSnapshot(ctx, id, egoscalev3.CreateBlockStorageSnapshotRequest{
			Name: "monday", Labels: egoscalev3.Labels{"a": "b"},
		})
		require.NoError(t, err)
		assert.Equal(t, "get-block-storage-snapshot", op.Reference.Command)
		snapshot := op.Reference.ID
		assert.Equal(t, egoscalev3.BlockStorageVolumeStateSnapshotting, volumeOf(t, client, id).State)
		copied := egoscalev3.CreateBlockStorageVolumeRequest{
			Name: "data", BlockStorageSnapshot: &egoscalev3.BlockStorageSnapshotTarget{ID: snapshot},
		}
		_, err = client.CreateBlockStorageVolume(ctx, copied)
		require.ErrorContains(t, err, "is creating")
		_, err = client.DeleteBlockStorageSnapshot(ctx, snapshot)
		require.ErrorContains(t, err, "is creating")
		done(t, client, op, nil)
		n, err := client.GetBlockStorageSnapshot(ctx, snapshot)
		require.NoError(t, err)
		assert.Equal(t, &egoscalev3.BlockStorageSnapshot{
			ID: snapshot, Name: "monday", Size: 10, VolumeSize: 10, Labels: egoscalev3.Labels{"a": "b"}, CreatedAT: n.CreatedAT,
			State: egoscalev3.BlockStorageSnapshotStateCreated, BlockStorageVolume: &egoscalev3.BlockStorageVolumeTarget{ID: id},
		}, n)
		v := volumeOf(t, client, id)
		assert.EqualValues(t, "detached", v.State)
		assert.Equal(t, []egoscalev3.BlockStorageSnapshotTarget{{ID: snapshot}}, v.BlockStorageSnapshots)

		op, err = client.UpdateBlockStorageSnapshot(ctx, snapshot, egoscalev3.UpdateBlockStorageSnapshotRequest{Name: new("tuesday")})
		done(t, client, op, err)
		list, err := client.ListBlockStorageSnapshots(ctx)
		require.NoError(t, err)
		require.Len(t, list.BlockStorageSnapshots, 1)
		assert.Equal(t, "tuesday", list.BlockStorageSnapshots[0].Name)
		assert.Equal(t, egoscalev3.Labels{"a": "b"}, list.BlockStorageSnapshots[0].Labels)

		op, err = client.CreateBlockStorageVolume(ctx, copied)
		other := volumeOf(t, client, done(t, client, op, err))
		assert.EqualValues(t, 10, other.Size, "the snapshot's")
		copied.Size = 9
		_, err = client.CreateBlockStorageVolume(ctx, copied)
		require.ErrorIs(t, err, egoscalev3.ErrBadRequest)
		copied.Size = 30
		op, err = client.CreateBlockStorageVolume(ctx, copied)
		assert.EqualValues(t, 30, volumeOf(t, client, done(t, client, op, err)).Size)

		_, err = client.DeleteBlockStorageVolume(ctx, id)
		require.ErrorContains(t, err, "in use by block storage snapshot "+snapshot.String())
		op, err = client.DeleteBlockStorageSnapshot(ctx, snapshot)
		done(t, client, op, err)
		_, err = client.GetBlockStorageSnapshot(ctx, snapshot)
		require.ErrorIs(t, err, egoscalev3.ErrNotFound)
		_, err = client.CreateBlockStorageVolume(ctx, copied)
		require.ErrorIs(t, err, egoscalev3.ErrNotFound)
		op, err = client.DeleteBlockStorageVolume(ctx, id)
		done(t, client, op, err)
	})
}

func TestLimitsOfVolumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := startV3(t, exoapi.Config{Quotas: map[string]int{"block-storage-volume": 8, "block-storage": 100}})
		ctx := t.Context()
		create := func(size int64) error {
			_, err := client.CreateBlockStorageVolume(ctx, egoscalev3.CreateBlockStorageVolumeRequest{Size: size})
			return err
		}
		require.ErrorContains(t, create(10241), "quota of resource block-storage-max-size reached")
		require.ErrorContains(t, create(101), "quota of resource block-storage reached: 0 of 100 used")
		large, tiny := newInstanceV3(t, client, smallID), newInstanceV3(t, client, microID)
		var ids []egoscalev3.UUID
		for range 6 {
			ids = append(ids, newVolume(t, client, ""))
		}
		for _, id := range ids[:5] {
			op, err := attachVolume(t, client, id, large)
			done(t, client, op, err)
		}
		_, err := attachVolume(t, client, ids[5], large)
		require.ErrorContains(t, err, "quota of resource block-storage-volume-attachments reached")
		_, err = attachVolume(t, client, ids[5], tiny)
		require.ErrorContains(t, err, "of type micro is too small")
		op, err := client.StopInstance(ctx, large)
		done(t, client, op, err)
		_, err = client.ScaleInstance(ctx, large, egoscalev3.ScaleInstanceRequest{InstanceType: &egoscalev3.InstanceType{ID: microID}})
		require.ErrorContains(t, err, "type micro is too small for the block storage volumes")
		assert.EqualValues(t, 60, call(t, cloud, http.MethodGet, "/v2/quota/block-storage", "").body["usage"])
		_, err = client.ResizeBlockStorageVolume(ctx, ids[5], egoscalev3.ResizeBlockStorageVolumeRequest{Size: 51})
		require.ErrorContains(t, err, "quota of resource block-storage reached: 60 of 100 used, 41 more requested")
		require.NoError(t, create(1))
		require.NoError(t, create(1))
		require.ErrorContains(t, create(1), "quota of resource block-storage-volume reached")

		for range 20 {
			newVolumeSnapshot(t, client, ids[0])
		}
		_, err = client.CreateBlockStorageSnapshot(ctx, ids[0], egoscalev3.CreateBlockStorageSnapshotRequest{})
		require.ErrorIs(t, err, egoscalev3.ErrForbidden)
		require.ErrorContains(t, err, "has 20 snapshots")
	})
}

func TestVolumesBelongToAZone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, here := startV3(t, exoapi.Config{})
		there := newClientV3(t, cloud, "ch-gva-2")
		id, instance := newVolume(t, here, "data"), newInstanceV3(t, there, smallID)
		snapshot := newVolumeSnapshot(t, here, id)
		_, err := there.GetBlockStorageVolume(t.Context(), id)
		require.ErrorIs(t, err, egoscalev3.ErrNotFound)
		_, err = there.GetBlockStorageSnapshot(t.Context(), snapshot)
		require.ErrorIs(t, err, egoscalev3.ErrNotFound)
		_, err = attachVolume(t, here, id, instance)
		require.ErrorIs(t, err, egoscalev3.ErrNotFound)
		list, err := there.ListBlockStorageVolumes(t.Context())
		require.NoError(t, err)
		assert.Empty(t, list.BlockStorageVolumes)
		_, err = there.CreateBlockStorageVolume(t.Context(), egoscalev3.CreateBlockStorageVolumeRequest{
			BlockStorageSnapshot: &egoscalev3.BlockStorageSnapshotTarget{ID: snapshot},
		})
		require.ErrorIs(t, err, egoscalev3.ErrNotFound)
	})
}

func TestBadRequestsForVolumesAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := startV3(t, exoapi.Config{})
		id := newVolume(t, client, "data")
		for _, c := range []struct{ method, path, body, message string }{
			{http.MethodGet, "?instance-id=x", ``, "instance-id must be a UUID"},
			{http.MethodPost, "", `{"name":"n"}`, "size is required"},
			{http.MethodPost, "", `{"size":0}`, "size must be between 1"},
			{http.MethodPost, "", `{"size":1.5}`, "size must be an integer"},
			{http.MethodPost, "", `{"size":1,"name":null}`, "name must not be null"},
			{http.MethodPost, "", `{"size":1,"labels":{"a":1}}`, "labels must be an object of strings"},
			{http.MethodPost, "", `{"size":1,"block-storage-snapshot":{}}`, "block-storage-snapshot.id is required"},
			{http.MethodPost, "", `{"size":1,"block-storage-snapshot":{"id":"x"}}`, "must be a UUID"},
			{http.MethodPut, "/" + id.String(), `{"name":1}`, "name must be a string"},
			{http.MethodPut, "/" + id.String() + ":attach", `{}`, "instance is required"},
			{http.MethodPut, "/" + id.String() + ":resize-volume", `{}`, "size is required"},
			{http.MethodPost, "/" + id.String() + ":create-snapshot", `{"name":""}`, "name must have 1 to 255"},
		} {
			got := call(t, cloud, c.method, "/v2/block-storage"+c.path, c.body)
			assert.Equal(t, http.StatusBadRequest, got.status, c)
			assert.Contains(t, got.message(), c.message, c)
		}
	})
}

func (d dialogue) blockStorage() {
	instance := d.change(http.MethodPost, "/instance", object{
		"instance-type": object{"id": smallID}, "template": object{"id": d.first("/template", "templates")}, "disk-size": 10,
	})
	id := d.change(http.MethodPost, "/block-storage", object{"name": "data", "size": 10, "labels": object{"a": "b"}})
	path := "/block-storage/" + id
	d.get("/block-storage")
	d.change(http.MethodPut, path, object{"name": "disk", "labels": object{}})
	d.call(http.StatusOK, http.MethodPut, path+":resize-volume", object{"size": 20})
	d.change(http.MethodPut, path+":attach", object{"instance": object{"id": instance}})
	d.get("/block-storage?instance-id=" + instance)
	d.get(path)
	snapshot := d.change(http.MethodPost, path+":create-snapshot", object{"name": "monday", "labels": object{"a": "b"}})
	d.get(path)
	d.get("/block-storage-snapshot")
	d.change(http.MethodPut, "/block-storage-snapshot/"+snapshot, object{"name": "tuesday", "labels": object{}})
	d.get("/block-storage-snapshot/" + snapshot)
	unnamed := d.change(http.MethodPost, "/block-storage", object{"block-storage-snapshot": object{"id": snapshot}})
	d.get("/block-storage/" + unnamed)
	d.change(http.MethodPut, path+":detach", nil)
	d.change(http.MethodDelete, "/block-storage-snapshot/"+snapshot, nil)
	d.change(http.MethodDelete, path, nil)
	d.change(http.MethodDelete, "/block-storage/"+unnamed, nil)
	d.change(http.MethodDelete, "/instance/"+instance, nil)
	time.Sleep(time.Minute)
}
