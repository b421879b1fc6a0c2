package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/fake/vendordomains"
)

// An outerProxy stands between this host and the world. It writes down
// which hosts it is asked for, and connects to none.
type outerProxy struct {
	*httptest.Server

	mu    sync.Mutex
	asked []string
}

func newOuterProxy(t *testing.T) *outerProxy {
	t.Helper()
	p := &outerProxy{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.asked = append(p.asked, r.Method+" "+r.Host)
		http.Error(w, "denied", http.StatusForbidden)
	}))
	t.Cleanup(p.Close)
	return p
}

// environ makes programs use the proxy.
func (p *outerProxy) environ() []string {
	return []string{"HTTPS_PROXY=" + p.URL, "https_proxy=" + p.URL, "HTTP_PROXY=" + p.URL, "http_proxy=" + p.URL}
}

// all are the hosts that it was asked for, in order and once each.
func (p *outerProxy) all() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Compact(slices.Sorted(slices.Values(p.asked)))
}

// visit is a client that asks for the addresses in its input.
func visit() int {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	client := &http.Client{Timeout: 10 * time.Second}
	for address := range strings.FieldsSeq(string(text)) {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, http.NoBody)
		if err != nil {
			fmt.Println(err)
			return 1
		}
		resp, err := client.Do(req)
		if err != nil {
			fmt.Println(err)
			continue
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		fmt.Println(address, resp.StatusCode, strings.TrimSpace(string(body)))
	}
	return 0
}

// hosts are those which clients of the vendor ask for, one of each kind.
func vendorHosts() []string {
	hosts := []string{
		"api.exoscale.ch", "ppapi.exoscale.ch", "ppapi-ch-gva-2.exoscale.com", "portal.exoscale.com", "metadata.exoscale.com",
		"sos-at-vie-1.exo.io", "bucket.sos-at-vie-1.exo.io", "sos.exo.io", "1f.sks-ch-gva-2.exo.io",
		"bucket.sos-ch-dk-2.exoscale-cdn.com", "api.runstatus.com", "db-exoscale-1.a.aivencloud.com",
	}
	for _, domain := range vendordomains.All() {
		hosts = append(hosts, domain, "any.host."+domain)
	}
	return hosts
}

func TestNothingForTheVendorLeavesThisHost(t *testing.T) {
	t.Parallel()
	outer := newOuterProxy(t)
	args, environ := child(t, "visit")
	term := newTerminal(t, append(outer.environ(), environ, "NO_PROXY=exo.io,.exoscale.ch")...)
	var addresses strings.Builder
	for _, host := range vendorHosts() {
		fmt.Fprintf(&addresses, "https://%s/secret/path http://%s/ https://%s:21699/ ", host, host, host)
	}
	term.stdin = strings.NewReader(addresses.String() + "https://one.example.test/ http://two.example.test/ https://exoscalestatus.com/")
	require.Equal(t, 0, term.run(t.Context(), args), term.err)

	assert.Equal(t, []string{"CONNECT exoscalestatus.com:443", "CONNECT one.example.test:443", "GET two.example.test"}, outer.all())
	said, report := term.out.String(), term.err.String()
	for _, host := range vendorHosts() {
		assert.Contains(t, said, "https://"+host+"/secret/path 403 ")
		assert.Contains(t, said, host+" is not emulated, and the fake cloud keeps clients from the real one")
		assert.Contains(t, said, `"https://`+host+`:21699/": connect to `+host+`: port 21699 is not served`)
		assert.Contains(t, report, " 2 x https://"+host+"\n")
		assert.Contains(t, report, " 1 x https://"+host+" (port 21699 is not served)\n")
	}
	assert.NotContains(t, report, "example.test")
}

// Each client has its own settings for a proxy and for certificates.
func TestNoClientReachesTheVendor(t *testing.T) {
	t.Parallel()
	for name, client := range map[string]struct {
		command []string
		says    string // of the refusal
	}{
		"curl":               {[]string{"curl", "-sS", "https://bucket.sos-at-vie-1.exo.io/key"}, "keeps clients from the real one"},
		"curl, old API":      {[]string{"curl", "-sS", "https://api.exoscale.ch/v1"}, "keeps clients from the real one"},
		"curl, a database":   {[]string{"curl", "-sS", "https://x.a.aivencloud.com:12691/"}, "403"},
		"curl, trusting few": {[]string{"curl", "-sS", "--cacert", "/dev/null", "https://sos-at-vie-1.exo.io/"}, "curl:"},
		"wget":               {[]string{"wget", "-nv", "-O-", "--tries=1", "https://sos-at-vie-1.exo.io/"}, ""},
		"aws": {
			[]string{"aws", "--endpoint-url", "https://sos-at-vie-1.exo.io", "--region", "at-vie-1", "s3", "ls", "s3://bucket"},
			"sos-at-vie-1.exo.io is not emulated",
		},
		"s3cmd": {[]string{"s3cmd", "ls", "s3://bucket"}, "sos-at-vie-1.exo.io is not emulated"},
		// It cannot load the bundle and says so, which is no answer either.
		"rclone": {[]string{"env", "-u", "AWS_CA_BUNDLE", "rclone", "--retries=1", "--low-level-retries=1", "ls", ":s3,provider=Other,access_key_id=x,secret_access_key=y,endpoint=sos-at-vie-1.exo.io:bucket"}, "sos-at-vie-1.exo.io is not emulated"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program, _, _ := strings.Cut(name, ",")
			if _, err := exec.LookPath(program); err != nil {
				t.Skipf("%s is not installed", program)
			}
			outer := newOuterProxy(t)
			term := newTerminal(t, append(outer.environ(), "PATH="+os.Getenv("PATH"), "HOME="+t.TempDir())...)
			term.run(t.Context(), append([]string{"exec", "--"}, client.command...))
			assert.Empty(t, outer.all())
			assert.Contains(t, term.out.String()+term.err.String(), client.says)
			assert.Regexp(t, `asked for things that are not emulated:\n +\d+ x https://`, term.err.String())
		})
	}
}

func TestEveryDomainIsInTheDocs(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/rehearsing.md")
	require.NoError(t, err)
	for _, domain := range vendordomains.All() {
		assert.Contains(t, string(page), "`"+domain+"`")
	}
}

// A folder as users have one whose state and files are in the object storage.
const storageFolder = `terraform {
  backend "s3" {
    bucket    = "state"
    key       = "terraform.tfstate"
    region    = "at-vie-1"
    endpoints = { s3 = "https://sos-at-vie-1.exo.io" }
  }
}
variable "access" {}
resource "terraform_data" "bucket" {
  provisioner "local-exec" {
    command = "env; curl -sS https://bucket.sos-at-vie-1.exo.io/ && exit 1"
  }
}
`

func TestRehearsalLeavesStateAndBucketsAlone(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"terraform", "curl"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not installed", name)
		}
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.tf"), []byte(storageFolder), 0o600))
	config := filepath.Join(t.TempDir(), "config")
	require.NoError(t, os.WriteFile(config, []byte("provider_installation {\n  direct {}\n}\n"), 0o600))
	outer := newOuterProxy(t)
	environ := slices.Concat(realCredentials(), outer.environ(), []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TF_CLI_CONFIG_FILE=" + config,
	})
	term := newTerminal(t, environ...)
	assert.Equal(t, command.ExitFailure, term.run(t.Context(), []string{"rehearse", "-v", "-machines", "memory", dir}))

	assert.Empty(t, outer.all())
	said, report := term.out.String(), term.err.String()
	assert.Contains(t, said, "✗ terraform apply ends without an error")
	assert.Contains(t, report, "bucket.sos-at-vie-1.exo.io is not emulated, and the fake cloud keeps clients from the real one")
	assert.Contains(t, report, "Terraform asked for things that are not emulated:\n     2 x https://bucket.sos-at-vie-1.exo.io\n\nObject storage is not emulated.")
	assert.NotContains(t, said+report, "https://state.sos-at-vie-1.exo.io", "the state is local")
	assert.NotContains(t, said+report, "EXOreal")
	assert.NotContains(t, said+report, "real-secret")
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, left, 1, "nothing was written into the folder")
}

func TestStateInTheObjectStorageIsRefused(t *testing.T) {
	program, err := exec.LookPath("terraform")
	if err != nil {
		t.Skip("needs Terraform")
	}
	dir := t.TempDir()
	t.Chdir(dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.tf"), []byte(storageFolder), 0o600))
	outer := newOuterProxy(t)
	term := newTerminal(t, slices.Concat(realCredentials(), outer.environ(), []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()})...)
	flags := "-backend-config=skip_credentials_validation=true -backend-config=skip_requesting_account_id=true " +
		"-backend-config=skip_region_validation=true"
	args := append([]string{"exec", "--", program, "init", "-input=false", "-no-color"}, strings.Fields(flags)...)
	assert.Equal(t, command.ExitFailure, term.run(t.Context(), args))
	assert.Empty(t, outer.all())
	assert.Contains(t, term.err.String(), "StatusCode: 403")
	assert.Contains(t, term.err.String(), "https://state.sos-at-vie-1.exo.io\n\nObject storage is not emulated.")

	assert.Contains(t, term.err.String(), "fakecloud exec -local-state")
	again := term.beside()
	require.Equal(t, command.ExitOK, again.run(t.Context(), []string{"exec", "-local-state", "--", program, "init", "-input=false"}), again.err)
	assert.NotContains(t, again.err.String(), "not emulated", "the advice helps")
}
