package wire

import (
	"encoding/json"
	"slices"
)

// Unread returns the paths of the fields that no reader has looked at, in
// alphabetical order, each once: what a client sent for nothing. Of an object
// that was looked at, it is the fields inside that count.
func (f *Fields) Unread() []string {
	var paths []string
	for key := range f.values {
		if !f.read[key] {
			paths = append(paths, f.Path+key)
		}
	}
	for _, part := range f.parts {
		paths = append(paths, part.Unread()...)
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// noteRead notes that a reader has looked at a field, whether it is there or not.
func (f *Fields) noteRead(key string) {
	if f.read == nil {
		f.read = map[string]bool{}
	}
	f.read[key] = true
}

// readAll notes that all fields of an object are taken as they are.
func (f *Fields) readAll() {
	for key := range f.values {
		f.noteRead(key)
	}
}

// part returns the reader of an object inside this one.
func (f *Fields) part(values map[string]json.RawMessage, path string) *Fields {
	part := &Fields{values: values, Path: f.Path + path, err: f.err}
	f.parts = append(f.parts, part)
	return part
}
