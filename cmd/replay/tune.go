package main

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"text/tabwriter"

	"github.com/exopool/exopool/replay"
	"github.com/exopool/exopool/replay/contender"
	"github.com/exopool/exopool/replay/picture"
)

// A choice is what one setting of the policy follow comes to, over all traces.
type choice struct {
	settings string
	cost     float64 // cost ratio, geometric mean
	lacking  float64 // θU in percent, mean
	changes  float64 // a day, mean
}

// tune tries settings of the policy follow, which compare replays, and proposes the
// cheapest one of which no more members lack than was asked for.
func tune(cfg config, compare func([]replay.Contender) ([]replay.Result, error), stdout io.Writer) error {
	contenders, err := contender.Tuned(cfg.Signal)
	if err != nil {
		return err
	}
	results, err := compare(contenders)
	if err != nil {
		return err
	}
	choices := summarize(results, len(contenders))
	t := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "FOLLOW WITH\tCOST\tθU %\tCHANGES/DAY")
	for _, c := range choices {
		fmt.Fprintf(t, "%s\t%.3f\t%.3f\t%.1f\n", c.settings, c.cost, c.lacking, c.changes)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	best, enough := propose(choices, cfg.Tune)
	if err := drawChoices(cfg, choices, best); err != nil {
		return err
	}
	if !enough {
		fmt.Fprintf(stdout, "\nNone of these keeps to %g %%: the load is too hard to foresee. Closest comes %s.\n", cfg.Tune, best.settings)
		return nil
	}
	fmt.Fprintf(stdout, "\nFor %g %% take %s: it costs %.3f, with %.3f %% lacking.\n", cfg.Tune, best.settings, best.cost, best.lacking)
	return nil
}

// drawChoices draws the curve of the choices, if a file is named for it.
func drawChoices(cfg config, choices []choice, best choice) error {
	if cfg.Picture == "" {
		return nil
	}
	drawn := func(c choice) picture.Choice {
		return picture.Choice{Name: c.settings, Cost: c.cost, Lacking: c.lacking}
	}
	points := make([]picture.Choice, len(choices))
	for i, c := range choices {
		points[i] = drawn(c)
	}
	var svg bytes.Buffer
	if err := picture.WriteCurveSVG(&svg, points, drawn(best), cfg.Tune); err != nil {
		return err
	}
	return write(cfg.Picture, svg.Bytes())
}

// summarize puts the results of several traces together; those of each have the same
// contenders in the same order.
func summarize(results []replay.Result, contenders int) []choice {
	choices := make([]choice, contenders)
	traces := float64(len(results) / contenders)
	for i, result := range results {
		c, f := &choices[i%contenders], result.Figures
		c.settings = result.Contender
		c.cost += math.Log(f.CostRatio) / traces
		c.lacking += f.UnderAccuracy / traces
		c.changes += f.ChangesPerDay / traces
	}
	for i := range choices {
		choices[i].cost = math.Exp(choices[i].cost)
	}
	return choices
}

// propose returns the cheapest choice of which no more lacks than that, in percent. If
// there is none it returns the one of which least lacks.
func propose(choices []choice, lacking float64) (best choice, enough bool) {
	best = choices[0]
	for _, c := range choices {
		switch fits := c.lacking <= lacking; {
		case fits && (!enough || c.cost < best.cost):
			best, enough = c, true
		case !enough && c.lacking < best.lacking:
			best = c
		}
	}
	return best, enough
}
