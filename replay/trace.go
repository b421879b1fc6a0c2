package replay

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Bounds of a trace.
const (
	maxPoints = 5_000_000
	maxLength = 10 * 365 * 24 * time.Hour
	maxLoad   = 1e15
	maxLine   = 1 << 10 // bytes
)

// gapSteps is how many usual steps lie between two points at least for the load
// between them to be unknown. Fewer are bridged by a straight line.
const gapSteps = 3

// A Point is the load at one time.
type Point struct {
	At   time.Duration // since the start of the trace
	Load float64       // in any unit, 0 or more; NaN: not known
}

// A Trace is a recorded load.
type Trace struct {
	Name   string
	points []Point
	peak   float64
	gap    time.Duration // the shortest time between two points that is a gap
}

// NewTrace returns the trace of these points. They must be in order of time, and
// at least one load above zero. Points farther from each other than three times
// what is usual leave a gap, in which the load is unknown.
func NewTrace(name string, points []Point) (Trace, error) {
	if len(points) < 2 || len(points) > maxPoints {
		return Trace{}, fmt.Errorf("trace %s: has %d points, not 2 to %d", name, len(points), maxPoints)
	}
	t := Trace{Name: name, points: points}
	steps := make([]time.Duration, 0, len(points)-1)
	for i, p := range points {
		if p.Load < 0 || p.Load > maxLoad {
			return Trace{}, fmt.Errorf("trace %s: point %d: the load is %g, not 0 to %g", name, i+1, p.Load, maxLoad)
		}
		if !math.IsNaN(p.Load) {
			t.peak = max(t.peak, p.Load)
		}
		if i == 0 {
			continue
		}
		if p.At <= points[i-1].At {
			return Trace{}, fmt.Errorf("trace %s: point %d: is not later than the one before", name, i+1)
		}
		steps = append(steps, p.At-points[i-1].At)
	}
	if t.Length() > maxLength {
		return Trace{}, fmt.Errorf("trace %s: lasts longer than ten years", name)
	}
	if t.peak == 0 {
		return Trace{}, fmt.Errorf("trace %s: has no load above zero", name)
	}
	slices.Sort(steps)
	t.gap = gapSteps * steps[len(steps)/2]
	return t, nil
}

// Length returns the time from the first point to the last.
func (t Trace) Length() time.Duration { return t.points[len(t.points)-1].At - t.points[0].At }

// ReadTrace reads a trace from CSV: a line of headings, among them
// seconds_from_start and either requests_per_second or load, then one line for
// each point. An empty load, or NaN, is one that is not known.
func ReadTrace(name string, r io.Reader) (Trace, error) {
	rows := csv.NewReader(&limitedLines{r: r})
	rows.ReuseRecord = true
	at, load, err := columns(rows)
	if err != nil {
		return Trace{}, fmt.Errorf("trace %s: %w", name, err)
	}
	var points []Point
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return NewTrace(name, points)
		}
		if err == nil && len(points) == maxPoints {
			err = fmt.Errorf("has more than %d points", maxPoints)
		}
		var p Point
		if err == nil {
			p, err = parsePoint(row[at], row[load])
		}
		if err != nil {
			return Trace{}, fmt.Errorf("trace %s: point %d: %w", name, len(points)+1, err)
		}
		points = append(points, p)
	}
}

// columns reads the headings, and returns which columns have the time and the load.
func columns(rows *csv.Reader) (at, load int, err error) {
	header, err := rows.Read()
	if err != nil {
		return 0, 0, fmt.Errorf("read the headings: %w", err)
	}
	at, load = -1, -1
	for i, heading := range header {
		switch strings.TrimSpace(strings.TrimPrefix(heading, "\ufeff")) {
		case "seconds_from_start":
			at = i
		case "requests_per_second", "load":
			load = i
		}
	}
	if at < 0 || load < 0 {
		return 0, 0, errors.New("the first line lacks the headings seconds_from_start, and requests_per_second or load")
	}
	return at, load, nil
}

func parsePoint(at, load string) (Point, error) {
	seconds, err := strconv.ParseFloat(strings.TrimSpace(at), 64)
	if err != nil || !(math.Abs(seconds) <= maxLength.Seconds()) {
		return Point{}, fmt.Errorf("%.40q is no time in seconds", at)
	}
	p := Point{At: time.Duration(math.Round(seconds * float64(time.Second))), Load: math.NaN()}
	if load = strings.TrimSpace(load); load == "" {
		return p, nil
	}
	if p.Load, err = strconv.ParseFloat(load, 64); err != nil {
		return Point{}, fmt.Errorf("%.40q is no load", load)
	}
	return p, nil
}

// limitedLines passes on what it reads as long as no line is too long, so that a
// file which is no CSV does not fill the memory.
type limitedLines struct {
	r    io.Reader
	line int // bytes of the current one
}

func (l *limitedLines) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	for _, b := range p[:n] {
		l.line++
		if b == '\n' {
			l.line = 0
		}
		if l.line > maxLine {
			return 0, fmt.Errorf("a line has more than %d bytes", maxLine)
		}
	}
	return n, err
}
