package docs_test

import (
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTheBackupIsOfTheStateItself: with a dynamic user, systemd keeps the state
// below /var/lib/private and makes a link to it, of which a backup would be empty.
func TestTheBackupIsOfTheStateItself(t *testing.T) {
	t.Parallel()
	unit := string(read(t, filepath.Join(root, "terraform/files/monitoring/etc/systemd/system/autoscaler.service")))
	require.Contains(t, unit, "\nDynamicUser=yes\n")
	require.Contains(t, unit, "\nStateDirectory=autoscaler\n")
	page := string(read(t, "operations.md"))

	assert.Regexp(t, `(?m)^    tar -C /var/lib/private .* autoscaler$`, page)
	assert.Empty(t, regexp.MustCompile(`(?m)^    (tar -C /var/lib |rm .*/var/lib/autoscaler).*`).FindAllString(page, -1))
}
