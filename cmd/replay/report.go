package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/exopool/exopool/internal/atomicfile"
	"github.com/exopool/exopool/replay"
	"github.com/exopool/exopool/replay/picture"
)

// A report writes results.
type report struct {
	cfg     config
	results []replay.Result
}

// base returns the figures that the speedup of others is measured from: those of
// the first contender on the same trace.
func (r report) base(i int) replay.Figures {
	return r.results[i-i%len(r.cfg.Names)].Figures
}

// writeTable writes the figures for people.
func (r report) writeTable(w io.Writer) error {
	m := r.cfg.Model
	fmt.Fprintf(w, "The peak of each trace takes %g members at a CPU use of %g %%; a member boots for %s; a turn every %s;\n"+
		"%d to %d members; %g %% of the starts fail (seed %d).\n\n",
		m.Peak, 100*m.Objective, m.Boot, m.Interval, m.Min, m.Max, 100*m.FailedStarts, m.Seed)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "TRACE\tPOLICY\tCOST\tθU %\tθO %\tτU %\tτO %\tυ %\tSPEEDUP\tCHANGES/DAY\tREVERSALS/DAY\tMEMBER HOURS")
	if r.cfg.Price > 0 {
		fmt.Fprint(t, "\tMONEY")
	}
	fmt.Fprintln(t)
	for i, result := range r.results {
		f := result.Figures
		fmt.Fprintf(t, "%s\t%s\t%.3f\t%.2f\t%.1f\t%.2f\t%.1f\t%.1f\t%.2f\t%.1f\t%.1f\t%.0f", result.Trace, result.Contender,
			f.CostRatio, f.UnderAccuracy, f.OverAccuracy, f.UnderTimeshare, f.OverTimeshare, f.Instability, f.Speedup(r.base(i)),
			f.ChangesPerDay, f.ReversalsPerDay, f.MemberHours)
		if r.cfg.Price > 0 {
			fmt.Fprintf(t, "\t%.2f", f.MemberHours*r.cfg.Price)
		}
		fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\nCost: member hours over those of as few members as keep the objective, known in advance. θ: members that lacked\n"+
		"(U) or were too many (O), in percent of those needed; τ: in how much of the time; υ: turns between which the pool\n"+
		"went another way than the load; speedup: over %s.\n", r.cfg.Names[0])
	return err
}

// A row is the figures of a replay for programs.
type row struct {
	Trace           string   `json:"trace"`
	Policy          string   `json:"policy"`
	CostRatio       float64  `json:"cost_ratio"`
	UnderAccuracy   float64  `json:"theta_u"`
	OverAccuracy    float64  `json:"theta_o"`
	UnderTimeshare  float64  `json:"tau_u"`
	OverTimeshare   float64  `json:"tau_o"`
	Instability     float64  `json:"instability"`
	Speedup         float64  `json:"elastic_speedup"`
	ChangesPerDay   float64  `json:"changes_per_day"`
	ReversalsPerDay float64  `json:"reversals_per_day"`
	MemberHours     float64  `json:"member_hours"`
	NeededHours     float64  `json:"needed_hours"`
	Days            float64  `json:"days"`
	Money           *float64 `json:"money,omitempty"`
	Peak            float64  `json:"peak"`
	Objective       float64  `json:"objective"`
	BootSeconds     float64  `json:"boot_seconds"`
	IntervalSeconds float64  `json:"interval_seconds"`
	Min             int      `json:"min"`
	Max             int      `json:"max"`
	FailedStarts    float64  `json:"failed_starts"`
	Seed            uint64   `json:"seed"`
}

func (r report) rows() []row {
	rows := make([]row, 0, len(r.results))
	for i, result := range r.results {
		f, m := result.Figures, r.cfg.Model
		line := row{
			Trace: result.Trace, Policy: result.Contender, CostRatio: f.CostRatio,
			UnderAccuracy: f.UnderAccuracy, OverAccuracy: f.OverAccuracy, UnderTimeshare: f.UnderTimeshare, OverTimeshare: f.OverTimeshare,
			Instability: f.Instability, Speedup: f.Speedup(r.base(i)), ChangesPerDay: f.ChangesPerDay, ReversalsPerDay: f.ReversalsPerDay,
			MemberHours: f.MemberHours, NeededHours: f.NeededHours, Days: f.Days,
			Peak: m.Peak, Objective: m.Objective, BootSeconds: m.Boot.Seconds(), IntervalSeconds: m.Interval.Seconds(),
			Min: m.Min, Max: m.Max, FailedStarts: m.FailedStarts, Seed: m.Seed,
		}
		if r.cfg.Price > 0 {
			money := f.MemberHours * r.cfg.Price
			line.Money = &money
		}
		rows = append(rows, line)
	}
	return rows
}

// writeFiles writes the files that were asked for.
func (r report) writeFiles() error {
	if r.cfg.JSON != "" {
		content, err := json.MarshalIndent(r.rows(), "", "  ")
		if err != nil {
			return err
		}
		if err := write(r.cfg.JSON, append(content, '\n')); err != nil {
			return err
		}
	}
	if r.cfg.Picture == "" {
		return nil
	}
	var svg bytes.Buffer
	if err := picture.WriteSVG(&svg, r.results); err != nil {
		return err
	}
	return write(r.cfg.Picture, svg.Bytes())
}

func write(path string, content []byte) error {
	if err := (atomicfile.File{Path: path, Perm: 0o644}).Write(content); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
