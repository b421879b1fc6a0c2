package exoapi_test

import (
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

// users makes one exchange on each route of users.
func (d dialogue) users() {
	role := object{"id": d.change(http.MethodPost, "/iam-role", object{"name": "guest"})}
	path := "/user/" + d.change(http.MethodPost, "/user", object{"email": "a@example.com", "role": role})
	d.get("/user")
	d.change(http.MethodPut, path, object{"role": role})
	d.change(http.MethodDelete, path, nil)
}

func TestInvitedUserStaysPending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(t, exoapi.Config{})
		d := dialogue{t: t, cloud: cloud, transport: cloud.Transport()}
		first := d.get("/user")["users"].([]any)
		require.Len(t, first, 1)
		assert.Equal(t, "Owner", first[0].(object)["role"].(object)["name"])
		assert.Equal(t, false, first[0].(object)["pending"])

		guest := d.change(http.MethodPost, "/iam-role", object{"name": "guest"})
		admin := d.change(http.MethodPost, "/iam-role", object{"name": "admin"})
		id := d.change(http.MethodPost, "/user", object{"email": "A@example.com", "role": object{"id": guest}})
		user := func() object { return d.get("/user")["users"].([]any)[1].(object) }
		assert.Equal(t, object{
			"id": id, "email": "a@example.com", "role": object{"id": guest, "name": "guest"},
			"pending": true, "sso": false, "two-factor-authentication": false,
		}, user())
		assert.Equal(t, []string{"a@example.com " + id}, cloud.Inventory()["user"])
		got := call(t, cloud, http.MethodDelete, "/v2/iam-role/"+guest, "")
		assert.Equal(t, http.StatusConflict, got.status)
		assert.Contains(t, got.message(), "in use by user "+id)

		d.change(http.MethodPut, "/user/"+id, object{"role": object{"id": admin}})
		assert.Equal(t, object{"id": admin, "name": "admin"}, user()["role"])
		d.change(http.MethodDelete, "/iam-role/"+guest, nil)
		d.change(http.MethodDelete, "/user/"+id, nil)
		assert.Len(t, d.get("/user")["users"], 1)
	})
}

func TestFirstUserKeepsItsRights(t *testing.T) {
	cloud := newCloud(t, exoapi.Config{})
	d := dialogue{t: t, cloud: cloud, transport: cloud.Transport()}
	path := "/v2/user/" + d.first("/user", "users")
	role := d.first("/iam-role", "iam-roles")
	assert.Equal(t, http.StatusForbidden, call(t, cloud, http.MethodPut, path, `{"role":{"id":"`+role+`"}}`).status)
	assert.Equal(t, http.StatusForbidden, call(t, cloud, http.MethodDelete, path, "").status)
	assert.Equal(t, http.StatusNotFound, call(t, cloud, http.MethodDelete, "/v2/user/"+unknownID, "").status)
}

func TestBadUsersAreRefused(t *testing.T) {
	cloud := newCloud(t, exoapi.Config{})
	d := dialogue{t: t, cloud: cloud, transport: cloud.Transport()}
	role := `,"role":{"id":"` + d.first("/iam-role", "iam-roles") + `"}}`
	for body, status := range map[string]int{
		`{"email":"a@example.com"}`:                                   400,
		`{"email":"a"` + role:                                         400,
		`{"email":"A <a@example.com>"` + role:                         400,
		`{"email":null` + role:                                        400,
		`{"email":"Owner@example.com"` + role:                         409,
		`{"email":"a@example.com","role":{"id":"` + unknownID + `"}}`: 404,
	} {
		assert.Equal(t, status, call(t, cloud, http.MethodPost, "/v2/user", body).status, body)
	}
}

func TestUsageReportSaysWhatWasMetered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		d := dialogue{t: t, cloud: cloud, transport: cloud.Transport()}
		assert.Empty(t, d.get("/usage-report")["usage"])
		from := time.Now()
		newInstance(t, client)
		time.Sleep(3 * time.Hour)
		metered := hours(cloud)
		usage := d.get("/usage-report")["usage"].([]any)
		require.Len(t, usage, 3)
		for _, u := range usage {
			entry := u.(object)
			quantity, err := strconv.ParseFloat(entry["quantity"].(string), 64)
			require.NoError(t, err)
			assert.InDelta(t, metered[entry["variable"].(string)][1], quantity, 1e-3, entry)
			assert.Equal(t, from.UTC().Format(time.RFC3339), entry["from"])
		}
		assert.Equal(t, "GiB hours", usage[0].(object)["unit"])
		assert.Len(t, d.get("/usage-report?period=" + from.UTC().Format("2006-01"))["usage"], 3)
		assert.Empty(t, d.get("/usage-report?period=1999-12")["usage"])
		assert.Equal(t, http.StatusBadRequest, call(t, cloud, http.MethodGet, "/v2/usage-report?period=x", "").status)
	})
}
