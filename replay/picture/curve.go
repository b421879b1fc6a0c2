package picture

import (
	"cmp"
	"errors"
	"fmt"
	"image/color"
	"io"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// A Choice is what one setting comes to.
type Choice struct {
	Name    string
	Cost    float64 // over that of as few members as keep the objective
	Lacking float64 // θU, percent
}

// curveHeight is the height of a curve, which is as wide as a replay.
const curveHeight = 12 * vg.Centimeter

// WriteCurveSVG draws what less shortage costs: the choices as a curve, the one that
// is proposed, and the shortage that was asked for, in percent. There must be one
// choice at least, and all numbers must be finite.
func WriteCurveSVG(w io.Writer, choices []Choice, proposed Choice, lacking float64) error {
	if len(choices) == 0 {
		return errors.New("nothing to draw")
	}
	p, err := curve(choices, proposed, lacking)
	if err != nil {
		return fmt.Errorf("draw what less shortage costs: %w", err)
	}
	canvas := vgsvg.New(width, curveHeight)
	page := draw.New(canvas)
	p.Draw(draw.Crop(page, 0, -vg.Millimeter*4, 0, 0))
	_, err = canvas.WriteTo(w)
	return err
}

// curve returns the chart.
func curve(choices []Choice, proposed Choice, lacking float64) (*plot.Plot, error) {
	sorted := slices.SortedFunc(slices.Values(choices), func(a, b Choice) int { return cmp.Compare(a.Lacking, b.Lacking) })
	points, names := make(plotter.XYs, len(sorted)), make([]string, len(sorted))
	for i, c := range sorted {
		points[i], names[i] = plotter.XY{X: c.Lacking, Y: c.Cost}, "  "+c.Name
	}
	p := plot.New()
	p.Title.Text = fmt.Sprintf("%s: cost %.3f, lacking %.3f %%", proposed.Name, proposed.Cost, proposed.Lacking)
	p.X.Label.Text, p.Y.Label.Text = "members that lack, % of those needed", "cost"
	p.X.Min = 0
	p.Y.Tick.Marker = plot.TickerFunc(hundredths)
	p.Legend.Top = true
	styles := []*text.Style{&p.Title.TextStyle, &p.X.Label.TextStyle, &p.Y.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label, &p.Legend.TextStyle}

	line, dots, err := plotter.NewLinePoints(points)
	if err != nil {
		return nil, err
	}
	blue, green := color.RGBA{R: 31, G: 119, B: 180, A: 255}, color.RGBA{R: 44, G: 160, B: 44, A: 255}
	line.Color, dots.Color, dots.Shape = blue, blue, draw.CircleGlyph{}
	labels, err := plotter.NewLabels(plotter.XYLabels{XYs: points, Labels: names})
	if err != nil {
		return nil, err
	}
	for i := range labels.TextStyle {
		styles = append(styles, &labels.TextStyle[i])
	}
	best, err := plotter.NewScatter(plotter.XYs{{X: proposed.Lacking, Y: proposed.Cost}})
	if err != nil {
		return nil, err
	}
	best.Color, best.Shape, best.Radius = green, draw.RingGlyph{}, vg.Points(6)
	for _, style := range styles {
		style.Font.Variant = "Sans"
	}
	p.Add(line, dots, labels, best)
	p.Legend.Add("follow", line, dots)
	p.Legend.Add("proposed", best)

	// Room for the names, and for the shortage that was asked for.
	p.X.Max = max(p.X.Max, lacking) + 0.4*(max(p.X.Max, lacking)-p.X.Min)
	room := 0.1 * max(p.Y.Max-p.Y.Min, 0.01)
	p.Y.Min, p.Y.Max = p.Y.Min-room, p.Y.Max+room
	asked, err := plotter.NewLine(plotter.XYs{{X: lacking, Y: p.Y.Min}, {X: lacking, Y: p.Y.Max}})
	if err != nil {
		return nil, err
	}
	asked.Color, asked.Dashes = color.RGBA{R: 214, G: 39, B: 40, A: 255}, []vg.Length{vg.Points(4), vg.Points(3)}
	p.Add(asked)
	p.Legend.Add("asked for", asked)
	return p, nil
}

// hundredths returns the usual ticks, with two digits after the point.
func hundredths(low, high float64) []plot.Tick {
	ticks := plot.DefaultTicks{}.Ticks(low, high)
	for i, tick := range ticks {
		if !tick.IsMinor() {
			ticks[i].Label = strconv.FormatFloat(tick.Value, 'f', 2, 64)
		}
	}
	return ticks
}
