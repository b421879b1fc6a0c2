package acceptance

import (
	"context"
	"time"
)

const (
	lineSecond = "with 10 clients without pause on http://<NLB>/load there are 2 members"

	clients     = 10
	secondLimit = 5 * time.Minute
)

// underLoad makes the hand-in scale by itself.
func (r *run) underLoad() scenario {
	return scenario{sprint: 3, name: nameLoad, skip: r.noMonitoring, checks: []check{
		r.apply(),
		r.emptied(lineEmptied1, 1),
		r.healthy(lineEmptied1),
		{
			Line: Line{Text: lineSecond, Limit: secondLimit, Needs: Boot}, after: []string{lineEmptied1, lineHealthy},
			about: r.aboutGrowth, do: r.awaitSecond,
		},
	}, end: r.endLoad}
}

// awaitSecond starts the clients and waits for the second member.
func (r *run) awaitSecond(ctx context.Context, c check) (string, error) {
	if err := r.startLoad(ctx); err != nil {
		return "", err
	}
	note, err := r.eventually(r.present(2))(ctx, c)
	r.grew = err == nil
	return note, err
}

func (r *run) startLoad(ctx context.Context) error {
	load, err := r.NewLoad(r.application("/load"))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = load.Run(ctx) // ends with its context
	}()
	r.load, r.stopLoad = load, func() {
		cancel()
		<-ended
	}
	load.SetClients(clients)
	return nil
}

// endLoad ends the load, unless more is to be seen of it.
func (r *run) endLoad(ctx context.Context) {
	r.adviseGrafana(ctx)
	if !r.Beyond {
		r.stopLoad()
	}
}
