package forecast

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

var errShort = errors.New("it ends too early")

// A codec visits values in their order, and writes or reads each. After the first
// error it does nothing.
type codec struct {
	data    []byte // written, or left to read
	reading bool
	err     error
}

func (c *codec) failf(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
}

// take returns the next bytes to read, or nil after an error.
func (c *codec) take(n int) []byte {
	if c.err == nil && len(c.data) < n {
		c.err = errShort
	}
	if c.err != nil {
		return nil
	}
	next := c.data[:n]
	c.data = c.data[n:]
	return next
}

// number visits a number, which has to be in bounds.
func (c *codec) number(v *float64, least, most float64) {
	if !c.reading {
		c.data = binary.LittleEndian.AppendUint64(c.data, math.Float64bits(*v))
		return
	}
	if next := c.take(8); next != nil {
		*v = math.Float64frombits(binary.LittleEndian.Uint64(next))
		if !(*v >= least && *v <= most) { // NaN is not
			c.failf("the number %v is not from %v to %v", *v, least, most)
		}
	}
}

// short visits a number of less precision.
func (c *codec) short(v *float32, most float32) {
	if !c.reading {
		c.data = binary.LittleEndian.AppendUint32(c.data, math.Float32bits(*v))
		return
	}
	if next := c.take(4); next != nil {
		*v = math.Float32frombits(binary.LittleEndian.Uint32(next))
		if !(*v >= 0 && *v <= most) {
			c.failf("the number %v is not from 0 to %v", *v, most)
		}
	}
}

// count visits a whole number, which has to be in bounds.
func (c *codec) count(v *int64, least, most int64) {
	if !c.reading {
		c.data = binary.AppendVarint(c.data, *v)
		return
	}
	if c.err != nil {
		return
	}
	read, n := binary.Varint(c.data)
	if n <= 0 {
		c.err = errShort
		return
	}
	c.data = c.data[n:]
	if read < least || read > most {
		c.failf("the count %d is not from %d to %d", read, least, most)
		return
	}
	*v = read
}

// small visits a number below a limit.
func (c *codec) small(v *uint8, limit int) {
	wide := int64(*v)
	c.count(&wide, 0, int64(limit-1))
	if c.err == nil {
		*v = uint8(wide) //nolint:gosec // limits are small
	}
}

func (c *codec) flag(v *bool) {
	var bit uint8
	if *v {
		bit = 1
	}
	c.small(&bit, 2)
	*v = bit == 1
}

// weights visits the buckets of a histogram, most of which are empty.
func (c *codec) weights(h *histogram) {
	for i := 0; i < buckets && c.err == nil; {
		var empty, full int64
		if !c.reading {
			for j := i; j < buckets && h.weight[j] == 0; j++ {
				empty++
			}
			for j := i + int(empty); j < buckets && h.weight[j] != 0; j++ {
				full++
			}
		}
		c.count(&empty, 0, int64(buckets-i))
		c.count(&full, 0, int64(buckets-i)-empty)
		if c.err == nil && empty+full == 0 {
			c.failf("a histogram does not end")
		}
		if c.err != nil {
			return
		}
		i += int(empty)
		for range full {
			c.short(&h.weight[i], maxWeight)
			i++
		}
	}
	c.number(&h.total, 0, buckets*maxWeight)
}
