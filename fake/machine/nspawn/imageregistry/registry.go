package imageregistry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// A Registry holds images in memory. Only [Registry.Add] adds to it.
type Registry struct {
	blobs registry.BlobHandler
	all   http.Handler
}

// New returns a registry without images.
func New() *Registry {
	r := &Registry{blobs: registry.NewInMemoryBlobHandler()}
	r.all = registry.New(registry.WithBlobHandler(r.blobs), registry.Logger(log.New(io.Discard, "", 0)))
	return r
}

// ServeHTTP lets clients pull.
func (r *Registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		http.Error(w, "this registry is for pulling only", http.StatusMethodNotAllowed)
		return
	}
	r.all.ServeHTTP(w, req)
}

// Add holds an image under the name and tag given, say
// janoszen/http-load-generator and 1.0.1.
func (r *Registry) Add(ctx context.Context, name, tag string, image v1.Image) error {
	if err := r.add(ctx, name, tag, image); err != nil {
		return fmt.Errorf("add image %s:%s: %w", name, tag, err)
	}
	return nil
}

func (r *Registry) add(ctx context.Context, name, tag string, image v1.Image) error {
	put, ok := r.blobs.(registry.BlobPutHandler)
	if !ok {
		return errors.New("nowhere to put it")
	}
	layers, err := image.Layers()
	if err != nil {
		return err
	}
	for _, layer := range layers {
		digest, err := layer.Digest()
		if err != nil {
			return err
		}
		content, err := layer.Compressed()
		if err != nil {
			return err
		}
		if err := put.Put(ctx, name, digest, content); err != nil {
			return err
		}
	}
	digest, err := image.ConfigName()
	if err != nil {
		return err
	}
	config, err := image.RawConfigFile()
	if err != nil {
		return err
	}
	if err := put.Put(ctx, name, digest, io.NopCloser(bytes.NewReader(config))); err != nil {
		return err
	}
	return r.publish(ctx, name, tag, image)
}

// publish makes the image known; what it consists of is there already.
func (r *Registry) publish(ctx context.Context, name, tag string, image v1.Image) error {
	manifest, err := image.RawManifest()
	if err != nil {
		return err
	}
	kind, err := image.MediaType()
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, "/v2/"+name+"/manifests/"+tag, bytes.NewReader(manifest))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", string(kind))
	recorder := httptest.NewRecorder()
	r.all.ServeHTTP(recorder, req)
	if recorder.Code != http.StatusCreated {
		return fmt.Errorf("manifest refused: %d %s", recorder.Code, bytes.TrimSpace(recorder.Body.Bytes()))
	}
	return nil
}
