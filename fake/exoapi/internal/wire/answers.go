package wire

import "encoding/json"

// List is the answer of a list call: one key that holds an array, which is
// never null.
func List[T any](key string, entries []T) map[string][]T {
	return map[string][]T{key: NonNil(entries)}
}

// NonNil makes an array that is never null.
func NonNil[T any](entries []T) []T {
	if entries == nil {
		return []T{}
	}
	return entries
}

// An EncodedList is the answer of a list call whose entries are JSON already.
type EncodedList struct {
	Key     string
	Entries [][]byte
}

// Encode makes the body of an answer.
func Encode(answer any) ([]byte, error) {
	l, ok := answer.(EncodedList)
	if !ok {
		return json.Marshal(answer)
	}
	size := len(l.Key) + 8
	for _, e := range l.Entries {
		size += len(e) + 1
	}
	body := make([]byte, 0, size)
	body = append(body, `{"`...)
	body = append(body, l.Key...)
	body = append(body, `":[`...)
	for i, e := range l.Entries {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, e...)
	}
	return append(body, "]}"...), nil
}
