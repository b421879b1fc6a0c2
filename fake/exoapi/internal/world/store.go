package world

import "iter"

// A Store is a map that remembers the order in which its entries were added.
// Its zero value is empty.
type Store[T any] struct {
	entries []entry[T]
	index   map[string]int
}

type entry[T any] struct {
	key   string
	value *T // nil once removed
}

// Len returns the number of entries.
func (s *Store[T]) Len() int { return len(s.index) }

// Get returns the entry of a key, or nil.
func (s *Store[T]) Get(key string) *T {
	i, ok := s.index[key]
	if !ok {
		return nil
	}
	return s.entries[i].value
}

// Add puts a new entry last.
func (s *Store[T]) Add(key string, value *T) {
	if s.index == nil {
		s.index = map[string]int{}
	}
	s.index[key] = len(s.entries)
	s.entries = append(s.entries, entry[T]{key, value})
}

// Remove takes an entry out; one that is not there is no error.
func (s *Store[T]) Remove(key string) {
	i, ok := s.index[key]
	if !ok {
		return
	}
	s.entries[i].value = nil
	delete(s.index, key)
	// Holes are closed once they are the majority, so that a removal costs
	// constant time on average and a walk never costs more than double.
	if len(s.entries) > 2*len(s.index)+8 {
		s.compact()
	}
}

func (s *Store[T]) compact() {
	kept := make([]entry[T], 0, len(s.index))
	for _, e := range s.entries {
		if e.value != nil {
			s.index[e.key] = len(kept)
			kept = append(kept, e)
		}
	}
	s.entries = kept
}

// All walks the entries in the order of their addition. The entry that is
// visited may be removed; those added meanwhile are not visited.
func (s *Store[T]) All() iter.Seq[*T] {
	entries := s.entries
	return func(yield func(*T) bool) {
		for i := range entries {
			if v := entries[i].value; v != nil && !yield(v) {
				return
			}
		}
	}
}

// Entries walks as [Store.All] does, with the keys.
func (s *Store[T]) Entries() iter.Seq2[string, *T] {
	entries := s.entries
	return func(yield func(string, *T) bool) {
		for i := range entries {
			if e := &entries[i]; e.value != nil && !yield(e.key, e.value) {
				return
			}
		}
	}
}
