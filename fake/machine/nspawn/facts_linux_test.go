package nspawn_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/driverapi"
)

// mistaken is user-data that goes on after an error, listens for itself only, has a
// service that fails, and is never done.
const mistaken = `#!/bin/bash
nosuchcommand
cat > /etc/systemd/system/broken.service <<X
[Service]
ExecStart=/bin/sh -c 'echo the reason; exit 3'
X
systemctl start broken
python3 -m http.server --bind 127.0.0.1 8080 > /dev/null 2>&1 &
sleep 1000
`

func TestFactsAreWhatGoesOnInAMachine(t *testing.T) {
	driver, log := newDriver(t)
	m := instance(driver, 0, mistaken)
	start(t, driver, m)
	at := netip.MustParseAddrPort("127.0.0.1:8080")
	var facts driverapi.Facts
	eventually(t, "the script is at its last command", func() (there bool) {
		var err error
		facts, err = driver.Inspect(t.Context(), m.ID)
		require.NoError(t, err)
		return slices.Contains(facts.Sockets, at) && slices.Contains(facts.Working, "sleep 1000") && len(facts.FailedUnits) > 0
	})
	assert.True(t, facts.On)
	assert.False(t, facts.Done)
	assert.Contains(t, facts.Working[0], "/scripts/part-001")
	assert.Equal(t, "broken.service: the reason", facts.FailedUnits[0])
	assert.Empty(t, facts.Containers)

	driver.Stop(m.ID)
	eventually(t, "it is off", func() bool { return strings.Contains(log.String(), "machine shuts down") })
	other := instance(driver, 1, "#!/bin/bash\nnosuchcommand\ntrue\n")
	start(t, driver, other)
	booted(t, log, other, 1)
	facts, err := driver.Inspect(t.Context(), other.ID)
	require.NoError(t, err)
	assert.True(t, facts.Done)
	assert.Positive(t, facts.DoneSince)
	assert.Equal(t, []string{"line 2: nosuchcommand: command not found"}, facts.Complaints)
	_, err = driver.Inspect(t.Context(), "unknown")
	assert.ErrorContains(t, err, "there is none")
}
