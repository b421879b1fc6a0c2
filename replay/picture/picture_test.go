package picture_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/replay"
	"github.com/exopool/exopool/replay/picture"
)

func TestWriteSVG(t *testing.T) {
	t.Parallel()
	enough := replay.Result{Trace: "web", Contender: "step", Timeline: []replay.Sample{
		{At: 0, Load: 2.5, Needed: 3, Asked: 4, Serving: 4},
		{At: time.Hour, Load: math.NaN(), Asked: 4, Serving: 4},
		{At: 2 * time.Hour, Load: 4, Needed: 4, Asked: 4, Serving: 4},
	}}
	lacks := replay.Result{Trace: "shop", Contender: "step", Timeline: []replay.Sample{
		{At: 0, Load: 2.5, Needed: 3, Asked: 4, Serving: 1, Lacking: 2},
		{At: 100 * time.Hour, Load: 2, Needed: 2, Asked: 1, Serving: 1, Lacking: 1},
	}}
	write := func(results ...replay.Result) string {
		var svg bytes.Buffer
		require.NoError(t, picture.WriteSVG(&svg, results))
		return svg.String()
	}
	two := write(enough, lacks)
	for _, text := range []string{"web, step: cost 0.00", "shop, step", "load", "asked for", "serving", "lacking", "hours", "days"} {
		assert.Contains(t, two, text)
	}
	assert.NotContains(t, write(enough), ">lacking<")
	assert.Equal(t, two, write(enough, lacks), "the same each time")
	for decoder := xml.NewDecoder(bytes.NewReader([]byte(two))); ; {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
	}
	require.Error(t, picture.WriteSVG(io.Discard, nil))
}

func TestWriteCurveSVG(t *testing.T) {
	t.Parallel()
	a, b := picture.Choice{Name: "little", Cost: 1.3, Lacking: 0.1}, picture.Choice{Name: "much", Cost: 1.1, Lacking: 2}
	write := func(choices ...picture.Choice) string {
		var svg bytes.Buffer
		require.NoError(t, picture.WriteCurveSVG(&svg, choices, a, 0.5))
		return svg.String()
	}
	svg := write(a, b)
	for _, text := range []string{"little: cost 1.300, lacking 0.100 %", "much", "proposed", "asked for"} {
		assert.Contains(t, svg, text)
	}
	assert.Equal(t, svg, write(b, a), "in whatever order")
	assert.Contains(t, write(a), "little", "of one")
	require.Error(t, picture.WriteCurveSVG(io.Discard, nil, a, 1))
	require.Error(t, picture.WriteCurveSVG(io.Discard, []picture.Choice{{Cost: math.NaN()}}, a, 1))
}
