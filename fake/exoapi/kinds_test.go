package exoapi_test

import (
	"maps"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// A kindTest is what the test file of a kind of resource adds to the tests that
// treat all kinds alike.
type kindTest struct {
	dialogue func(dialogue)           // makes one exchange on each route
	stage    func(testing.TB, *scene) // makes what paths and bodies name; nil if nothing
	bodies   map[string]string        // a good one for each operation that takes one
}

// kindTests lists them: a new kind is one more line.
func kindTests() []kindTest {
	return []kindTest{
		accessTest(),
		dnsTest(),
		sksTest(),
		usersTest(),
	}
}

// addKinds adds the good bodies of the kinds to those of others.
func addKinds(bodies map[string]string) map[string]string {
	for _, k := range kindTests() {
		maps.Copy(bodies, k.bodies)
	}
	return bodies
}

// make makes a resource for the scene, to be named in paths and bodies.
func (s *scene) make(tb testing.TB, name, path, body string) {
	tb.Helper()
	status, answer := s.call(tb, http.MethodPost, s.fill("/v2/"+path), s.fill(body))
	require.Equal(tb, http.StatusOK, status, answer)
	s.ids[name] = answer["reference"].(map[string]any)["id"].(string)
}
