package drain

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

const (
	maxAnswer      = 4 << 10 // bytes
	maxConnections = 1 << 20
)

// errMalformed is wrapped by errors about answers that no member gives.
var errMalformed = errors.New("malformed answer")

// A status is what a member says of itself.
type status struct {
	draining    bool
	connections int // to its application, 0 or more
}

// decode reads the answer of a member.
func decode(code int, body io.Reader) (status, error) {
	text, err := io.ReadAll(io.LimitReader(body, maxAnswer+1))
	if err != nil {
		return status{}, fmt.Errorf("read the answer: %w", err)
	}
	if len(text) > maxAnswer {
		return status{}, fmt.Errorf("%w: more than %d bytes", errMalformed, maxAnswer)
	}
	var wire struct {
		Draining    *bool   `json:"draining"`
		Connections *int    `json:"connections"`
		Error       *string `json:"error"`
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	err = dec.Decode(&wire)
	switch {
	case code != http.StatusOK && err == nil && wire.Error != nil:
		return status{}, fmt.Errorf("status %d: %.200q", code, *wire.Error)
	case code != http.StatusOK:
		return status{}, fmt.Errorf("status %d", code)
	case err != nil:
		return status{}, fmt.Errorf("%w: %w", errMalformed, err)
	case dec.More():
		return status{}, fmt.Errorf("%w: something after it", errMalformed)
	case wire.Draining == nil || wire.Connections == nil:
		return status{}, fmt.Errorf("%w: draining or connections is missing", errMalformed)
	case *wire.Connections < 0 || *wire.Connections > maxConnections:
		return status{}, fmt.Errorf("%w: %d connections", errMalformed, *wire.Connections)
	}
	return status{draining: *wire.Draining, connections: *wire.Connections}, nil
}
