package metadata_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/exopool/exopool/fake/machine/nspawn/metadata"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// directory has two instances: one with everything, one with the least.
func directory(addr netip.Addr) (metadata.Instance, bool) {
	switch addr.String() {
	case "198.18.0.1":
		return metadata.Instance{
			ID: "id-1", Name: "web-1", Zone: "ch-gva-2", Type: "micro", Address: addr,
			SSHKeys: []string{"ssh-ed25519 AAAA a", "ssh-ed25519 BBBB b"}, UserData: []byte("#cloud-config\nsecret: \xff\x00\n"),
		}, true
	case "198.18.0.2":
		return metadata.Instance{ID: "id-2", Name: "web-2", Address: addr}, true
	}
	return metadata.Instance{}, false
}

func ask(h http.Handler, method, from, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://169.254.169.254"+path, http.NoBody)
	r.RemoteAddr = from
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestInstancesLearnWhoTheyAreByTheirAddress(t *testing.T) {
	h := metadata.Handler(directory, quiet())
	for path, want := range map[string]string{
		"/1.0/meta-data/instance-id":       "id-1",
		"/1.0/meta-data/vm-id":             "id-1",
		"/1.0/meta-data/local-hostname":    "web-1",
		"/1.0/meta-data/public-ipv4":       "198.18.0.1",
		"/1.0/meta-data/local-ipv4":        "198.18.0.1",
		"/1.0/meta-data/availability-zone": "ch-gva-2",
		"/1.0/meta-data/service-offering":  "micro",
		"/1.0/meta-data/public-keys":       "ssh-ed25519 AAAA a\nssh-ed25519 BBBB b",
		"/latest/meta-data/instance-id":    "id-1",
		"/1.0/user-data":                   "#cloud-config\nsecret: \xff\x00\n",
		"/latest/user-data":                "#cloud-config\nsecret: \xff\x00\n",
		"/1.0/":                            "meta-data\nuser-data\n",
	} {
		resp := ask(h, "GET", "198.18.0.1:40000", path)
		assert.Equal(t, 200, resp.Code, path)
		assert.Equal(t, want, resp.Body.String(), path)
	}
	assert.Equal(t, "id-2", ask(h, "GET", "198.18.0.2:40000", "/1.0/meta-data/instance-id").Body.String())
}

func TestEveryListedKeyHasAValue(t *testing.T) {
	h := metadata.Handler(directory, quiet())
	for _, from := range []string{"198.18.0.1:1", "198.18.0.2:1"} {
		keys := strings.Fields(ask(h, "GET", from, "/1.0/meta-data/").Body.String())
		assert.NotEmpty(t, keys)
		assert.Equal(t, from == "198.18.0.1:1", slices.Contains(keys, "public-keys"))
		for _, key := range keys {
			assert.Equal(t, 200, ask(h, "GET", from, "/1.0/meta-data/"+key).Code, key)
		}
	}
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	h := metadata.Handler(directory, quiet())
	for path, from := range map[string]string{
		"/1.0/user-data":             "198.18.0.2:1", // has none
		"/1.0/meta-data/public-keys": "198.18.0.2:1", // has none
		"/1.0/meta-data/password":    "198.18.0.1:1",
		"/2.0/meta-data/instance-id": "198.18.0.1:1",
		"/":                          "198.18.0.1:1",
		"/1.0/meta-data/instance-id": "198.18.0.3:1", // no instance
		"/1.0/other":                 "198.18.0.1:1",
		"/1.0/":                      "not an address",
	} {
		assert.Equal(t, 404, ask(h, "GET", from, path).Code, path)
	}
	assert.Equal(t, 405, ask(h, "PUT", "198.18.0.1:1", "/1.0/user-data").Code)
}

func TestNoPasswordIsLeftToBeSet(t *testing.T) {
	h := metadata.Passwords(directory, quiet())
	assert.Equal(t, "saved_password", ask(h, "GET", "198.18.0.1:1", "/1.0/").Body.String())
	assert.Equal(t, 404, ask(h, "GET", "198.18.0.3:1", "/1.0/").Code)
}

func TestSecretsAreNotLogged(t *testing.T) {
	var output bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&output, &slog.HandlerOptions{Level: slog.LevelDebug}))
	ask(metadata.Handler(directory, logger), "GET", "198.18.0.1:1", "/1.0/user-data")
	assert.NotEmpty(t, output.String())
	assert.NotContains(t, output.String(), "secret")
}

// FuzzPath: whatever is asked for, an instance gets its own values or nothing.
func FuzzPath(f *testing.F) {
	for _, path := range []string{"/1.0/meta-data/instance-id", "/latest/user-data", "/1.0//meta-data", "/1.0/meta-data/../user-data", "/", "/%2e"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		r := httptest.NewRequest(http.MethodGet, "http://169.254.169.254/", http.NoBody)
		r.URL.Path, r.RemoteAddr = path, "198.18.0.2:1"
		w := httptest.NewRecorder()
		metadata.Handler(directory, quiet()).ServeHTTP(w, r)
		if w.Code != 200 && w.Code != 404 {
			t.Fatalf("%q: %d", path, w.Code)
		}
		if text := w.Body.String(); strings.Contains(text, "id-1") || strings.Contains(text, "secret") {
			t.Fatalf("%q returns another instance: %q", path, text)
		}
	})
}
