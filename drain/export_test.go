package drain

import "io"

// Decode returns the connections in an answer.
func Decode(code int, body io.Reader) (int, error) {
	s, err := decode(code, body)
	return s.connections, err
}
