package exoapitest_test

import (
	"fmt"
	"net/http"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	egoscale2 "github.com/exoscale/egoscale/v2"
	egoscale3 "github.com/exoscale/egoscale/v3"
	"github.com/exoscale/egoscale/v3/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/exoapitest"
)

const zone = "at-vie-1"

// Both clients wait for operations as they do in production, and for nothing else.
func TestClientsOfBothVersions(t *testing.T) {
	cloud := exoapitest.Start(t, exoapi.Config{})
	old, err := egoscale2.NewClient(cloud.Key, cloud.Secret,
		egoscale2.ClientOptWithHTTPClient(cloud.HTTPClient()), egoscale2.ClientOptWithAPIEndpoint(cloud.Endpoint))
	require.NoError(t, err)
	group, err := old.CreateAntiAffinityGroup(t.Context(), zone, &egoscale2.AntiAffinityGroup{Name: new("apart")})
	require.NoError(t, err)

	current := newClient(t, cloud)
	groups, err := current.ListAntiAffinityGroups(t.Context())
	require.NoError(t, err)
	require.Len(t, groups.AntiAffinityGroups, 1)
	operation, err := current.DeleteAntiAffinityGroup(t.Context(), egoscale3.UUID(*group.ID))
	require.NoError(t, err)
	_, err = current.Wait(t.Context(), operation, egoscale3.OperationStateSuccess)
	require.NoError(t, err)
	cloud.RequireEmpty(t)
}

// With its own timing, in a bubble, a cloud takes its time and the test does not.
func TestTimeInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := exoapitest.Start(t, exoapi.Config{Timing: exoapi.Timing{Speed: 1}})
		operation, err := newClient(t, cloud).CreateElasticIP(t.Context(), egoscale3.CreateElasticIPRequest{})
		require.NoError(t, err)
		assert.Equal(t, egoscale3.OperationStatePending, operation.State)
	})
}

func TestWhatIsLeftIsNamed(t *testing.T) {
	cloud := exoapitest.Start(t, exoapi.Config{})
	_, err := newClient(t, cloud).CreateAntiAffinityGroup(t.Context(), egoscale3.CreateAntiAffinityGroupRequest{Name: "apart"})
	require.NoError(t, err)
	assert.Contains(t, verdict(t, cloud.RequireEmpty), "left in the cloud: anti-affinity-group apart ")
}

func TestWrongConfigurationEndsTheTest(t *testing.T) {
	said := verdict(t, func(tb testing.TB) {
		tb.Helper()
		exoapitest.Start(tb, exoapi.Config{DefaultZone: "mars-1"})
	})
	assert.Contains(t, said, `"mars-1"`)
}

func TestOtherProgramsReachItUntilTheTestEnds(t *testing.T) {
	var url string
	t.Run("test", func(t *testing.T) {
		url = exoapitest.Start(t, exoapi.Config{}).Serve(t)
		resp, err := http.Get(url + "/zone")
		require.NoError(t, err)
		defer resp.Body.Close()
		assert.Equal(t, http.StatusOK, resp.StatusCode)
	})
	_, err := http.Get(url + "/zone") //nolint:bodyclose // nobody answers
	assert.Error(t, err)
}

// A program that looks up the address of another zone stays in the cloud.
func TestOtherProgramsAreNotSentToTheRealZones(t *testing.T) {
	cloud := exoapitest.Start(t, exoapi.Config{})
	client, err := egoscale3.NewClient(credentials.NewStaticCredentials(cloud.Key, cloud.Secret),
		egoscale3.ClientOptWithEndpoint(egoscale3.Endpoint(cloud.Serve(t))))
	require.NoError(t, err)
	endpoint, err := client.GetZoneAPIEndpoint(t.Context(), "ch-gva-2")
	require.NoError(t, err)
	require.Contains(t, string(endpoint), "http://127.0.0.1:")
	_, err = client.WithEndpoint(endpoint).CreateElasticIP(t.Context(), egoscale3.CreateElasticIPRequest{Description: "there"})
	require.NoError(t, err)
	assert.Len(t, cloud.Inventory()["elastic-ip"], 1)
}

// Whoever tests with it gets the emulator into the module, and not what exopool
// needs for other things.
func TestItBringsFewModules(t *testing.T) {
	listed, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", ".").Output()
	require.NoError(t, err)
	modules := slices.Compact(slices.Sorted(strings.FieldsSeq(string(listed))))
	assert.Equal(t, []string{
		"cel.dev/cel-go", // evaluates policies; most others are for it
		"cel.dev/expr",
		"github.com/antlr4-go/antlr/v4",
		"github.com/exopool/exopool",
		"github.com/google/uuid",
		"go.yaml.in/yaml/v3",
		"golang.org/x/exp",
		"golang.org/x/net", // names of DNS domains
		"golang.org/x/text",
		"google.golang.org/genproto/googleapis/api",
		"google.golang.org/genproto/googleapis/rpc",
		"google.golang.org/protobuf",
	}, modules)
}

func newClient(tb testing.TB, cloud *exoapitest.Cloud) *egoscale3.Client {
	tb.Helper()
	client, err := egoscale3.NewClient(credentials.NewStaticCredentials(cloud.Key, cloud.Secret),
		egoscale3.ClientOptWithHTTPClient(cloud.HTTPClient()), egoscale3.ClientOptWithEndpoint(egoscale3.Endpoint(cloud.Endpoint)))
	require.NoError(tb, err)
	return client
}

// verdict returns what a test that calls f fails with.
func verdict(t *testing.T, f func(testing.TB)) string {
	t.Helper()
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(r)
	}()
	<-done
	require.NotEmpty(t, r.said, "it does not fail")
	return r.said
}

// A recorder is a test that only notes how it fails.
type recorder struct {
	testing.TB

	said string
}

func (r *recorder) Fatal(args ...any) { r.Fatalf("%s", fmt.Sprint(args...)) }

func (r *recorder) Fatalf(format string, args ...any) {
	r.said = fmt.Sprintf(format, args...)
	runtime.Goexit()
}
