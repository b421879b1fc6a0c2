package wire

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Fields reads a JSON object with rules. It keeps the first violation and
// reads on, so that a handler asks for the error once, at the end.
//
// Every reader leaves its destination alone when the field is absent: that is
// how a partial update keeps what it does not mention. Null is refused, except
// where the API lets it clear something.
type Fields struct {
	values map[string]json.RawMessage
	Path   string // of this object in the body, with a trailing dot
	err    *error

	read  map[string]bool // fields that a reader looked at
	parts []*Fields       // objects inside this one
}

// ParseFields reads the body of a request; an empty one has no fields.
func ParseFields(body []byte) *Fields {
	f := &Fields{err: new(error)}
	if len(bytes.TrimSpace(body)) == 0 {
		return f
	}
	if err := json.Unmarshal(body, &f.values); err != nil || f.values == nil {
		f.Reject("the body is not a JSON object")
	}
	return f
}

// Err returns the first violation, or nil.
func (f *Fields) Err() error { return *f.err }

// Reject notes a violation of the rules.
func (f *Fields) Reject(format string, args ...any) {
	f.Fail(Invalid("bad request: "+format, args...))
}

// Fail notes another reason to refuse the request.
func (f *Fields) Fail(err error) {
	if *f.err == nil {
		*f.err = err
	}
}

// Has reports whether the field is there, be it null.
func (f *Fields) Has(key string) bool {
	f.noteRead(key)
	_, there := f.values[key]
	return there
}

// Keys returns the names of all fields, in alphabetical order.
func (f *Fields) Keys() []string { return slices.Sorted(maps.Keys(f.values)) }

// Given reports whether the field is there and not null.
func (f *Fields) Given(key string) bool {
	f.noteRead(key)
	return f.given(key)
}

func (f *Fields) given(key string) bool {
	v, ok := f.values[key]
	return ok && !isNull(v)
}

// Clears reports whether the field is null, which its reader then does not see.
func (f *Fields) Clears(key string) bool {
	v, there := f.values[key]
	if !there || !isNull(v) {
		return false
	}
	delete(f.values, key)
	return true
}

func isNull(v json.RawMessage) bool { return string(v) == "null" }

// Require refuses a request without these fields.
func (f *Fields) Require(keys ...string) {
	for _, key := range keys {
		if !f.given(key) {
			f.Reject("%s%s is required", f.Path, key)
		}
	}
}

// RefuseNull refuses null in any field: there is nothing to clear yet.
func (f *Fields) RefuseNull() {
	for _, key := range f.Keys() {
		if isNull(f.values[key]) {
			f.Fail(Assuming(AssumesNullRefused, Invalid("bad request: %s%s must not be null", f.Path, key)))
		}
	}
}

// Decode reads a field of any type; it reports whether it was there and fits.
func Decode[T any](f *Fields, key, expected string) (value T, ok bool) {
	f.noteRead(key)
	text, there := f.values[key]
	if !there {
		return value, false
	}
	if err := json.Unmarshal(text, &value); err != nil || isNull(text) {
		f.Reject("%s%s must be %s", f.Path, key, expected)
		return value, false
	}
	return value, true
}

// Text reads a string of least to most characters.
func (f *Fields) Text(key string, to *string, least, most int) {
	s, ok := Decode[string](f, key, "a string")
	if !ok {
		return
	}
	if n := len([]rune(s)); n < least || n > most {
		f.Reject("%s%s must have %d to %d characters", f.Path, key, least, most)
		return
	}
	*to = s
}

// Texts reads an array of strings.
func (f *Fields) Texts(key string, to *[]string) {
	list, ok := Decode[[]*string](f, key, "an array of strings")
	if !ok {
		return
	}
	texts := make([]string, 0, len(list))
	for _, s := range list {
		if s == nil {
			f.Reject("%s%s must be an array of strings", f.Path, key)
			return
		}
		texts = append(texts, *s)
	}
	*to = texts
}

// OneOf reads one of the allowed words.
func (f *Fields) OneOf(key string, to *string, allowed ...string) {
	s, ok := Decode[string](f, key, "a string")
	if !ok {
		return
	}
	if !slices.Contains(allowed, s) {
		f.Reject("%s%s must be one of %s", f.Path, key, strings.Join(allowed, ", "))
		return
	}
	*to = s
}

// Integer reads a whole number between least and most.
func (f *Fields) Integer(key string, to *int, least, most int) {
	n, ok := Decode[int](f, key, "an integer")
	if !ok {
		return
	}
	if n < least || n > most {
		f.Reject("%s%s must be between %d and %d", f.Path, key, least, most)
		return
	}
	*to = n
}

// Boolean reads true or false.
func (f *Fields) Boolean(key string, to *bool) {
	if b, ok := Decode[bool](f, key, "a boolean"); ok {
		*to = b
	}
}

// IgnoredText checks a field that changes nothing here.
func (f *Fields) IgnoredText(key string) { f.Text(key, new(string), 0, 1<<20) }

// Labels replaces the whole map.
func (f *Fields) Labels(to *map[string]string) {
	const key = "labels"
	values, ok := Decode[map[string]*string](f, key, "an object of strings")
	if !ok {
		return
	}
	labels := make(map[string]string, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if values[name] == nil {
			f.Reject("%s%s.%s must be a string", f.Path, key, name)
			return
		}
		labels[name] = *values[name]
	}
	*to = labels
}

// Object reads a nested object; nil when it is absent.
func (f *Fields) Object(key string) *Fields {
	values, ok := Decode[map[string]json.RawMessage](f, key, "an object")
	if !ok {
		return nil
	}
	return f.part(values, key+".")
}

// Objects reads an array of objects. Null is an empty array.
func (f *Fields) Objects(key string) (list []*Fields, there bool) {
	if f.Clears(key) {
		return nil, true
	}
	values, ok := Decode[[]map[string]json.RawMessage](f, key, "an array of objects")
	for _, v := range values {
		list = append(list, f.part(v, key+"[]."))
	}
	return list, ok
}
