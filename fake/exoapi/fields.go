package exoapi

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// fields reads a JSON object with rules. It keeps the first violation and
// reads on, so that a handler asks for the error once, at the end.
//
// Every reader leaves its destination alone when the field is absent: that is
// how a partial update keeps what it does not mention. Null is refused, except
// where the API lets it clear something.
type fields struct {
	values map[string]json.RawMessage
	path   string // of this object in the body, with a trailing dot
	err    *error
}

func parseFields(body []byte) *fields {
	f := &fields{err: new(error)}
	if len(bytes.TrimSpace(body)) == 0 {
		return f
	}
	if err := json.Unmarshal(body, &f.values); err != nil || f.values == nil {
		f.reject("the body is not a JSON object")
	}
	return f
}

func (f *fields) problem() error { return *f.err }

func (f *fields) reject(format string, args ...any) {
	f.fail(invalid("bad request: "+format, args...))
}

func (f *fields) fail(err error) {
	if *f.err == nil {
		*f.err = err
	}
}

// given reports whether the field is there and not null.
func (f *fields) given(key string) bool {
	v, ok := f.values[key]
	return ok && !isNull(v)
}

// clears reports whether the field is null, which its reader then does not see.
func (f *fields) clears(key string) bool {
	v, there := f.values[key]
	if !there || !isNull(v) {
		return false
	}
	delete(f.values, key)
	return true
}

func isNull(v json.RawMessage) bool { return string(v) == "null" }

func (f *fields) require(keys ...string) {
	for _, key := range keys {
		if !f.given(key) {
			f.reject("%s%s is required", f.path, key)
		}
	}
}

// refuseNull refuses null in any field: there is nothing to clear yet.
func (f *fields) refuseNull() {
	for _, key := range slices.Sorted(maps.Keys(f.values)) {
		if isNull(f.values[key]) {
			f.reject("%s%s must not be null", f.path, key)
		}
	}
}

// decode reads a field of any type; it reports whether it was there and fits.
func decode[T any](f *fields, key, expected string) (value T, ok bool) {
	text, there := f.values[key]
	if !there {
		return value, false
	}
	if err := json.Unmarshal(text, &value); err != nil || isNull(text) {
		f.reject("%s%s must be %s", f.path, key, expected)
		return value, false
	}
	return value, true
}

// text reads a string of least to most characters.
func (f *fields) text(key string, to *string, least, most int) {
	s, ok := decode[string](f, key, "a string")
	if !ok {
		return
	}
	if n := len([]rune(s)); n < least || n > most {
		f.reject("%s%s must have %d to %d characters", f.path, key, least, most)
		return
	}
	*to = s
}

// texts reads an array of strings.
func (f *fields) texts(key string, to *[]string) {
	list, ok := decode[[]*string](f, key, "an array of strings")
	if !ok {
		return
	}
	texts := make([]string, 0, len(list))
	for _, s := range list {
		if s == nil {
			f.reject("%s%s must be an array of strings", f.path, key)
			return
		}
		texts = append(texts, *s)
	}
	*to = texts
}

func (f *fields) oneOf(key string, to *string, allowed ...string) {
	s, ok := decode[string](f, key, "a string")
	if !ok {
		return
	}
	if !slices.Contains(allowed, s) {
		f.reject("%s%s must be one of %s", f.path, key, strings.Join(allowed, ", "))
		return
	}
	*to = s
}

func (f *fields) integer(key string, to *int, least, most int) {
	n, ok := decode[int](f, key, "an integer")
	if !ok {
		return
	}
	if n < least || n > most {
		f.reject("%s%s must be between %d and %d", f.path, key, least, most)
		return
	}
	*to = n
}

func (f *fields) boolean(key string, to *bool) {
	if b, ok := decode[bool](f, key, "a boolean"); ok {
		*to = b
	}
}

// ignoredBoolean checks a field that changes nothing here.
func (f *fields) ignoredBoolean(key string) { f.boolean(key, new(bool)) }

// labels replaces the whole map.
func (f *fields) labels(to *map[string]string) {
	const key = "labels"
	values, ok := decode[map[string]*string](f, key, "an object of strings")
	if !ok {
		return
	}
	labels := make(map[string]string, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if values[name] == nil {
			f.reject("%s%s.%s must be a string", f.path, key, name)
			return
		}
		labels[name] = *values[name]
	}
	*to = labels
}

// object reads a nested object; nil when it is absent.
func (f *fields) object(key string) *fields {
	values, ok := decode[map[string]json.RawMessage](f, key, "an object")
	if !ok {
		return nil
	}
	return &fields{values: values, path: f.path + key + ".", err: f.err}
}

// objects reads an array of objects. Null is an empty array.
func (f *fields) objects(key string) (list []*fields, there bool) {
	if f.clears(key) {
		return nil, true
	}
	values, ok := decode[[]map[string]json.RawMessage](f, key, "an array of objects")
	for _, v := range values {
		list = append(list, &fields{values: v, path: f.path + key + "[].", err: f.err})
	}
	return list, ok
}

// id reads a UUID into its lower-case form.
func (f *fields) id(key string, to *string) {
	s, ok := decode[string](f, key, "a UUID")
	if !ok {
		return
	}
	id, ok := parseID(s)
	if !ok {
		f.reject("%s%s must be a UUID", f.path, key)
		return
	}
	*to = id
}

// ref reads the id of a reference, which may be a whole object: only its id
// counts.
func (f *fields) ref(key string, to *string) {
	if o := f.object(key); o != nil {
		o.require("id")
		o.id("id", to)
	}
}

// refs reads an array of references to distinct resources. Null clears.
func (f *fields) refs(key string, to *[]ref) {
	list, there := f.objects(key)
	if !there {
		return
	}
	refs := make([]ref, 0, len(list))
	for _, o := range list {
		o.require("id")
		var id string
		o.id("id", &id)
		if slices.Contains(refs, ref{id}) {
			f.reject("%s%s names %s twice", f.path, key, id)
		}
		refs = append(refs, ref{id})
	}
	*to = refs
}

// parseID accepts the canonical form of a UUID only, in either case.
func parseID(s string) (string, bool) {
	if len(s) != 36 || uuid.Validate(s) != nil {
		return "", false
	}
	return strings.ToLower(s), true
}
