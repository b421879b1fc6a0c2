package fakecloud

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/exopool/exopool/fake/machine/driverapi"
)

// Inspect returns what goes on in a machine. The error is one of
// [errors.ErrUnsupported] if nothing does on machines of this cloud. What programs
// say is without the secrets of the account's keys.
func (c *Cloud) Inspect(ctx context.Context, id string) (driverapi.Facts, error) {
	d, ok := c.driver.(driverapi.Inspector)
	if !ok {
		return driverapi.Facts{}, fmt.Errorf("inspect machine %s: %w: machines of this cloud do not boot", id, errors.ErrUnsupported)
	}
	facts, err := d.Inspect(ctx, id)
	c.redact(facts.Complaints)
	c.redact(facts.Working)
	c.redact(facts.FailedUnits)
	for _, container := range facts.Containers {
		c.redact(container.Command)
		c.redact(container.Log)
	}
	return facts, err
}

func (c *Cloud) redact(texts []string) {
	for i := range texts {
		texts[i] = c.api.Redact(texts[i])
	}
}

// HealthProblems returns why the latest health checks of a service failed, by
// instance id; nothing for machines on paper.
func (c *Cloud) HealthProblems(balancerID, serviceID string) map[string]error {
	if d, ok := c.driver.(driverapi.HealthExplainer); ok {
		return d.HealthProblems(balancerID, serviceID)
	}
	return nil
}

// Traffic returns the connections through a service of a load balancer; zeros for
// machines on paper.
func (c *Cloud) Traffic(balancerID, serviceID string) driverapi.Traffic {
	if d, ok := c.driver.(driverapi.TrafficCounter); ok {
		return d.Traffic(balancerID, serviceID)
	}
	return driverapi.Traffic{}
}

// consoleTail is how much of a console log is read, in bytes.
const consoleTail = 64 << 10

// ConsoleLog returns the end of what a machine wrote to its console, up to 64 KiB,
// without the secrets of the account's keys. The error is one of
// [errors.ErrUnsupported] if machines of this cloud have none.
func (c *Cloud) ConsoleLog(id string) (string, error) {
	d, ok := c.driver.(interface {
		Console(id string) (file string, ok bool)
	})
	if !ok {
		return "", fmt.Errorf("console of %s: %w: machines of this cloud do not boot", id, errors.ErrUnsupported)
	}
	name, ok := d.Console(id)
	if !ok {
		return "", nil
	}
	text, err := tail(name, consoleTail)
	if err != nil {
		return "", fmt.Errorf("console of %s: %w", id, err)
	}
	return c.api.Redact(withoutInspections(text)), nil
}

// inspectionUnit begins the names of the units that an inspection starts in a
// machine.
const inspectionUnit = "exopool-run-"

// withoutInspections returns a console log without what looking into the machine
// wrote there.
func withoutInspections(text string) string {
	var kept strings.Builder
	for line := range strings.Lines(text) {
		if !strings.Contains(line, inspectionUnit) {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// tail reads the end of a file, from the beginning of a line.
func tail(name string, most int64) (string, error) {
	file, err := os.Open(name) //nolint:gosec // the driver's own file
	if err != nil {
		return "", err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	from := max(0, info.Size()-most)
	text, err := io.ReadAll(io.NewSectionReader(file, from, most))
	if err != nil {
		return "", err
	}
	if from > 0 {
		_, text, _ = bytes.Cut(text, []byte("\n"))
	}
	return string(text), nil
}
