package exoapi_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

// schemaOf returns what the official document says about an operation's body.
func schemaOf(t *testing.T, document *openapi3.T, operationID string) *openapi3.Schema {
	t.Helper()
	for _, item := range document.Paths.Map() {
		for _, operation := range item.Operations() {
			if operation.OperationID == operationID && operation.RequestBody != nil {
				return operation.RequestBody.Value.Content["application/json"].Schema.Value
			}
		}
	}
	return nil
}

// tolerated reports what only the validator objects to: it overlooks "nullable"
// beside a reference.
func tolerated(operationID, path string) bool {
	return slices.Contains([]string{
		"update-instance.labels: <nil>", "update-instance-pool.ssh-key: <nil>", "update-instance-pool.deploy-target: <nil>",
		"update-block-storage-volume.labels: <nil>", "update-block-storage-snapshot.labels: <nil>",
		"update-sks-cluster.oidc: <nil>", "update-sks-nodepool.deploy-target: <nil>", "update-sks-nodepool.nvidia-mig-profiles: <nil>",
	}, operationID+path)
}

// spoil passes on copies of a good value, each with one field that is wrong or
// missing, here or further down. It skips references: clients send whole
// objects for them, of which only the id counts.
func spoil(schema *openapi3.Schema, good any, pass func(path string, bad any)) {
	if list, ok := good.([]any); ok && len(list) > 0 {
		spoil(schema.Items.Value, list[0], func(path string, bad any) { pass("[]"+path, []any{bad}) })
	}
	object, ok := good.(map[string]any)
	if !ok {
		return
	}
	fields := maps.Clone(schema.Properties)
	if fields == nil {
		fields = openapi3.Schemas{}
	}
	for field := range object {
		if fields[field] == nil && schema.AdditionalProperties.Schema != nil {
			fields[field] = schema.AdditionalProperties.Schema
		}
	}
	for field, property := range fields {
		with := func(value any) map[string]any {
			changed := maps.Clone(object)
			changed[field] = value
			return changed
		}
		for _, value := range []any{
			nil, true, -1.0, 0.0, 1.5, 4.0, 1e12, "", "no-such-thing", "-", strings.Repeat("x", 256), strings.Repeat("A", 32772),
			[]any{},
			[]any{nil},
			[]any{"x"},
			[]any{map[string]any{}},
			map[string]any{},
		} {
			pass(fmt.Sprintf(".%s: %.60v", field, value), with(value))
		}
		if inner, _ := object[field].(map[string]any); inner["id"] == nil {
			spoil(property.Value, object[field], func(path string, bad any) { pass("."+field+path, with(bad)) })
		}
	}
	for _, field := range schema.Required {
		changed := maps.Clone(object)
		delete(changed, field)
		pass("."+field+" missing", changed)
	}
}

// TestWhatTheOfficialSchemaForbidsIsRefused spoils each field of good bodies in
// many ways. The emulator may refuse more than the document does, never less.
func TestWhatTheOfficialSchemaForbidsIsRefused(t *testing.T) {
	document := loadDocument(t)
	for operationID, text := range bodies() {
		schema := schemaOf(t, document, operationID)
		if schema == nil {
			continue // start-instance and others may go without
		}
		t.Run(operationID, func(t *testing.T) {
			s := newScene(t)
			routes := writes(s.cloud)
			route := routes[slices.IndexFunc(routes, func(r exoapi.Route) bool { return r.OperationID == operationID })]
			var good map[string]any
			require.NoError(t, json.Unmarshal([]byte(s.fill(text)), &good))
			maps.DeleteFunc(good, func(_ string, v any) bool { return v == nil })
			require.NoError(t, schema.VisitJSON(good))
			spoil(schema, good, func(path string, bad any) {
				if schema.VisitJSON(bad) == nil || tolerated(operationID, path) {
					return
				}
				body, err := json.Marshal(bad)
				require.NoError(t, err)
				status, _ := s.call(t, route.Method, s.path(route), string(body))
				assert.NotEqual(t, http.StatusOK, status, path)
			})
		})
	}
}
