package test_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gruntwork-io/terratest/modules/terraform"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/fakecloud"
)

// newShop returns a small folder of Terraform, a user's, and a cloud for it.
func newShop(t *testing.T) (module, *fakecloud.Cloud) {
	t.Helper()
	shop := openModule(t)
	shop.dir = t.TempDir()
	require.NoError(t, os.CopyFS(shop.dir, os.DirFS("testdata/shop")))
	cloud, err := fakecloud.Start(t.Context(), fakecloud.Config{Instant: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cloud.Close()) })
	shop.environ = cloud.Environ(shop.environ)
	return shop, cloud
}

// The tests of a folder pass on the cloud, and leave nothing.
func TestTerraformsOwnTestsNeedNoAccount(t *testing.T) {
	t.Parallel()
	shop, cloud := newShop(t)
	shop.run(t, "init", "-input=false")
	assert.Contains(t, string(shop.run(t, "test", "-no-color")), "2 passed, 0 failed")
	assert.Empty(t, cloud.API().Inventory())

	page := string(read(t, "../docs/testing.md"))
	run, _, _ := strings.Cut(string(read(t, "testdata/shop/shop.tftest.hcl")), "\n\n")
	assert.Contains(t, page, run, "what the page shows")
}

// A test with Terratest, as docs/testing.md shows it.
func TestTerratestNeedsNoAccount(t *testing.T) {
	t.Parallel()
	shop, cloud := newShop(t)
	options := &terraform.Options{TerraformDir: shop.dir, TerraformBinary: shop.program, EnvVars: map[string]string{}}
	for _, assignment := range shop.environ {
		name, value, _ := strings.Cut(assignment, "=")
		options.EnvVars[name] = value
	}
	terraform.InitAndApply(t, options)
	assert.Len(t, cloud.API().Pools()[0].Members, 2)
	terraform.Destroy(t, options)
	assert.Empty(t, cloud.API().Inventory())
	assert.FileExists(t, filepath.Join(shop.dir, "main.tf"))
}
