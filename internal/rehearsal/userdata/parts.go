package userdata

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
)

const (
	// maxText bounds what is unpacked, in bytes.
	maxText = 1 << 20
	// maxParts and maxDepth bound what is in a MIME message.
	maxParts = 30
	maxDepth = 3
)

// A part is one script, one cloud-config, or something unknown.
type part struct {
	name string // empty: it is all there is
	text string
}

// split takes user-data apart as cloud-init does: it unpacks gzip, and reads a MIME
// message part by part.
func split(data []byte) ([]part, error) { return splitDeep(data, "", 0) }

func splitDeep(data []byte, name string, depth int) ([]part, error) {
	if depth > maxDepth {
		return nil, errors.New("parts lie in parts too deeply")
	}
	if bytes.HasPrefix(data, []byte("\x1f\x8b")) {
		text, err := unpack(data)
		if err != nil {
			return nil, fmt.Errorf("it cannot be unpacked: %w", err)
		}
		return splitDeep(text, name, depth+1)
	}
	if !isMessage(data) {
		return []part{{name, string(data)}}, nil
	}
	message, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("it is no MIME message: %w", err)
	}
	kind, parameters, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(kind, "multipart/") {
		return nil, fmt.Errorf("its Content-Type is %q, not multipart/mixed with a boundary", message.Header.Get("Content-Type"))
	}
	reader := multipart.NewReader(message.Body, parameters["boundary"])
	var all []part
	for number := 1; ; number++ {
		next, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) && number > 1 {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("part %d of the MIME message: %w", number, err)
		}
		if number > maxParts {
			return nil, fmt.Errorf("it has more than %d parts", maxParts)
		}
		text, err := body(next)
		if err != nil {
			return nil, fmt.Errorf("part %d of the MIME message: %w", number, err)
		}
		name := next.FileName()
		if name == "" {
			name = fmt.Sprintf("part %d", number)
		}
		parts, err := splitDeep(text, name, depth+1)
		if err != nil {
			return nil, err
		}
		all = append(all, parts...)
	}
}

// isMessage reports whether user-data is a MIME message for cloud-init.
func isMessage(data []byte) bool {
	head := strings.ToLower(string(data[:min(len(data), 100)]))
	return strings.HasPrefix(head, "content-type:") || strings.HasPrefix(head, "mime-version:") || strings.HasPrefix(head, "from nobody")
}

func body(p *multipart.Part) ([]byte, error) {
	var from io.Reader = p
	switch encoding := strings.ToLower(p.Header.Get("Content-Transfer-Encoding")); encoding {
	case "", "7bit", "8bit", "binary":
	case "base64":
		from = base64.NewDecoder(base64.StdEncoding, p)
	case "quoted-printable":
		from = quotedprintable.NewReader(p)
	default:
		return nil, fmt.Errorf("encoding %q is not known", encoding)
	}
	return io.ReadAll(io.LimitReader(from, maxText))
}

func unpack(data []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, maxText))
}

// encodedTwice reports whether a text is user-data in base64, as if the provider did
// not encode it itself.
func encodedTwice(text string) bool {
	inner, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	return err == nil && len(inner) > 2 && (bytes.HasPrefix(inner, []byte("#")) || bytes.HasPrefix(inner, []byte("\x1f\x8b")) || isMessage(inner))
}
