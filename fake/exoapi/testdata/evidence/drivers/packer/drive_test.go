package exoscale

import (
	"context"
	"os"
	"testing"

	"github.com/hashicorp/packer-plugin-sdk/packer"
	"github.com/stretchr/testify/require"
)

func TestDrive(t *testing.T) {
	var builder Builder
	_, warnings, err := builder.Prepare([]interface{}{map[string]interface{}{
		"api_key": os.Getenv("EXOSCALE_API_KEY"), "api_secret": os.Getenv("EXOSCALE_API_SECRET"),
		"communicator":      "none",
		"instance_template": "Linux Ubuntu 22.04 LTS 64-bit", "instance_disk_size": 10,
		"instance_private_networks": []string{"lan"},
		"user_data":                 "#cloud-config\n",
		"template_zones":            []string{"ch-gva-2", "ch-dk-2"},
		"template_name":             "packed", "template_description": "d", "template_username": "packer",
		"template_maintainer": "m", "template_version": "0.1", "template_build": "b",
	}}...)
	require.NoError(t, err)
	require.Empty(t, warnings)
	artifact, err := builder.Run(context.Background(), packer.TestUi(t), &packer.MockHook{})
	require.NoError(t, err)
	a := artifact.(*Artifact)
	require.Len(t, a.templates, 2)
	for _, template := range a.templates {
		require.Equal(t, "packed", *template.Name)
		require.Equal(t, "d", *template.Description)
		require.Equal(t, defaultTemplateBootMode, *template.BootMode)
		require.Equal(t, "packer", *template.DefaultUser)
		require.Equal(t, "m", *template.Maintainer)
		require.Equal(t, "0.1", *template.Version)
		require.Equal(t, "b", *template.Build)
	}
	require.NoError(t, artifact.Destroy())
}
