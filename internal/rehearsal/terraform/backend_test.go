package terraform_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/rehearsal/terraform"
)

const s3Backend = `terraform {
  backend "s3" {
    bucket                      = "state"
    key                         = "terraform.tfstate"
    region                      = "at-vie-1"
    endpoints                   = { s3 = "https://sos-at-vie-1.exo.io" }
    access_key                  = "EXOreal"
    secret_key                  = "real"
    skip_credentials_validation = true
    skip_requesting_account_id  = true
    skip_metadata_api_check     = true
    skip_region_validation      = true
  }
}
`

func backend(name, body string) string {
	return "terraform {\nbackend \"" + name + "\" {\n" + body + "\n}\n}\n"
}

// Whatever backend a configuration has, and wherever, the copy's state is
// local: nobody is asked for another.
func TestBackendsAreNotUsed(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("terraform")
	if err != nil {
		t.Skip("needs Terraform")
	}
	resource := "resource \"terraform_data\" \"x\" {}\n"
	for name, files := range map[string]map[string]string{
		"s3":                         {"main.tf": s3Backend},
		"http":                       {"main.tf": backend("http", `address = "http://state.example.test/"`)},
		"pg":                         {"main.tf": backend("pg", `conn_str = "postgres://real@db-exoscale-1.a.aivencloud.com/x"`)},
		"remote":                     {"main.tf": backend("remote", "organization = \"real\"\nworkspaces {\nname = \"x\"\n}")},
		"cloud":                      {"main.tf": "terraform {\ncloud {\norganization = \"real\"\nworkspaces {\nname = \"x\"\n}\n}\n}\n"},
		"in JSON":                    {"main.tf.json": `{"terraform": {"backend": {"http": {"address": "http://state.example.test/"}}}}`},
		"in an override":             {"override.tf": s3Backend},
		"in a late override":         {"zzz_override.tf": s3Backend},
		"in a very late override":    {"~_override.tf.json": `{"terraform": {"backend": {"http": {"address": "http://state.example.test/"}}}}`},
		"an initialized one, partly": {"main.tf": backend("s3", ""), ".terraform/terraform.tfstate": `{"backend":{"type":"s3"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			outer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				t.Errorf("%s %s left", r.Method, r.Host)
				http.Error(w, "denied", http.StatusForbidden)
			}))
			t.Cleanup(outer.Close)
			dir := t.TempDir()
			files["resource.tf"] = resource
			for file, text := range files {
				require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, file)), 0o700))
				require.NoError(t, os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600))
			}
			var output bytes.Buffer
			f := open(t, terraform.Config{
				Program: program, Dir: dir, Output: &output, Variables: map[string]string{"exoscale_key": "EXOfake"},
				Env: []string{
					"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "CHECKPOINT_DISABLE=1",
					"HTTPS_PROXY=" + outer.URL, "HTTP_PROXY=" + outer.URL,
				},
			})
			require.NoError(t, f.Apply(t.Context()), output.String())
			made, err := f.Resources(t.Context())
			require.NoError(t, err)
			assert.Equal(t, []string{"terraform_data.x"}, made)
			require.NoError(t, f.Destroy(t.Context()))
			made, err = f.Resources(t.Context())
			require.NoError(t, err)
			assert.Empty(t, made)
		})
	}
}
