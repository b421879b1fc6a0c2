// Package picture draws replays: the load, what was asked for, what served, and in
// red what lacked; and what less shortage costs.
package picture

import (
	"errors"
	"fmt"
	"image/color"
	"io"
	"math"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/exopool/exopool/replay"
)

// Size of one replay in a picture.
const (
	width  = 24 * vg.Centimeter
	height = 6 * vg.Centimeter
)

// WriteSVG draws replays one below the other. There must be one at least.
func WriteSVG(w io.Writer, results []replay.Result) error {
	if len(results) == 0 {
		return errors.New("nothing to draw")
	}
	canvas := vgsvg.New(width, height*vg.Length(len(results)))
	page := draw.New(canvas)
	for i, result := range results {
		p, err := chart(result)
		if err != nil {
			return fmt.Errorf("draw %s with %s: %w", result.Trace, result.Contender, err)
		}
		below := height * vg.Length(len(results)-1-i)
		p.Draw(draw.Crop(page, 0, -vg.Millimeter*4, below, below+height-page.Max.Y))
	}
	_, err := canvas.WriteTo(w)
	return err
}

// chart returns the chart of one replay.
func chart(result replay.Result) (*plot.Plot, error) {
	p := plot.New()
	f := result.Figures
	p.Title.Text = fmt.Sprintf("%s, %s: cost %.2f, lacking %.2f %%", result.Trace, result.Contender, f.CostRatio, f.UnderAccuracy)
	p.Y.Label.Text, p.Y.Min = "members", 0
	unit, name := scale(result.Timeline)
	p.X.Label.Text = name
	p.Legend.Top, p.Legend.Left = true, true
	for _, style := range []*text.Style{
		&p.Title.TextStyle, &p.X.Label.TextStyle, &p.Y.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label, &p.Legend.TextStyle,
	} {
		style.Font.Variant = "Sans"
	}

	if err := addLacking(p, result.Timeline, unit); err != nil {
		return nil, err
	}
	grey, orange := color.Gray{Y: 90}, color.RGBA{R: 255, G: 187, B: 120, A: 255}
	blue, green := color.RGBA{R: 31, G: 119, B: 180, A: 255}, color.RGBA{R: 44, G: 160, B: 44, A: 255}
	for _, line := range []struct {
		name  string
		color color.Color
		value func(replay.Sample) float64
		step  plotter.StepKind
	}{
		{"wanted", orange, func(s replay.Sample) float64 { return unlessZero(s.Wanted) }, plotter.PostStep},
		{"asked for", blue, func(s replay.Sample) float64 { return float64(s.Asked) }, plotter.PostStep},
		{"serving", green, func(s replay.Sample) float64 { return float64(s.Serving) }, plotter.PostStep},
		{"load", grey, func(s replay.Sample) float64 { return s.Load }, plotter.NoStep},
	} {
		for i, part := range parts(result.Timeline, unit, line.value) {
			l, err := plotter.NewLine(part)
			if err != nil {
				return nil, err
			}
			l.Color, l.StepStyle, l.Width = line.color, line.step, vg.Points(0.8)
			p.Add(l)
			if i == 0 {
				p.Legend.Add(line.name, l)
			}
		}
	}
	return p, nil
}

// addLacking fills red what lacked.
func addLacking(p *plot.Plot, timeline []replay.Sample, unit time.Duration) error {
	red := color.RGBA{R: 214, G: 39, B: 40, A: 255}
	named := false
	for i, s := range timeline {
		if s.Lacking == 0 {
			continue
		}
		from, to := at(s, unit), at(s, unit)
		if i+1 < len(timeline) {
			to = at(timeline[i+1], unit)
		}
		high := float64(s.Needed)
		low := high - float64(s.Lacking)
		area, err := plotter.NewPolygon(plotter.XYs{{X: from, Y: low}, {X: to, Y: low}, {X: to, Y: high}, {X: from, Y: high}})
		if err != nil {
			return err
		}
		area.Color, area.LineStyle.Color, area.Width = red, red, vg.Points(0.5)
		p.Add(area)
		if !named {
			p.Legend.Add("lacking", area)
			named = true
		}
	}
	return nil
}

// parts returns the points of a line, in parts where some values are not known.
func parts(timeline []replay.Sample, unit time.Duration, value func(replay.Sample) float64) []plotter.XYs {
	var list []plotter.XYs
	broken := true
	for _, s := range timeline {
		y := value(s)
		if math.IsNaN(y) {
			broken = true
			continue
		}
		if broken {
			list, broken = append(list, nil), false
		}
		last := len(list) - 1
		list[last] = extend(list[last], plotter.XY{X: at(s, unit), Y: y})
	}
	return list
}

// extend adds a point to a line. Of points in a row with the same value only the first
// and the last stay.
func extend(line plotter.XYs, point plotter.XY) plotter.XYs {
	if n := len(line); n >= 2 && line[n-1].Y == point.Y && line[n-2].Y == point.Y {
		line[n-1] = point
		return line
	}
	return append(line, point)
}

// scale returns the unit of the axis of time, and its name.
func scale(timeline []replay.Sample) (unit time.Duration, name string) {
	const day = 24 * time.Hour
	if last := timeline[len(timeline)-1].At; last > 3*day {
		return day, "days"
	}
	return time.Hour, "hours"
}

// unlessZero returns a value that zero does not stand for.
func unlessZero(n int) float64 {
	if n == 0 {
		return math.NaN()
	}
	return float64(n)
}

func at(s replay.Sample, unit time.Duration) float64 { return float64(s.At) / float64(unit) }
