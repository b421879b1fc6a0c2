package exoapi_test

import (
	"net/http"
	"testing"
	"testing/synctest"

	egoscale "github.com/exoscale/egoscale/v2"
	"github.com/exoscale/egoscale/v2/api"
	egoscalev3 "github.com/exoscale/egoscale/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

const otherZone = "ch-gva-2"

// wantedTemplate is an image that is not of this cloud.
func wantedTemplate() *egoscale.Template {
	return &egoscale.Template{
		Name: new("golden"), URL: new("https://example.com/golden.qcow2"), Checksum: new("0123"),
		Description: new("d"), Build: new("b"), Version: new("v"), Maintainer: new("m"), DefaultUser: new("u"), BootMode: new("uefi"),
		PasswordEnabled: new(true), SSHKeyEnabled: new(false),
	}
}

func TestOwnTemplateIsKeptAsItWasGiven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		ctx := t.Context()
		made, err := client.RegisterTemplate(ctx, zone, wantedTemplate())
		require.NoError(t, err)
		want := wantedTemplate()
		want.ID, want.CreatedAt, want.Size = made.ID, made.CreatedAt, made.Size
		want.Zone, want.Visibility = new(zone), new("private")
		assert.Equal(t, want, made)

		made.Name, made.Description = new("silver"), new("e")
		require.NoError(t, client.UpdateTemplate(ctx, zone, made))
		got, err := client.GetTemplate(ctx, zone, *made.ID)
		require.NoError(t, err)
		assert.Equal(t, made, got)
		public, err := client.ListTemplates(ctx, zone)
		require.NoError(t, err)
		for _, p := range public {
			assert.NotEqual(t, made.ID, p.ID, "it is private")
		}
		i := newInstance(t, client, func(i *egoscale.Instance) { i.TemplateID = made.ID })

		assert.Equal(t, []string{"silver " + *made.ID}, cloud.Inventory()["template"])
		require.NoError(t, client.DeleteTemplate(ctx, zone, made))
		_, err = client.GetTemplate(ctx, zone, *made.ID)
		require.ErrorIs(t, err, api.ErrNotFound)
		require.NoError(t, client.RebootInstance(ctx, zone, i), "it needs its template no more")
	})
}

func TestOwnTemplateIsThereOnceItIsRegistered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{Quotas: map[string]int{"template": 1}})
		const body = `{"name":"n","url":"http://example.com/a","checksum":"c","ssh-key-enabled":true,"password-enabled":true}`
		op := call(t, cloud, http.MethodPost, "/v2/template", body)
		require.Equal(t, "pending", op.body["state"])
		_, err := client.GetTemplate(t.Context(), zone, op.body["reference"].(map[string]any)["id"].(string))
		require.ErrorIs(t, err, api.ErrNotFound)
		list, err := client.ListTemplates(t.Context(), zone, egoscale.ListTemplatesWithVisibility("private"))
		require.NoError(t, err)
		assert.Empty(t, list)
		_, err = client.RegisterTemplate(t.Context(), zone, wantedTemplate())
		require.ErrorContains(t, err, "quota of resource template reached")
	})
}

func TestCopiedTemplateIsTheSameInAnotherZone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, here := startV3(t, exoapi.Config{Quotas: map[string]int{"template": 1}})
		there, ctx := newClientV3(t, cloud, otherZone), t.Context()
		wanted := egoscalev3.RegisterTemplateRequest{
			Name: "golden", URL: "https://example.com/golden.qcow2", Checksum: "0123",
			SSHKeyEnabled: new(true), PasswordEnabled: new(false), DefaultUser: "u",
		}
		op, err := here.RegisterTemplate(ctx, wanted)
		id := done(t, here, op, err)
		_, err = there.GetTemplate(ctx, id)
		require.ErrorIs(t, err, egoscalev3.ErrNotFound)
		_, err = there.DeleteTemplate(ctx, id)
		require.ErrorIs(t, err, egoscalev3.ErrNotFound)
		target := egoscalev3.CopyTemplateRequest{TargetZone: &egoscalev3.Zone{Name: otherZone}}
		op, err = here.CopyTemplate(ctx, id, target)
		require.NoError(t, err)
		assert.Equal(t, egoscalev3.OperationStatePending, op.State)
		_, err = there.GetTemplate(ctx, id)
		require.ErrorIs(t, err, egoscalev3.ErrNotFound, "it is not there yet")
		assert.Equal(t, id, done(t, here, op, nil))
		copied, err := there.GetTemplate(ctx, id)
		require.NoError(t, err)
		assert.Equal(t, "golden", copied.Name)
		assert.Equal(t, "u", copied.DefaultUser)
		_, err = here.CopyTemplate(ctx, id, target)
		require.ErrorContains(t, err, "is in zone "+otherZone)
		assert.Len(t, cloud.Inventory()["template"], 1)
		assert.InDelta(t, 20, gigabytesOfTemplates(cloud), 0, "each zone keeps, and bills, one of 10 GiB")

		op, err = there.DeleteTemplate(ctx, id)
		done(t, there, op, err)
		_, err = here.GetTemplate(ctx, id)
		require.ErrorIs(t, err, egoscalev3.ErrNotFound, "it is gone from all zones")
	})
}

// gigabytesOfTemplates returns what is billed for templates now.
func gigabytesOfTemplates(cloud *exoapi.Cloud) float64 {
	for _, m := range cloud.Metered() {
		if m.Item == "template" {
			return m.Now
		}
	}
	return 0
}

func TestDeletedTemplateIsNotCopied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, here := startV3(t, exoapi.Config{})
		ctx := t.Context()
		op, err := here.RegisterTemplate(ctx, egoscalev3.RegisterTemplateRequest{
			Name: "golden", URL: "https://example.com/a", Checksum: "0", SSHKeyEnabled: new(true), PasswordEnabled: new(true),
		})
		id := done(t, here, op, err)
		copying, err := here.CopyTemplate(ctx, id, egoscalev3.CopyTemplateRequest{TargetZone: &egoscalev3.Zone{Name: otherZone}})
		require.NoError(t, err)
		op, err = here.DeleteTemplate(ctx, id)
		done(t, here, op, err)
		_, err = here.Wait(ctx, copying, egoscalev3.OperationStateSuccess)
		require.ErrorContains(t, err, "was deleted")
		assert.Empty(t, cloud.Inventory()["template"])
	})
}

func TestBadRequestsForTemplatesAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		made, err := client.RegisterTemplate(t.Context(), zone, wantedTemplate())
		require.NoError(t, err)
		own, public := "/v2/template/"+*made.ID, "/v2/template/"+*templateID(t, client)
		const good = `"name":"n","checksum":"c","ssh-key-enabled":true,"password-enabled":true`
		for _, c := range []struct {
			method, path, body string
			status             int
			message            string
		}{
			{http.MethodPost, "/v2/template", `{` + good + `}`, 400, "url is required"},
			{http.MethodPost, "/v2/template", `{` + good + `,"url":"ftp://a/b"}`, 400, "url must be an address of HTTP or HTTPS"},
			{http.MethodPost, "/v2/template", `{` + good + `,"url":"https:///b"}`, 400, "url must be an address of HTTP or HTTPS"},
			{http.MethodPost, "/v2/template", `{` + good + `,"url":"http://a","boot-mode":"x"}`, 400, "one of legacy, uefi"},
			{http.MethodPost, "/v2/template", `{` + good + `,"url":"http://a","size":0}`, 400, "size must be between 1"},
			{http.MethodPost, "/v2/template", `{` + good + `,"url":"http://a","build":null}`, 400, "build must not be null"},
			{http.MethodPut, own, `{"name":""}`, 400, "1 to 255"},
			{http.MethodPut, public, `{"name":"n"}`, 403, "is not one of the organization's own"},
			{http.MethodDelete, public, ``, 403, "is not one of the organization's own"},
			{http.MethodPost, own, `{}`, 400, "target-zone is required"},
			{http.MethodPost, own, `{"target-zone":{}}`, 400, "target-zone.name is required"},
			{http.MethodPost, own, `{"target-zone":{"name":"moon"}}`, 400, "target-zone.name must be one of"},
			{http.MethodPost, own, `{"target-zone":{"name":"` + zone + `"}}`, 400, "is in zone"},
			{http.MethodGet, "/v2/template/" + unknownID, ``, 404, "not found"},
		} {
			got := call(t, cloud, c.method, c.path, c.body)
			assert.Equal(t, c.status, got.status, c)
			assert.Contains(t, got.message(), c.message, c)
		}
	})
}
