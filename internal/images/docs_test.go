package images_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs", "containers.md"))
	require.NoError(t, err)
	return string(text)
}

// TestPageListsEachImage with its user, its port and what it writes to.
func TestPageListsEachImage(t *testing.T) {
	t.Parallel()
	rows := regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| (.+?) \\| (.+?) \\| (.+?) \\| [0-9.]+ MB \\|$").FindAllStringSubmatch(page(t), -1)
	all := recipes(t)
	assert.Len(t, rows, len(all))
	for _, row := range rows {
		r, ok := all[row[1]]
		require.True(t, ok, row[1])
		user, _, _ := strings.Cut(r.Config.User, ":")
		if user == "" {
			user = "root"
		}
		assert.True(t, strings.HasPrefix(row[2], user), row[0])
		if port := only(t, r.Config.ExposedPorts); port != "" {
			assert.Equal(t, strings.TrimSuffix(port, "/tcp"), row[3], row[0])
		}
		volume := "nothing"
		if path := only(t, r.Config.Volumes); path != "" {
			volume = "`" + path + "`"
		}
		assert.True(t, strings.HasPrefix(row[4], volume), row[0])
	}
}

// TestDeploymentFitsTheImage: its user, its port and its volume are those of the
// image that it runs.
func TestDeploymentFitsTheImage(t *testing.T) {
	t.Parallel()
	block := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindStringSubmatch(page(t))
	require.NotNil(t, block)
	var deployment struct {
		Spec struct {
			Replicas int
			Template struct {
				Spec struct {
					SecurityContext struct {
						RunAsUser int `yaml:"runAsUser"`
						FSGroup   int `yaml:"fsGroup"`
					} `yaml:"securityContext"`
					Containers []struct {
						Image string
						Ports []struct {
							ContainerPort int `yaml:"containerPort"`
						}
						VolumeMounts []struct {
							MountPath string `yaml:"mountPath"`
						} `yaml:"volumeMounts"`
					}
				}
			}
		}
	}
	require.NoError(t, yaml.Unmarshal([]byte(block[1]), &deployment))
	assert.Equal(t, 1, deployment.Spec.Replicas)
	pod := deployment.Spec.Template.Spec
	require.Len(t, pod.Containers, 1)
	container, image := pod.Containers[0], recipes(t)["autoscaler"]
	assert.True(t, strings.HasPrefix(container.Image, "ghcr.io/exopool/autoscaler:"))
	assert.Equal(t, image.Config.User, fmt.Sprintf("%d:%d", pod.SecurityContext.RunAsUser, pod.SecurityContext.FSGroup))
	assert.Contains(t, image.Config.ExposedPorts, fmt.Sprintf("%d/tcp", container.Ports[0].ContainerPort))
	assert.Contains(t, image.Config.Volumes, container.VolumeMounts[0].MountPath)
}
