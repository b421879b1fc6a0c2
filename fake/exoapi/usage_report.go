package exoapi

import (
	"strconv"
	"time"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

type usageView struct {
	From        string `json:"from"`
	To          string `json:"to"`
	Product     string `json:"product"`
	Variable    string `json:"variable"`
	Description string `json:"description"`
	Quantity    string `json:"quantity"`
	Unit        string `json:"unit"`
}

// declareUsageReport lets clients read what [Cloud.Metered] says. Speed is how
// many times as fast the cloud's hours pass as its clock's.
func declareUsageReport(w *world.World, speed float64) resource {
	started := w.Now()
	return resource{routes: []*route{
		get("/usage-report", "get-usage-report", func(r *request) (any, error) {
			views := []usageView{}
			inPeriod, err := overlaps(r.query.Get("period"), started, w.Now())
			if err != nil {
				return nil, err
			}
			if !inPeriod {
				return wire.List("usage", views), nil
			}
			for _, m := range w.MeteredNow() {
				views = append(views, usageOf(m, speed, started.UTC().Format(time.RFC3339), w.Timestamp()))
			}
			return wire.List("usage", views), nil
		}),
	}}
}

func usageOf(m world.Metered, speed float64, from, to string) usageView {
	unit := "hours"
	switch m.Item {
	case itemDisk, "block-storage", "block-storage-snapshot":
		unit = "GiB hours"
	}
	return usageView{
		From: from, To: to, Product: serviceCompute, Variable: m.Item, Description: m.Item,
		Quantity: strconv.FormatFloat(m.Hours*speed, 'f', 4, 64), Unit: unit,
	}
}

// overlaps reports whether a month such as "2026-01" has a part of the time
// between two moments. Without a month, it is all time.
func overlaps(month string, from, to time.Time) (bool, error) {
	if month == "" {
		return true, nil
	}
	begin, err := time.Parse("2006-01", month)
	if err != nil {
		return false, wire.Invalid("bad request: period must be a month such as 2026-01")
	}
	return !begin.After(to) && begin.AddDate(0, 1, 0).After(from), nil
}
