package exoapi_test

import (
	"encoding/json"
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

// tolerated tells what only the validator objects to: it overlooks "nullable"
// beside a reference.
func tolerated(operationID, field string, value any) bool {
	return value == nil && (operationID == "update-instance" && field == "labels" ||
		operationID == "update-instance-pool" && (field == "ssh-key" || field == "deploy-target"))
}

// TestWhatTheOfficialSchemaForbidsIsRefused spoils each field of good bodies in
// many ways. The emulator may refuse more than the document does, never less.
func TestWhatTheOfficialSchemaForbidsIsRefused(t *testing.T) {
	document := loadDocument(t)
	spoilt := []any{
		nil, true, -1.0, 0.0, 1.5, 4.0, 1e12, "", "no-such-thing", "-", strings.Repeat("x", 256), strings.Repeat("A", 32772),
		[]any{},
		[]any{nil},
		[]any{"x"},
		[]any{map[string]any{}},
		map[string]any{},
	}
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
			for field := range schema.Properties {
				for _, value := range spoilt {
					if tolerated(operationID, field, value) {
						continue
					}
					bad := maps.Clone(good)
					bad[field] = value
					if schema.VisitJSON(bad) == nil {
						continue
					}
					body, err := json.Marshal(bad)
					require.NoError(t, err)
					status, _ := s.call(t, route.Method, s.path(route), string(body))
					assert.NotEqual(t, http.StatusOK, status, "%s: %.60v", field, value)
				}
			}
			for _, field := range schema.Required {
				bad := maps.Clone(good)
				delete(bad, field)
				body, err := json.Marshal(bad)
				require.NoError(t, err)
				status, _ := s.call(t, route.Method, s.path(route), string(body))
				assert.Equal(t, http.StatusBadRequest, status, "without %s", field)
			}
		})
	}
}
