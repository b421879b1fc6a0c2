package network_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/nspawn/network"
)

func TestPartsOfTheRangeDoNotOverlap(t *testing.T) {
	for _, text := range []string{"198.18.0.0/16", "10.0.0.0/8", "198.19.7.0/24", "100.80.12.34/20"} {
		whole := netip.MustParsePrefix(text)
		l, err := network.Split(whole)
		require.NoError(t, err)
		whole = whole.Masked()
		for _, own := range l.Own {
			assert.True(t, whole.Contains(own), text)
			assert.False(t, l.Instances.Contains(own), text)
			assert.False(t, l.Balancers.Contains(own), text)
		}
		assert.True(t, whole.Contains(l.Instances.Addr()) && whole.Contains(l.Balancers.Addr()), text)
		assert.False(t, l.Instances.Overlaps(l.Balancers), text)
	}
	l, err := network.Split(netip.MustParsePrefix("198.18.0.0/16"))
	require.NoError(t, err)
	assert.Equal(t, "198.18.0.0/17", l.Instances.String())
	assert.Equal(t, "198.18.128.0/18", l.Balancers.String())
	assert.Equal(t, "198.18.192.1", l.Gateway.String())
}

func TestRangeOfAnotherSizeOrFamilyIsRefused(t *testing.T) {
	for _, text := range []string{"198.18.0.0/25", "0.0.0.0/7", "fd00::/16"} {
		_, err := network.Split(netip.MustParsePrefix(text))
		require.ErrorContains(t, err, "want an IPv4 range of 8 to 24 bits", text)
	}
}
