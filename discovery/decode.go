package discovery

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"unicode/utf8"
)

// decode reads a targets file as strictly as Prometheus does, so that the
// HTTP service never passes on what a scraper would refuse.
func decode(content []byte) (*document, error) {
	dec := json.NewDecoder(bytes.NewReader(content))
	dec.DisallowUnknownFields()
	var groups []group
	if err := dec.Decode(&groups); err != nil {
		return nil, fmt.Errorf("decode targets: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("decode targets: something follows the list")
	}
	if groups == nil {
		return nil, errors.New("decode targets: not a list")
	}
	for i, g := range groups {
		if err := g.validate(); err != nil {
			return nil, fmt.Errorf("target group %d: %w", i, err)
		}
	}
	return &document{body: content, targets: targetsOf(groups)}, nil
}

func (g group) validate() error {
	if g.Targets == nil {
		return errors.New("no targets")
	}
	for _, target := range g.Targets {
		host, port, err := net.SplitHostPort(target)
		if err != nil || host == "" {
			return fmt.Errorf("target %q is not host:port", target)
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return fmt.Errorf("target %q has no port from 1 to 65535", target)
		}
	}
	for name, value := range g.Labels {
		if name == "" || !utf8.ValidString(name) || !utf8.ValidString(value) {
			return fmt.Errorf("label %q is not valid", name)
		}
	}
	return nil
}
