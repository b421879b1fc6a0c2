package exoapi_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/internal/openapi"
)

// loadDocument reads the official description of the API; the test is skipped
// where there is none. Properties that the description does not name are made
// an error, and references to operations that it does not have.
func loadDocument(t *testing.T) *openapi3.T {
	t.Helper()
	text := readDocument(t)
	document, err := openapi3.NewLoader().LoadFromData(text)
	require.NoError(t, err)
	// The original answers with these, the document does not have them.
	zone := document.Components.Schemas["zone"].Value
	zone.Properties["id"] = openapi3.NewUUIDSchema().NewRef()
	group := document.Components.Schemas["security-group"].Value
	group.Properties["visibility"] = openapi3.NewStringSchema().WithEnum("private", "public").NewRef()
	document.Components.Schemas["operation"].Value.Properties["resource"] = openapi3.NewObjectSchema().
		WithProperty("id", openapi3.NewUUIDSchema()).WithProperty("type", openapi3.NewStringSchema()).NewRef()
	instance := document.Components.Schemas["instance"].Value
	instance.Properties["elastic-ips"] = openapi3.NewArraySchema().WithItems(openapi3.NewObjectSchema().
		WithProperty("id", openapi3.NewUUIDSchema()).WithProperty("ip", openapi3.NewStringSchema())).NewRef()
	var operations []any
	for _, item := range document.Paths.Map() {
		for _, operation := range item.Operations() {
			operations = append(operations, operation.OperationID)
		}
	}
	reference := document.Components.Schemas["operation"].Value.Properties["reference"].Value
	reference.Properties["command"] = openapi3.NewStringSchema().WithEnum(operations...).NewRef()
	seen := map[*openapi3.Schema]bool{}
	for _, schema := range document.Components.Schemas {
		forbidOthers(schema, seen)
	}
	for _, item := range document.Paths.Map() {
		for _, operation := range item.Operations() {
			if operation.RequestBody != nil {
				for _, media := range operation.RequestBody.Value.Content {
					forbidOthers(media.Schema, seen)
				}
			}
			for _, response := range operation.Responses.Map() {
				for _, media := range response.Value.Content {
					forbidOthers(media.Schema, seen)
				}
			}
		}
	}
	return document
}

// readDocument returns the document that the environment names, or the one that
// was fetched, and skips the test if there is neither.
func readDocument(t *testing.T) []byte {
	t.Helper()
	if name := os.Getenv(openapi.Variable); name != "" {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		return text
	}
	document, err := openapi.Official("../..")
	require.NoError(t, err)
	text, err := document.Find()
	if err != nil {
		t.Skip(err)
	}
	return text
}

// forbidOthers forbids properties besides those that an object has, here and
// further down.
func forbidOthers(ref *openapi3.SchemaRef, seen map[*openapi3.Schema]bool) {
	if ref == nil || ref.Value == nil || seen[ref.Value] {
		return
	}
	schema := ref.Value
	seen[schema] = true
	others := &schema.AdditionalProperties
	if len(schema.Properties) > 0 && others.Has == nil && others.Schema == nil {
		others.Has = new(false)
	}
	for _, property := range schema.Properties {
		forbidOthers(property, seen)
	}
	forbidOthers(schema.Items, seen)
	forbidOthers(others.Schema, seen)
}

// A referee stands between a client and the cloud and compares what they say
// with the document.
type referee struct {
	t        *testing.T
	next     http.RoundTripper
	document *openapi3.T
	routes   []watchedRoute
	answered map[string]map[int]int // by operation and status
}

type watchedRoute struct {
	exoapi.Route
	path  *regexp.Regexp
	names []string // of its parameters
}

func newReferee(t *testing.T, cloud *exoapi.Cloud, document *openapi3.T) *referee {
	t.Helper()
	r := &referee{t: t, next: cloud.Transport(), document: document, answered: map[string]map[int]int{}}
	parameter := regexp.MustCompile(`\\\{([a-z-]+)\\\}`)
	for _, route := range cloud.Routes() {
		w := watchedRoute{Route: route}
		quoted := regexp.QuoteMeta(route.Path)
		for _, found := range parameter.FindAllStringSubmatch(quoted, -1) {
			w.names = append(w.names, found[1])
		}
		w.path = regexp.MustCompile("^/v2" + parameter.ReplaceAllString(quoted, `([^/:]+)`) + "$")
		r.routes = append(r.routes, w)
	}
	return r
}

// find returns what the document says about a request.
func (r *referee) find(req *http.Request) (*routers.Route, map[string]string, error) {
	for _, w := range r.routes {
		values := w.path.FindStringSubmatch(req.URL.Path)
		if w.Method != req.Method || values == nil {
			continue
		}
		item := r.document.Paths.Value(w.Path)
		if item == nil || item.GetOperation(w.Method) == nil {
			return nil, nil, fmt.Errorf("the document has no %s %s", w.Method, w.Path)
		}
		operation := item.GetOperation(w.Method)
		if operation.OperationID != w.OperationID {
			return nil, nil, fmt.Errorf("%s %s is %s in the document, not %s", w.Method, w.Path, operation.OperationID, w.OperationID)
		}
		params := map[string]string{}
		for i, name := range w.names {
			params[name] = values[i+1]
		}
		return &routers.Route{Spec: r.document, Path: w.Path, PathItem: item, Method: w.Method, Operation: operation}, params, nil
	}
	return nil, nil, fmt.Errorf("no route for %s %s", req.Method, req.URL.Path)
}

// RoundTrip passes the request on and blows the whistle where either side
// breaks the rules.
func (r *referee) RoundTrip(req *http.Request) (*http.Response, error) {
	body := []byte{}
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
	}
	route, params, err := r.find(req)
	if !assert.NoError(r.t, err) {
		return nil, err
	}
	copied := req.Clone(req.Context())
	copied.Body = io.NopCloser(bytes.NewReader(body))
	exchange := &openapi3filter.RequestValidationInput{
		Request: copied, PathParams: params, QueryParams: copied.URL.Query(), Route: route, Options: refereeOptions(),
	}
	assert.NoError(r.t, openapi3filter.ValidateRequest(req.Context(), exchange), "request %s %s: %s", req.Method, req.URL, body)

	req = req.Clone(req.Context())
	req.Body = io.NopCloser(bytes.NewReader(body))
	resp, err := r.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(answer))
	if resp.StatusCode == http.StatusOK {
		assert.NoError(r.t, openapi3filter.ValidateResponse(req.Context(), &openapi3filter.ResponseValidationInput{
			RequestValidationInput: exchange, Status: resp.StatusCode, Header: resp.Header,
			Body: io.NopCloser(bytes.NewReader(answer)), Options: refereeOptions(),
		}), "answer to %s %s: %s", req.Method, req.URL, answer)
	}
	id := route.Operation.OperationID
	if r.answered[id] == nil {
		r.answered[id] = map[int]int{}
	}
	r.answered[id][resp.StatusCode]++
	return resp, nil
}

func refereeOptions() *openapi3filter.Options {
	formats := map[string]func(string) error{
		"uuid": func(s string) error {
			if !regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(s) {
				return fmt.Errorf("%q is not a UUID", s)
			}
			return nil
		},
		"ipv4":          func(s string) error { _, err := netip.ParseAddr(s); return err },
		"date-time":     func(s string) error { _, err := time.Parse(time.RFC3339, s); return err },
		"uri-reference": func(s string) error { _, err := url.Parse(s); return err },
	}
	options := &openapi3filter.Options{
		MultiError: true, SkipSettingDefaults: true, RejectWhenRequestBodyNotSpecified: true,
		// Real clients send whole objects as references, and the original
		// ignores all but their ids.
		ExcludeReadOnlyValidations: true,
		// The document calls the rules of a security group write-only, yet all
		// clients read them.
		ExcludeWriteOnlyValidations: true,
		AuthenticationFunc:          openapi3filter.NoopAuthenticationFunc,
	}
	for name, check := range formats {
		options.SchemaValidationOptions = append(options.SchemaValidationOptions,
			openapi3.WithStringFormatValidator(name, openapi3.NewCallbackValidator(check)))
	}
	options.WithCustomSchemaErrorFunc(func(err *openapi3.SchemaError) string {
		return "at /" + strings.Join(err.JSONPointer(), "/") + ": " + err.Reason
	})
	return options
}
