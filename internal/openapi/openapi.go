// Package openapi provides the official description of the Exoscale API, which
// the emulator's answers are checked against. The document is the vendor's and
// not part of this repository: [Fetch] downloads the one version that the tests
// are written for, and [Find] finds it again without a network.
package openapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
)

// URL is where egoscale's repository keeps the document, at the commit of
// 2026-07-20, and SHA256 what it hashes to. Both change together.
const (
	URL    = "https://raw.githubusercontent.com/exoscale/egoscale/8265b323d0558eb495ef7089fccba95e666eb293/v3/generator/source.yaml"
	SHA256 = "bdf3b19354397dc99f90ebcaa8b92aed0fa8a2e72eeeaeee6b6aae53d4913a10"
)

// Variable is the environment variable that names another document to use.
const Variable = "EXOSCALE_OPENAPI"

// maxSize is far above the size of the document, 0.8 MB.
const maxSize = 16 << 20

// A Document is one version of the description, known by its hash.
type Document struct {
	URL    string
	SHA256 string
	// Folders are searched in this order. The first one keeps what is fetched.
	Folders []string
}

// Official returns the document that the tests are written for. It is kept in
// the user's cache, or beside the repository, in shared/.
func Official(repository string) (Document, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return Document{}, err
	}
	return Document{URL: URL, SHA256: SHA256, Folders: []string{
		filepath.Join(cache, "exopool"),
		filepath.Join(repository, "..", "shared"),
	}}, nil
}

const fileName = "exoscale-openapi.yaml"

// Find returns the text of the document, or an error that says how to get it.
func (d Document) Find() ([]byte, error) {
	for _, folder := range d.Folders {
		text, err := fs.ReadFile(os.DirFS(folder), fileName)
		if err == nil {
			err = d.check(text)
		}
		if err == nil {
			return text, nil
		}
	}
	return nil, fmt.Errorf("the official OpenAPI document is not on this machine: run `make openapi`, or name it in %s", Variable)
}

// Fetch downloads the document unless it is there already.
func (d Document) Fetch(ctx context.Context, client *http.Client) error {
	if _, err := d.Find(); err == nil {
		return nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.URL, http.NoBody)
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("get %s: %s", d.URL, res.Status)
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, maxSize))
	if err == nil {
		err = d.check(text)
	}
	if err != nil {
		return fmt.Errorf("get %s: %w", d.URL, err)
	}
	if err := os.MkdirAll(d.Folders[0], 0o750); err != nil {
		return err
	}
	// A file that is cut short has another hash, and so is not found.
	return os.WriteFile(filepath.Join(d.Folders[0], fileName), text, 0o600)
}

var errWrongHash = errors.New("the document has another hash than the pinned one")

func (d Document) check(text []byte) error {
	sum := sha256.Sum256(text)
	if got := hex.EncodeToString(sum[:]); got != d.SHA256 {
		return fmt.Errorf("%w: %s", errWrongHash, got)
	}
	return nil
}
