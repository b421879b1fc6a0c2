package exoapi_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	egoscale "github.com/exoscale/egoscale/v2"
	"github.com/exoscale/egoscale/v2/api"
	egoscalev3 "github.com/exoscale/egoscale/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

func TestSnapshotIsOfAnInstance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		ctx := t.Context()
		i := newInstance(t, client)
		op := call(t, cloud, http.MethodPost, "/v2/instance/"+*i.ID+":create-snapshot", "").body
		id := op["reference"].(map[string]any)["id"].(string)
		taken := func() *egoscale.Snapshot {
			n, err := client.GetSnapshot(ctx, zone, id)
			require.NoError(t, err)
			return n
		}
		assert.Equal(t, "snapshotting", *taken().State)
		require.ErrorContains(t, client.DeleteSnapshot(ctx, zone, taken()), "is snapshotting")
		time.Sleep(time.Minute)
		n := taken()
		assert.Equal(t, "ready", *n.State)
		assert.Equal(t, *i.ID, *n.InstanceID)
		assert.EqualValues(t, 10, *n.Size)
		assert.Contains(t, *n.Name, "monitor_")
		seen, err := client.GetInstance(ctx, zone, *i.ID)
		require.NoError(t, err)
		assert.Equal(t, []string{id}, *seen.SnapshotIDs)

		second, err := client.CreateInstanceSnapshot(ctx, zone, i)
		require.NoError(t, err)
		list, err := client.ListSnapshots(ctx, zone)
		require.NoError(t, err)
		assert.Len(t, list, 2)
		require.NoError(t, client.DeleteSnapshot(ctx, zone, n))
		_, err = client.GetSnapshot(ctx, zone, id)
		require.ErrorIs(t, err, api.ErrNotFound)
		seen, err = client.GetInstance(ctx, zone, *i.ID)
		require.NoError(t, err)
		assert.Equal(t, []string{*second.ID}, *seen.SnapshotIDs)

		pending := call(t, cloud, http.MethodPost, "/v2/instance/"+*i.ID+":create-snapshot", "").body
		deleted := call(t, cloud, http.MethodDelete, "/v2/snapshot/"+*second.ID, "").body
		require.NoError(t, client.DeleteInstance(ctx, zone, i))
		list, err = client.ListSnapshots(ctx, zone)
		require.NoError(t, err)
		assert.Empty(t, list, "they go with their instance")
		time.Sleep(time.Minute)
		ended := call(t, cloud, http.MethodGet, "/v2/operation/"+pending["id"].(string), "").body
		assert.Equal(t, "interrupted", ended["reason"])
		ended = call(t, cloud, http.MethodGet, "/v2/operation/"+deleted["id"].(string), "").body
		assert.Equal(t, "success", ended["state"], "it is gone, as was asked for")
		assert.Empty(t, cloud.Inventory())
	})
}

func TestStoppedInstanceIsRevertedToItsSnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		driver := newRecorder()
		cloud, client := start(t, exoapi.Config{Machines: driver})
		ctx := t.Context()
		i, other := newInstance(t, client), newInstance(t, client)
		n, err := client.CreateInstanceSnapshot(ctx, zone, i)
		require.NoError(t, err)
		revert := func(i *egoscale.Instance) error { return client.RevertInstanceToSnapshot(ctx, zone, i, n) }
		require.ErrorContains(t, revert(i), "The instance needs to be stopped.")
		require.ErrorContains(t, revert(other), "is not of instance "+*other.ID)
		require.NoError(t, client.StopInstance(ctx, zone, i))
		require.NoError(t, revert(i))
		assert.Contains(t, strings.Join(driver.take(), "\n"), "destroy "+driver.machines[*i.ID].Address.String())
		assert.Equal(t, "stopped", cloud.Instances()[0].State)
		require.NoError(t, client.StartInstance(ctx, zone, i))
		got := call(t, cloud, http.MethodPost, "/v2/instance/"+*i.ID+":revert-snapshot", `{"id":"`+unknownID+`"}`)
		assert.Equal(t, http.StatusNotFound, got.status)
		got = call(t, cloud, http.MethodPost, "/v2/instance/"+*i.ID+":revert-snapshot", `{}`)
		assert.Equal(t, http.StatusBadRequest, got.status)
	})
}

func TestSnapshotsCountTowardsTheirQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{Quotas: map[string]int{"snapshot": 1}})
		i := newInstance(t, client)
		_, err := client.CreateInstanceSnapshot(t.Context(), zone, i)
		require.NoError(t, err)
		_, err = client.CreateInstanceSnapshot(t.Context(), zone, i)
		require.ErrorContains(t, err, "quota of resource snapshot reached")
	})
}

// TestExportedSnapshotBecomesATemplate does what exo and Packer's plugin do.
func TestExportedSnapshotBecomesATemplate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		driver := newRecorder()
		_, client := start(t, exoapi.Config{Machines: driver})
		ctx := t.Context()
		i := newInstance(t, client)
		n, err := client.CreateInstanceSnapshot(ctx, zone, i)
		require.NoError(t, err)
		export, err := client.ExportSnapshot(ctx, zone, n)
		require.NoError(t, err)
		n, err = client.GetSnapshot(ctx, zone, *n.ID)
		require.NoError(t, err)
		assert.Equal(t, "exported", *n.State)
		assert.Len(t, *export.MD5sum, 32)

		wanted := &egoscale.Template{
			Name: new("golden"), URL: export.PresignedURL, Checksum: new("wrong"), PasswordEnabled: new(false), SSHKeyEnabled: new(true),
		}
		_, err = client.RegisterTemplate(ctx, zone, wanted)
		require.ErrorContains(t, err, "job failed")
		wanted.Checksum = export.MD5sum
		made, err := client.RegisterTemplate(ctx, zone, wanted)
		require.NoError(t, err)
		assert.EqualValues(t, 10<<30, *made.Size)
		list, err := client.ListTemplates(ctx, zone, egoscale.ListTemplatesWithVisibility("private"))
		require.NoError(t, err)
		assert.Equal(t, []*egoscale.Template{made}, list, "the wrong one is not there")

		copied := newInstance(t, client, func(i *egoscale.Instance) { i.TemplateID = made.ID })
		assert.Equal(t, *made.ID, *copied.TemplateID)
		machine := driver.machines[*copied.ID]
		assert.Equal(t, ubuntuName, machine.Template, "drivers know the catalog's only")
		assert.Equal(t, "ubuntu", machine.DefaultUser)
	})
}

func TestPromotedSnapshotIsATemplateLikeThatOfItsInstance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := startV3(t, exoapi.Config{})
		ctx := t.Context()
		i := newInstanceV3(t, client, smallID)
		op, err := client.CreateSnapshot(ctx, i)
		n, err := client.GetSnapshot(ctx, done(t, client, op, err))
		require.NoError(t, err)
		assert.False(t, *n.ApplicationConsistent)
		op, err = client.PromoteSnapshotToTemplate(ctx, n.ID, egoscalev3.PromoteSnapshotToTemplateRequest{
			Name: "golden", Description: "d", PasswordEnabled: new(false),
		})
		made, err := client.GetTemplate(ctx, done(t, client, op, err))
		require.NoError(t, err)
		assert.Equal(t, "golden", made.Name)
		assert.Equal(t, egoscalev3.TemplateVisibilityPrivate, made.Visibility)
		assert.Equal(t, "debian", made.DefaultUser)
		assert.True(t, *made.SSHKeyEnabled)
		assert.False(t, *made.PasswordEnabled)
	})
}

func (d dialogue) snapshotsAndTemplates() {
	instance := "/instance/" + d.change(http.MethodPost, "/instance", object{
		"instance-type": object{"id": smallID}, "template": object{"id": d.first("/template", "templates")}, "disk-size": 10,
	})
	path := "/snapshot/" + d.change(http.MethodPost, instance+":create-snapshot", nil)
	d.get("/snapshot")
	d.get(instance)
	d.change(http.MethodPost, path+":export", nil)
	d.get(path)
	d.change(http.MethodPut, instance+":stop", nil)
	d.change(http.MethodPost, instance+":revert-snapshot", object{"id": d.get(path)["id"]})
	promoted := "/template/" + d.change(http.MethodPost, path+":promote", object{"name": "golden"})
	d.get(promoted)
	registered := "/template/" + d.change(http.MethodPost, "/template", object{
		"name": "silver", "url": "https://example.com/a.qcow2", "checksum": "c", "ssh-key-enabled": true, "password-enabled": true,
	})
	d.get(registered)
	d.get("/template?visibility=private")
	d.change(http.MethodPut, registered, object{"name": "bronze", "description": "d"})
	d.change(http.MethodPost, registered, object{"target-zone": object{"name": "ch-gva-2"}})
	d.change(http.MethodDelete, registered, nil)
	d.change(http.MethodDelete, promoted, nil)
	d.change(http.MethodDelete, path, nil)
	d.change(http.MethodDelete, instance, nil)
}
