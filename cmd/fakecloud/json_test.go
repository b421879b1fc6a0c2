package main

import (
	"encoding/json"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestOutputForPrograms is about what programs read: the keys stay.
func TestOutputForPrograms(t *testing.T) {
	t.Parallel()
	term := newTerminal(t)
	endpoint, _ := serving(t, term)
	say := func(args ...string) string {
		t.Helper()
		side := term.beside()
		require.Zero(t, side.run(t.Context(), args), side.err)
		return side.out.String()
	}
	assert.Equal(t, "[]\n", say("faults", "-json"))
	say("faults", "add", "latency", "-operation", "scale-instance", "-count", "2", "-duration", "1ms")
	assert.Equal(t, `[
  {
    "number": 1,
    "name": "latency",
    "operation": "scale-instance",
    "count": 2,
    "duration": 1000000,
    "keep": 0
  }
]
`, say("faults", "list", "-json"))

	get(t, endpoint+"/zone", nil)
	assert.Equal(t, `{
  "total": 1,
  "by_operation": {
    "list-zones": 1
  },
  "by_client": {
    "Go-http-client/1.1": {
      "list-zones": 1
    }
  }
}
`, say("calls", "-json"))

	assert.Contains(t, say("routes", "-json"), `
  {
    "method": "PUT",
    "path": "/v2/instance-pool/{id}:scale",
    "operation": "scale-instance-pool",
    "emulated": true
  },
`)
	assert.Equal(t, say("env", "-format", "json"), say("env", "-json"))
	assert.Contains(t, say("env", "-json"), `  "EXOSCALE_API_ENDPOINT": "`+endpoint+"\"")
}

func TestFollowedCallsAreLinesOfJSON(t *testing.T) {
	t.Parallel()
	term := newTerminal(t)
	endpoint, _ := serving(t, term)
	get(t, endpoint+"/zone", nil)
	side := term.beside()
	signals := make(chan os.Signal, 1)
	side.program.signals = signals
	code := make(chan int, 1)
	go func() { code <- side.run(t.Context(), []string{"calls", "-f", "-json"}) }()
	side.out.Await(t, "list-zones")
	signals <- syscall.SIGINT
	assert.Zero(t, <-code)
	var call map[string]any
	require.NoError(t, json.Unmarshal([]byte(side.out.String()), &call), side.out)
	assert.Equal(t, "list-zones", call["operation"])
	assert.EqualValues(t, 200, call["status"])
}

func TestRequirementsForPrograms(t *testing.T) {
	t.Parallel()
	term := newTerminal(t)
	term.run(t.Context(), []string{"doctor", "-json", "-prefix", "doctorjson", "-range", "198.18.224.0/20"})
	var list []requirement
	decoder := json.NewDecoder(strings.NewReader(term.out.String()))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&list))
	assert.Contains(t, list, requirement{For: "memory", Name: "nothing else", Met: true})
	known := map[string]bool{}
	for _, purpose := range purposes() {
		known[purpose[0]] = true
	}
	for _, r := range list {
		assert.True(t, known[r.For], r.For)
		assert.Equal(t, r.Met, r.Problem == "")
	}
}
