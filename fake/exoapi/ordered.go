package exoapi

import "iter"

// An ordered map remembers the order in which its entries were added.
type ordered[T any] struct {
	entries []entry[T]
	index   map[string]int
}

type entry[T any] struct {
	key   string
	value *T // nil once removed
}

func (o *ordered[T]) len() int { return len(o.index) }

func (o *ordered[T]) get(key string) *T {
	i, ok := o.index[key]
	if !ok {
		return nil
	}
	return o.entries[i].value
}

// add puts a new entry last.
func (o *ordered[T]) add(key string, value *T) {
	if o.index == nil {
		o.index = map[string]int{}
	}
	o.index[key] = len(o.entries)
	o.entries = append(o.entries, entry[T]{key, value})
}

func (o *ordered[T]) remove(key string) {
	i, ok := o.index[key]
	if !ok {
		return
	}
	o.entries[i].value = nil
	delete(o.index, key)
	// Holes are closed once they are the majority, so that a removal costs
	// constant time on average and a walk never costs more than double.
	if len(o.entries) > 2*len(o.index)+8 {
		o.compact()
	}
}

func (o *ordered[T]) compact() {
	kept := make([]entry[T], 0, len(o.index))
	for _, e := range o.entries {
		if e.value != nil {
			o.index[e.key] = len(kept)
			kept = append(kept, e)
		}
	}
	o.entries = kept
}

// all walks the entries in the order of their addition. The entry at hand may
// be removed during the walk; those added are not visited.
func (o *ordered[T]) all() iter.Seq[*T] {
	entries := o.entries
	return func(yield func(*T) bool) {
		for i := range entries {
			if v := entries[i].value; v != nil && !yield(v) {
				return
			}
		}
	}
}
