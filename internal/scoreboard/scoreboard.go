// Package scoreboard writes docs/scoreboard.md: how well ways to scale follow many
// loads. Its test fails when one of exopool's follows worse than the page says.
package scoreboard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/exopool/exopool/internal/atomicfile"
	"github.com/exopool/exopool/replay"
	"github.com/exopool/exopool/replay/contender"
	"github.com/exopool/exopool/replay/picture"
	"github.com/exopool/exopool/replay/traces"
)

// Page is where the scoreboard is in the repository.
const Page = "docs/scoreboard.md"

// Sections of the page that are generated, by the comments around them.
const (
	bundled = "traces that come with exopool"
	others  = "other traces"
)

// Write writes the scoreboard of the repository at root: of the traces that come with
// exopool, and of those in the folder others, if it exists. Without it, what the page
// says of others stays. It calls progress with the share of the work that is done.
func Write(ctx context.Context, root, folder string, progress func(share float64)) error {
	path := filepath.Join(root, filepath.FromSlash(Page))
	content, err := os.ReadFile(path) //nolint:gosec // G304: of the repository
	if err != nil {
		return err
	}
	page := string(content)
	own, err := Bundled(ctx, progress)
	if err != nil {
		return err
	}
	if page, err = replace(page, bundled, table(own)); err != nil {
		return err
	}
	list, err := read(folder)
	if err != nil {
		return err
	}
	if len(list) > 0 {
		results, err := Results(ctx, list, progress)
		if err != nil {
			return err
		}
		if page, err = replace(page, others, means(results)+table(results)); err != nil {
			return err
		}
	}
	if err := draw(root, own); err != nil {
		return err
	}
	return atomicfile.File{Path: path, Perm: 0o644}.Write([]byte(page))
}

// Bundled replays the traces that come with exopool.
func Bundled(ctx context.Context, progress func(share float64)) ([]replay.Result, error) {
	list, err := traces.All()
	if err != nil {
		return nil, err
	}
	return Results(ctx, list, progress)
}

// Results replays traces with all contenders: those that do not need a signal, and the
// others with each. The settings are the same for all traces.
func Results(ctx context.Context, list []replay.Trace, progress func(share float64)) ([]replay.Result, error) {
	cfg := replay.DefaultConfig()
	cfg.Samples = 240 // pictures are small
	return replay.Compare(ctx, list, cfg, contenders(), progress)
}

func contenders() []replay.Contender {
	var list []replay.Contender
	byRequests := contender.All(replay.Requests)
	for i, byCPU := range contender.All(replay.CPU) {
		if byCPU.Policy == nil {
			list = append(list, byCPU)
			continue
		}
		byCPU.Name += ", " + string(byCPU.Signal)
		byRequests[i].Name += ", " + string(byRequests[i].Signal)
		list = append(list, byCPU, byRequests[i])
	}
	return list
}

// read reads all traces of a folder, in the order of their names; none if there is no
// such folder.
func read(folder string) ([]replay.Trace, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.csv"))
	if err != nil {
		return nil, err
	}
	var list []replay.Trace
	for _, path := range paths {
		file, err := os.Open(path) //nolint:gosec // G304: in the folder that was named
		if err != nil {
			return nil, err
		}
		trace, err := replay.ReadTrace(strings.TrimSuffix(filepath.Base(path), ".csv"), file)
		if err := errors.Join(err, file.Close()); err != nil {
			return nil, err
		}
		list = append(list, trace)
	}
	return list, nil
}

// drawn is what is drawn of each trace that comes with exopool.
func drawn(name string) bool { return name == "step" || name == "follow, requests" }

// draw draws the traces that come with exopool.
func draw(root string, results []replay.Result) error {
	parts := map[string][]replay.Result{}
	for _, result := range results {
		if drawn(result.Contender) {
			parts[result.Trace] = append(parts[result.Trace], result)
		}
	}
	for trace, list := range parts {
		var svg bytes.Buffer
		if err := picture.WriteSVG(&svg, list); err != nil {
			return err
		}
		path := filepath.Join(root, "docs", "images", "scoreboard-"+trace+".svg")
		if err := (atomicfile.File{Path: path, Perm: 0o644}).Write(svg.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// replace replaces a section of a page.
func replace(page, section, content string) (string, error) {
	begin, end := "<!-- "+section+" -->\n", "<!-- end of "+section+" -->\n"
	before, rest, found := strings.Cut(page, begin)
	_, after, ends := strings.Cut(rest, end)
	if !found || !ends {
		return "", fmt.Errorf("%s has no section %q", Page, section)
	}
	return before + begin + "\n" + content + "\n" + end + after, nil
}
