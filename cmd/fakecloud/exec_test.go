package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestClientsThatIgnoreTheEndpointLandHereToo(t *testing.T) {
	t.Parallel()
	args, environ := child(t, "stray")
	// Whatever proxy the user has, or exempts the real cloud from.
	term := newTerminal(t, environ, "https_proxy=http://127.0.0.1:1", "ALL_PROXY=http://127.0.0.1:1", "NO_PROXY=*,.exoscale.com", "no_proxy=com")
	require.Equal(t, 0, term.run(t.Context(), args), term.err)
	assert.Equal(t, "https://api-ch-gva-2.exoscale.com/v2/zone 200\n"+
		"http://api-ch-gva-2.exoscale.com/v2/zone 200\n"+
		"http://127.0.0.1/z/de-fra-1/v2/zone 200\n"+
		"https://sos-at-vie-1.exoscale.com/ 403\n", term.out.String())
}

func TestExecListsWhatIsNotEmulated(t *testing.T) {
	t.Parallel()
	args, environ := child(t, "stray")
	term := newTerminal(t, environ)
	require.Equal(t, 0, term.run(t.Context(), args), term.err)
	assert.Contains(t, term.err.String(), "asked for things that are not emulated:\n     1 x https://sos-at-vie-1.exoscale.com\n")

	args, environ = child(t, "0")
	term = newTerminal(t, environ)
	require.Equal(t, 0, term.run(t.Context(), args))
	assert.Empty(t, term.err.String())
}
