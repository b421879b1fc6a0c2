package console_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/fakecloud/console"
)

func startCloud(t *testing.T) *fakecloud.Cloud {
	t.Helper()
	cloud, err := fakecloud.Start(t.Context(), fakecloud.Config{Speed: 1000})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, cloud.Close()) })
	return cloud
}

// A visitor is a browser that keeps cookies.
type visitor struct {
	http.Client

	url string // of the cloud
}

// newVisitor returns one that has opened the console.
func newVisitor(t *testing.T, cloud *fakecloud.Cloud) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	v := &visitor{http.Client{Jar: jar}, cloud.Connection().URL}
	status, text := v.do(t, http.MethodGet, strings.TrimPrefix(cloud.Connection().Console, v.url), nil)
	require.Equal(t, http.StatusOK, status, text)
	return v
}

func (v *visitor) do(t *testing.T, method, path string, form url.Values, edit ...func(*http.Request)) (status int, text string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, v.url+path, strings.NewReader(form.Encode()))
	require.NoError(t, err)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, e := range edit {
		e(r)
	}
	response, err := v.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	var body strings.Builder
	require.NoError(t, response.Write(&body))
	return response.StatusCode, body.String()
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func host(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }

func TestWhoMaySeeTheConsole(t *testing.T) {
	t.Parallel()
	cloud := startCloud(t)
	v := newVisitor(t, cloud)
	stranger := &visitor{http.Client{}, v.url}
	for name, c := range map[string]struct {
		who          *visitor
		method, path string
		edit         func(*http.Request)
		want         int
	}{
		"its user":                   {v, http.MethodGet, "/console/", header("X", ""), 200},
		"its user, by name":          {v, http.MethodGet, "/console/", host("localhost:1"), 401}, // cookies are for a port
		"a browser at the root":      {v, http.MethodGet, "/", header("Accept", "text/html"), 200},
		"another user of this host":  {stranger, http.MethodGet, "/console/", header("X", ""), 401},
		"with a wrong token":         {stranger, http.MethodGet, "/console/?token=x", header("X", ""), 401},
		"with an empty token":        {stranger, http.MethodGet, "/console/?token=", header("X", ""), 401},
		"with the other token":       {stranger, http.MethodGet, "/console/?token=" + cloud.Connection().Token, header("X", ""), 401},
		"with an empty cookie":       {stranger, http.MethodGet, "/console/app.js", header("Cookie", "fakecloud-console-80="), 401},
		"a name that leads here":     {v, http.MethodGet, "/console/", host("evil.example"), 403},
		"a command of another site":  {v, http.MethodPost, "/console/faults/clear", header("Origin", "https://evil.example"), 403},
		"a command of another port":  {v, http.MethodPost, "/console/faults/clear", header("Sec-Fetch-Site", "same-site"), 403},
		"a command of the console's": {v, http.MethodPost, "/console/faults/clear", header("Sec-Fetch-Site", "same-origin"), 200},
		"no such page":               {v, http.MethodGet, "/console/nothing", header("X", ""), 404},
		"no such instance":           {v, http.MethodGet, "/console/instance/x", header("X", ""), 404},
	} {
		status, text := c.who.do(t, c.method, c.path, nil, c.edit)
		assert.Equal(t, c.want, status, name)
		if c.path != "/" {
			assert.Contains(t, text, "Content-Security-Policy: default-src 'none'", name)
		}
		if status != http.StatusOK {
			assert.NotContains(t, text, "Load balancers", name)
		}
		assert.NotContains(t, text, cloud.Connection().Secret, name)
	}
	assert.Empty(t, cloud.Unsupported(), "what browsers ask for is no call of the API")
	_, text := v.do(t, http.MethodGet, "/favicon.ico", nil)
	assert.Contains(t, text, "204 No Content")
}

func TestGroupsCountWhoIsInThem(t *testing.T) {
	t.Parallel()
	cloud := startCloud(t)
	v, api := newVisitor(t, cloud), cloud.API()
	var list struct {
		Types     []struct{ ID string } `json:"instance-types"`
		Templates []struct{ ID string }
	}
	for _, path := range []string{"/v2/instance-type", "/v2/template"} {
		require.NoError(t, api.Call(t.Context(), http.MethodGet, path, nil, &list))
	}
	id, err := api.Do(t.Context(), http.MethodPost, "/v2/instance", map[string]any{
		"disk-size": 10, "instance-type": map[string]string{"id": list.Types[0].ID}, "template": map[string]string{"id": list.Templates[0].ID},
	})
	require.NoError(t, err)
	members := func() string {
		_, text := v.do(t, http.MethodGet, "/console/", nil)
		_, text, _ = strings.Cut(text, "<h3>default <small>")
		text, _, _ = strings.Cut(text, "<")
		return text
	}
	assert.Equal(t, "1 instance", members())
	_, err = api.Do(t.Context(), http.MethodPut, "/v2/security-group/"+api.SecurityGroups()[0].ID+":detach",
		map[string]any{"instance": map[string]string{"id": id}})
	require.NoError(t, err)
	assert.Equal(t, "0 instances", members())
}

func TestFaultsOfForms(t *testing.T) {
	t.Parallel()
	cloud := startCloud(t)
	v := newVisitor(t, cloud)
	for text, want := range map[string]string{
		"name=nothing":                      "unknown name",
		"name=latency":                      "a duration is needed",
		"name=latency&duration=x":           "is not like 30s or 2m",
		"name=latency&duration=-1s":         "is not like 30s or 2m",
		"name=latency&duration=100000h":     "is not like 30s or 2m",
		"name=drop-after&count=-1":          "is not a number from 0 to 1000000",
		"name=drop-after&count=1e3":         "is not a number from 0 to 1000000",
		"name=partial-list&keep=one":        "is not a number from 0 to 1000000",
		"name=drop-after&operation=write":   "unknown operation",
		"name=%3Cscript%3E":                 "&lt;script&gt;",
		"name=" + strings.Repeat("x", 5000): "cannot be read",
	} {
		form, err := url.ParseQuery(text)
		require.NoError(t, err)
		status, page := v.do(t, http.MethodPost, "/console/faults", form)
		assert.Equal(t, http.StatusUnprocessableEntity, status, text)
		assert.Contains(t, page, want, text)
		assert.NotContains(t, page, "<script>", text)
	}
	assert.Empty(t, cloud.API().Faults().List())
	status, _ := v.do(t, http.MethodPost, "/console/faults", url.Values{"name": {"partial-list"}, "operation": {"list-instances"}, "count": {"2"}, "keep": {"1"}})
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, []exoapi.Fault{{Name: "partial-list", Operation: "list-instances", Count: 2, Keep: 1}}, cloud.API().Faults().List())
	_, _ = v.do(t, http.MethodPost, "/console/faults/1/remove", nil)
	assert.Empty(t, cloud.API().Faults().List())
	status, _ = v.do(t, http.MethodPost, "/console/faults/one/remove", nil)
	assert.Equal(t, http.StatusUnprocessableEntity, status)
}

func TestSpeedOfForms(t *testing.T) {
	t.Parallel()
	cloud := startCloud(t)
	v := newVisitor(t, cloud)
	_, page := v.do(t, http.MethodGet, "/console/", nil)
	assert.Contains(t, page, `<strong data-speed="1000">1000</strong> times as fast`)
	for text, want := range map[string]string{
		"": "is no number", "<b>": "&lt;b&gt;", "0": "is not a number from 0.000001", "-1": "is not a number from 0.000001", "NaN": "is not a number from 0.000001", "1e10": "to 1000000000", "1e-300": "from 0.000001",
	} {
		status, page := v.do(t, http.MethodPost, "/console/clock", url.Values{"speed": {text}})
		assert.Equal(t, http.StatusUnprocessableEntity, status, text)
		assert.Contains(t, page, want, text)
	}
	status, page := v.do(t, http.MethodPost, "/console/clock", url.Values{"speed": {"2.5"}})
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, page, `<strong data-speed="2.5">2.5</strong> times as fast`)
	assert.InDelta(t, 2.5, cloud.API().Speed(), 0)
}

func TestAnInstanceCrashes(t *testing.T) {
	t.Parallel()
	cloud := startCloud(t)
	v := newVisitor(t, cloud)
	_, err := cloud.CreatePool(t.Context(), fakecloud.Pool{Name: "web", Size: 1})
	require.NoError(t, err)
	id := cloud.API().Instances()[0].ID
	status, page := v.do(t, http.MethodPost, "/console/instance/"+id+"/crash", nil)
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, page, "standard.micro, 10 GiB")
	assert.Contains(t, page, "Machines of this cloud do not boot")
	status, page = v.do(t, http.MethodPost, "/console/instance/nothing/crash", nil)
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	assert.Contains(t, page, "Refused: ")
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	_, err := console.New(console.Config{})
	require.ErrorContains(t, err, "are required")
}
