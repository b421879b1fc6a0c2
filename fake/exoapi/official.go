package exoapi

import (
	_ "embed"
	"net/http"
	"strings"
)

// officialOperations lists the operations of the official document, one a line:
// method, path and operation id.
//
//go:embed official_operations.txt
var officialOperations string

// newOfficialRouter finds operations of the original, emulated or not, so that
// what is not can be named.
func newOfficialRouter() *router {
	var routes []*route
	for line := range strings.Lines(officialOperations) {
		if f := strings.Fields(line); len(f) == 3 {
			routes = append(routes, newRoute(f[0], f[1], f[2], nil))
		}
	}
	return newRouter([]resource{{routes: routes}})
}

// RouteOf returns the operation that a request asks for; false if the original
// has none either. Emulated reports whether the cloud does what it asks.
func (c *Cloud) RouteOf(hr *http.Request) (Route, bool) {
	_, path, err := c.locate(hr)
	if err != nil {
		return Route{}, false
	}
	rt, _ := c.router.find(hr.Method, path)
	if rt == nil {
		rt, _ = c.official().find(hr.Method, path)
	}
	if rt == nil {
		return Route{}, false
	}
	return rt.Route, true
}
