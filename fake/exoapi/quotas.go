package exoapi

import (
	"slices"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

// declareQuotas lets clients read the quotas that resources declare.
func declareQuotas(w *world.World) resource {
	return resource{routes: []*route{
		get("/quota", "list-quotas", func(*request) (any, error) {
			return wire.List("quotas", w.Quotas()), nil
		}),
		get("/quota/{entity}", "get-quota", func(r *request) (any, error) {
			name := r.params["entity"]
			quotas := w.Quotas()
			i := slices.IndexFunc(quotas, func(q world.QuotaView) bool { return q.Resource == name })
			if i < 0 {
				return nil, wire.NotFound("quota", name)
			}
			return quotas[i], nil
		}),
	}}
}
