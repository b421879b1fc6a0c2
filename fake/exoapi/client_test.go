package exoapi_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

func TestCallNeedsNoClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(t, exoapi.Config{})
		ctx := t.Context()
		id, err := cloud.Do(ctx, http.MethodPost, "/v2/security-group", map[string]string{"name": "g"})
		require.NoError(t, err)
		var group struct {
			Name string `json:"name"`
		}
		require.NoError(t, cloud.Call(ctx, http.MethodGet, "/v2/security-group/"+id, nil, &group))
		assert.Equal(t, "g", group.Name)
		var templates struct {
			Templates []struct{ ID string } `json:"templates"`
		}
		require.NoError(t, cloud.Call(ctx, http.MethodGet, "/v2/template?visibility=public&family=debian", nil, &templates))
		assert.Len(t, templates.Templates, 2)

		err = cloud.Call(ctx, http.MethodGet, "/v2/security-group/"+unknownID, nil, nil)
		require.ErrorContains(t, err, "404: security group "+unknownID+" not found")
		_, err = cloud.Do(ctx, http.MethodGet, "/v2/zone", nil)
		require.ErrorContains(t, err, "no operation")
		inject(t, cloud, exoapi.Fault{Name: exoapi.FaultOperationFails, Count: 1})
		_, err = cloud.Do(ctx, http.MethodDelete, "/v2/security-group/"+id, nil)
		require.ErrorContains(t, err, "failure: injected fault")
		inject(t, cloud, exoapi.Fault{Name: exoapi.FaultOperationStuck, Count: 1})
		ctx, cancel := context.WithTimeout(ctx, time.Hour)
		defer cancel()
		_, err = cloud.Do(ctx, http.MethodDelete, "/v2/security-group/"+id, nil)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}
