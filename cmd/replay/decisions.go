package main

import (
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/replay"
)

// decideAgain says for each turn of a recorded run what was wanted then, and what the
// policies want now.
func decideAgain(cfg config, stdout io.Writer) error {
	file, err := os.Open(cfg.Decisions)
	if err != nil {
		return fmt.Errorf("read decisions: %w", err)
	}
	defer file.Close()
	decisions, err := replay.ReadDecisions(file)
	if err != nil {
		return fmt.Errorf("read decisions from %s: %w", cfg.Decisions, err)
	}
	table := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "time\tload\tserving\tsize\twanted then")
	var (
		wishes [][]autoscale.Wish
		names  []string
	)
	for _, c := range cfg.contenders() {
		if c.Policy == nil {
			continue // it does not go by what was seen
		}
		fmt.Fprintf(table, "\t%s", c.Name)
		wishes = append(wishes, replay.Again(decisions, c.Policy))
		names = append(names, c.Name)
	}
	if len(wishes) == 0 {
		return fmt.Errorf("none of the policies %v decides by the load: give -policies follow, for example", cfg.Names)
	}
	fmt.Fprintln(table)
	same := make([]int, len(wishes))
	for i, d := range decisions {
		load := "unknown"
		if d.LoadError == "" {
			load = fmt.Sprintf("%.2f", d.Seen.Load.Members)
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d", d.Time.Format("2006-01-02 15:04:05"), load, d.Seen.Serving, d.Seen.Size, d.Wanted)
		for k := range wishes {
			fmt.Fprintf(table, "\t%d", wishes[k][i].Size)
			if wishes[k][i].Size == d.Wanted {
				same[k]++
			}
		}
		fmt.Fprintln(table)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for k, name := range names {
		fmt.Fprintf(stdout, "%s wants what %s wanted in %d of %d turns\n", name, decisions[0].Policy, same[k], len(decisions))
	}
	return nil
}
