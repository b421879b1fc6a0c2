package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/cmd/internal/settings/settingstest"
	"github.com/exopool/exopool/fake/machine/nspawn/imageregistry/imagelayout"
)

func TestImagesAreNamesWithFoldersOrArchives(t *testing.T) {
	t.Parallel()
	image := filepath.Join(t.TempDir(), "image")
	require.NoError(t, imagelayout.Write(image, v1.Config{}))
	text := filepath.Join(t.TempDir(), "text")
	require.NoError(t, os.WriteFile(text, []byte("text"), 0o600))

	var cfg config
	set := newTerminal(t).newSet("test", "")
	addNspawn(set, &cfg)
	require.NoError(t, settingstest.Parse(t.Context(), set, []string{"-image", "nginx=" + image, "-image", "quay.io/a/b:1=" + image}, io.Discard))
	require.Len(t, cfg.Images, 2)
	assert.Equal(t, "quay.io/a/b:1", cfg.Images[1].Name())

	// All that is wrong is said at once.
	term := newTerminal(t)
	assert.Equal(t, command.ExitUsage, term.run(t.Context(), []string{
		"serve", "-machines", "process", "-image", "nginx=" + image, "-image", "docker.io/library/nginx:latest=" + image,
		"-image", "nginx:1", "-image", "nginx:2=" + text, "-image", "nginx:3=/nowhere", "-image", "nginx:a:b=" + image,
	}))
	for _, problem := range []string{
		"needs machines that pull images: give -machines nspawn as well",
		"names index.docker.io/library/nginx:latest more than once",
		"-image is \"nginx:1\"", "neither a folder nor an archive in the tar format", "/nowhere: no such file", "is no name of an image",
	} {
		assert.Contains(t, term.err.String(), problem)
	}
}
