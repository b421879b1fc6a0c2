package acceptance

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	lineStarted = "a container of that image starts"
	lineStopped = "the container ends with exit code 0 when it is stopped"
)

// A containerRun is what an optional scenario runs.
type containerRun struct {
	image     string
	container Container // nil: none runs
	target    int       // TARGET_PORT
}

// A port that is free in the container and says something is not guessed by
// the hand-in: as the course's checker does, take any.
func anyPort() int { return 1024 + rand.IntN(64510) } //nolint:gosec // no secret

// noContainers returns why a folder cannot be built and run, if so.
func (r *run) noContainers(folder string) func() string {
	return func() string {
		if reason := r.noMonitoring(); reason != "" {
			return reason
		}
		if info, err := os.Stat(filepath.Join(r.Dir, folder)); err != nil || !info.IsDir() {
			return fmt.Sprintf("not a part of this installation: there is no folder %q", folder)
		}
		if r.Engine == nil {
			return r.NoEngine
		}
		return ""
	}
}

// built returns the check that builds a folder.
func (r *run) built(line, folder string) check {
	return check{Line: Line{Text: line}, do: func(ctx context.Context, c check) (string, error) {
		dir := filepath.Join(r.Dir, folder)
		if info, err := os.Stat(filepath.Join(dir, "Dockerfile")); err != nil || info.IsDir() {
			return "", errors.New("there is no Dockerfile in it")
		}
		dir, moved, remove, err := flat(dir)
		if err != nil {
			return "", fmt.Errorf("pack it as the checker does: %w", err)
		}
		defer remove()
		note := ""
		if moved != "" {
			note = fmt.Sprintf("the checker packs files without the names of their folders: %s arrives as %s, beside the Dockerfile", moved, path.Base(moved))
		}
		building := func() string { return "building" }
		err = r.command(ctx, r.BuildTimeout, c.Text, building, func(ctx context.Context) (err error) {
			r.container.image, err = r.Engine.Build(ctx, dir)
			return err
		})
		if err != nil && moved != "" {
			err = fmt.Errorf("%w; %s", err, note)
		}
		return note, err
	}}
}

// started returns the check that starts a container of an image.
func (r *run) started(image string) check {
	return check{Line: Line{Text: lineStarted}, after: []string{image, lineApply}, do: func(ctx context.Context, _ check) (string, error) {
		p, err := r.pool()
		if err != nil {
			return "", err
		}
		listen := anyPort()
		r.container.target = anyPort()
		key, secret := r.Cloud.Credential()
		r.container.container, err = r.Engine.Start(ctx, ContainerSpec{Image: r.container.image, Port: listen, Env: map[string]string{
			"EXOSCALE_KEY": key, "EXOSCALE_SECRET": secret,
			"EXOSCALE_ZONE": p.Zone, "EXOSCALE_ZONE_ID": zoneID(p.Zone), "EXOSCALE_INSTANCEPOOL_ID": p.ID,
			"TARGET_PORT": strconv.Itoa(r.container.target), "LISTEN_PORT": strconv.Itoa(listen),
		}})
		return "", err
	}}
}

// stopped returns the check that a container ends well.
func (r *run) stopped() check {
	return check{Line: Line{Text: lineStopped}, after: []string{lineStarted}, do: r.withLog(func(ctx context.Context, _ check) (string, error) {
		code, err := r.container.container.Stop(ctx)
		if err == nil && code != 0 {
			err = exitFault(code)
		}
		return "", err
	})}
}

// Exit codes of programs that a signal ended.
const (
	killed     = 128 + 9
	terminated = 128 + 15
)

// exitFault says what an exit code means, and what to do.
func exitFault(code int) error {
	const entrypoint = `write ENTRYPOINT and CMD as ["program"]: a shell does not pass the signal on`
	err := fmt.Errorf("its exit code is %d", code)
	switch code {
	case killed:
		return WithHints(fmt.Errorf("%w: it did not end when it was asked to, and was killed", err),
			"let the program end with 0 when it gets SIGTERM, within 10 s", entrypoint)
	case terminated:
		return WithHints(fmt.Errorf("%w: SIGTERM ended it", err), "let the program handle SIGTERM, and end with 0")
	}
	return WithHints(err, "let the program end with 0 when it gets SIGTERM")
}

// closeContainer ends what a scenario has started.
func (r *run) closeContainer(ctx context.Context) {
	if c := r.container.container; c != nil {
		_ = c.Close(context.WithoutCancel(ctx)) // the engine removes what is left, too
	}
	r.container = containerRun{}
}

// withLog adds the last output of the container to the error of a check.
func (r *run) withLog(do func(context.Context, check) (string, error)) func(context.Context, check) (string, error) {
	return func(ctx context.Context, c check) (string, error) {
		note, err := do(ctx, c)
		if err == nil || ctx.Err() != nil {
			return note, err
		}
		text, logErr := r.container.container.Log(ctx)
		if logErr != nil || strings.TrimSpace(text) == "" {
			return note, err
		}
		return note, fmt.Errorf("%w; its last output: %s", err, lastLine(text))
	}
}

// lastLine returns the last line of a text, or the end of it.
func lastLine(text string) string {
	const most = 200
	text = strings.TrimSpace(text)
	text = text[strings.LastIndexByte(text, '\n')+1:]
	return text[max(0, len(text)-most):]
}

// zoneID returns the id that API v1 had for a zone. Nothing uses it any more, but
// a program may want it not to be empty.
func zoneID(zone string) string {
	ids := map[string]string{
		"at-vie-1": "4da1b188-dcd6-4ff5-b7fd-bde984055548",
		"ch-dk-2":  "91e5e9e4-c9ed-4b76-bee4-427004b3baf9",
		"ch-gva-2": "1128bd56-b4d9-4ac6-a7b9-c715b187ce11",
		"de-fra-1": "35eb7739-d19e-45f7-a581-4687c54d6d02",
	}
	if id, known := ids[zone]; known {
		return id
	}
	return zone
}
