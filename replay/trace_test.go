package replay_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/replay"
)

func TestReadTraceTakesBothUnitsAndIgnoresOtherColumns(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"requests":          "seconds_from_start,requests_per_second\n0,1\n60,2.5\n",
		"load":              "\ufeffseconds_from_start,load\r\n0,1\r\n60,2.5\r\n",
		"more columns":      "day,load,seconds_from_start\nMon,1,0\nMon,2.5,60\n",
		"a time of its own": "seconds_from_start,load\n-100,1\n-40,2.5\n",
		"not known":         "seconds_from_start,load\n0,1\n20,NaN\n40,\n60,2.5\n",
	} {
		trace, err := replay.ReadTrace(name, strings.NewReader(text))
		require.NoError(t, err, name)
		assert.Equal(t, time.Minute, trace.Length(), name)
	}
}

func TestReadTraceRefusesWhatIsNoTrace(t *testing.T) {
	t.Parallel()
	for text, problem := range map[string]string{
		"":                                                      "read the headings",
		"time,load\n0,1\n":                                      "lacks the headings",
		"seconds_from_start,cpu\n0,1\n":                         "lacks the headings",
		"seconds_from_start,load\n":                             "has 0 points",
		"seconds_from_start,load\n0,1\n":                        "has 1 points",
		"seconds_from_start,load\n0,1\n0,2\n":                   "point 2: is not later",
		"seconds_from_start,load\n0,1\n60,-1\n":                 "point 2: the load is -1",
		"seconds_from_start,load\n0,1\n60,Inf\n":                "point 2: the load is +Inf",
		"seconds_from_start,load\n0,1\n60,1e99\n":               "point 2: the load is 1e+99",
		"seconds_from_start,load\n0,1\n60,x\n":                  `point 2: "x" is no load`,
		"seconds_from_start,load\nNaN,1\n60,1\n":                `point 1: "NaN" is no time`,
		"seconds_from_start,load\n0,1\n1e12,1\n":                `point 2: "1e12" is no time`,
		"seconds_from_start,load\n-3e8,1\n3e8,1\n":              "longer than ten years",
		"seconds_from_start,load\n0,0\n60,0\n":                  "no load above zero",
		"seconds_from_start,load\n0,1\n60\n":                    "wrong number of fields",
		"seconds_from_start,load\n" + strings.Repeat("9", 5000): "more than 1024 bytes",
	} {
		_, err := replay.ReadTrace("web", strings.NewReader(text))
		require.ErrorContains(t, err, problem, text)
		assert.ErrorContains(t, err, "trace web: ")
	}
}

func FuzzReadTrace(f *testing.F) {
	f.Add([]byte("seconds_from_start,load\n0,1\n60,2\n120,3\n900,NaN\n960,4\n"))
	f.Add([]byte("load,seconds_from_start\n1e15,-60\n0,0\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		trace, err := replay.ReadTrace("fuzz", strings.NewReader(string(text)))
		if err != nil || trace.Length() > 24*time.Hour {
			return
		}
		result, err := replay.Run(t.Context(), trace, replay.DefaultConfig(), replay.Step(), nil)
		if err != nil {
			return
		}
		for _, figure := range []float64{
			result.Figures.UnderAccuracy, result.Figures.OverAccuracy, result.Figures.CostRatio, result.Figures.ChangesPerDay,
		} {
			if math.IsNaN(figure) || math.IsInf(figure, 0) || figure < 0 {
				t.Errorf("a figure is %g", figure)
			}
		}
	})
}
