package annotate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode"
)

const (
	maxText   = 4 << 10
	maxAnswer = 64 << 10
)

// errRefused: the same annotation would be refused again.
var errRefused = errors.New("it will not take it")

// errTrouble: Grafana fails, and may only on this annotation.
var errTrouble = errors.New("see its log")

// post sends an annotation to Grafana.
func (c *Client) post(ctx context.Context, a Annotation) error {
	body, err := json.Marshal(struct {
		Time int64    `json:"time"` // milliseconds
		Tags []string `json:"tags"`
		Text string   `json:"text"`
	}{a.At.UnixMilli(), a.Tags, cut(a.Text)})
	if err != nil {
		return errors.Join(errRefused, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.target, bytes.NewReader(body))
	if err != nil {
		return errors.New("the address of Grafana cannot be read")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+c.cfg.Token)
	resp, err := c.http.Do(req)
	if err != nil {
		var failed *url.Error
		if errors.As(err, &failed) {
			err = failed.Err // without the address
		}
		return fmt.Errorf("annotate in Grafana at %s: %w", req.URL.Host, err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer)); err != nil {
		return fmt.Errorf("annotate in Grafana at %s: %w", req.URL.Host, err)
	}
	switch resp.StatusCode {
	case http.StatusOK, http.StatusCreated:
		return nil
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return fmt.Errorf("annotate in Grafana at %s: status %d: %w", req.URL.Host, resp.StatusCode, errRefused)
	case http.StatusInternalServerError:
		return fmt.Errorf("annotate in Grafana at %s: status %d: %w", req.URL.Host, resp.StatusCode, errTrouble)
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("annotate in Grafana at %s: status %d: the token is not that of a service account that may write annotations",
			req.URL.Host, resp.StatusCode)
	default:
		return fmt.Errorf("annotate in Grafana at %s: status %d", req.URL.Host, resp.StatusCode)
	}
}

// cut returns a text that is not too long, and that every database takes: parts of it
// are from answers of others.
func cut(text string) string {
	if len(text) > maxText {
		text = text[:maxText]
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
}
