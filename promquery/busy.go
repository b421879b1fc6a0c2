package promquery

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"time"

	"github.com/prometheus/common/model"
)

// instance is the label that says which member a series is about.
const instance = "instance"

// Busy returns how busy each member is, by its address, IPv4 ones as such: in
// percent, or what else the query measures. Left out are members whose value is
// negative, infinite, no number or too old, and those that have several. If there
// are series and none of them can be used, the error says why of the first.
func (c *Client) Busy(ctx context.Context) (map[netip.Addr]float64, error) {
	value, err := c.query(ctx)
	if err != nil {
		return nil, err
	}
	busy, err := byMember(value, time.Now(), c.cfg.MaxAge)
	if err != nil {
		return nil, fmt.Errorf("query Prometheus at %s: %w", c.server, err)
	}
	return busy, nil
}

// byMember reads the result of a query.
func byMember(value model.Value, now time.Time, maxAge time.Duration) (map[netip.Addr]float64, error) {
	vector, ok := value.(model.Vector)
	if !ok {
		return nil, errors.New("the result is not a value for each member")
	}
	busy, seen := map[netip.Addr]float64{}, map[netip.Addr]bool{}
	var problem error
	for _, sample := range vector {
		member, load, err := read(sample, now, maxAge)
		switch {
		case member.IsValid() && seen[member]:
			delete(busy, member) // which of them is right?
			err = fmt.Errorf("there are several of %s", member)
		case err == nil:
			busy[member] = load
		}
		seen[member] = true
		if problem == nil {
			problem = err
		}
	}
	if len(busy) == 0 && problem != nil {
		return nil, fmt.Errorf("none of %d series can be used: %w", len(vector), problem)
	}
	return busy, nil
}

// read returns the load of a member. With an error the member is valid if it is
// known.
func read(sample *model.Sample, now time.Time, maxAge time.Duration) (member netip.Addr, load float64, err error) {
	if sample == nil {
		return netip.Addr{}, 0, errors.New("one is null")
	}
	label := string(sample.Metric[instance])
	member, err = parseMember(label)
	if err != nil {
		return netip.Addr{}, 0, err
	}
	load = float64(sample.Value)
	age := now.Sub(sample.Timestamp.Time())
	switch {
	case sample.Histogram != nil:
		return member, 0, fmt.Errorf("%s has a histogram", member)
	case math.IsNaN(load), math.IsInf(load, 0), load < 0:
		return member, 0, fmt.Errorf("%s has the value %v", member, load)
	case age > maxAge, age < -maxAge:
		return member, 0, fmt.Errorf("the sample of %s is %s old", member, age.Round(time.Second))
	}
	return member, load, nil
}

// parseMember reads an address, with or without a port.
func parseMember(label string) (netip.Addr, error) {
	member, err := netip.ParseAddr(label)
	if err != nil {
		withPort, err := netip.ParseAddrPort(label)
		if err != nil {
			return netip.Addr{}, fmt.Errorf("label %s is %.100q, not an address", instance, label)
		}
		member = withPort.Addr()
	}
	if member.Zone() != "" {
		return netip.Addr{}, fmt.Errorf("label %s is %.100q, an address of this host's links only", instance, label)
	}
	return member.Unmap(), nil
}
