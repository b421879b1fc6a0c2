package exoapi

import "github.com/exopool/exopool/fake/exoapi/internal/world"

// declareOperations lets clients read how their changes are going.
func declareOperations(w *world.World) resource {
	return resource{routes: []*route{
		get("/operation/{id}", "get-operation", func(r *request) (any, error) { return w.Operation(r.id()) }),
	}}
}
