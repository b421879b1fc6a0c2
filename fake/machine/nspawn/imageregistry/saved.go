package imageregistry

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// readSaved reads what docker save writes: no manifests, but all that they say.
func (i *Image) readSaved(from files, text []byte) error {
	saved, err := parseJSON[tarball.Manifest]("manifest.json", text)
	if err != nil {
		return err
	}
	if _, err := v1.NewHash(i.ref().Identifier()); err == nil {
		return fmt.Errorf("an archive of docker save keeps no digest: make one with skopeo copy docker://%s oci-archive:FILE", i.ref())
	}
	one, err := pick(i.ref(), saved, func(d tarball.Descriptor) []string { return d.RepoTags })
	if err != nil {
		return err
	}
	content, err := readAll(from, one.Config)
	if err != nil {
		return err
	}
	digest := sum(content)
	config, err := i.addConfig(digest, content)
	if err != nil {
		return err
	}
	i.platforms = []string{config.OS + "/" + config.Architecture}
	if err := i.checkPlatform(); err != nil {
		return err
	}
	if len(one.Layers) != len(config.RootFS.DiffIDs) {
		return fmt.Errorf("it has %d layers, but its configuration lists %d", len(one.Layers), len(config.RootFS.DiffIDs))
	}
	described := v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1,
		Config: v1.Descriptor{MediaType: types.OCIConfigJSON, Size: int64(len(content)), Digest: digest},
	}
	for n, file := range one.Layers {
		layer, err := i.addSavedLayer(from, file, config.RootFS.DiffIDs[n])
		if err != nil {
			return fmt.Errorf("layer %s: %w", file, err)
		}
		described.Layers = append(described.Layers, layer)
	}
	if content, err = json.Marshal(described); err != nil {
		return err
	}
	return i.setTop(content)
}

// addSavedLayer takes over a layer. Normally it is not compressed, and its
// digest is the one in the configuration.
func (i *Image) addSavedLayer(from files, file string, diffID v1.Hash) (v1.Descriptor, error) {
	blob, err := from.open(file)
	if err != nil {
		return v1.Descriptor{}, err
	}
	layer := v1.Descriptor{MediaType: types.OCIUncompressedLayer, Size: blob.size, Digest: diffID}
	magic := make([]byte, 4)
	_, _ = blob.ReadAt(magic, 0) // a shorter one is none of these
	switch {
	case bytes.HasPrefix(magic, []byte("\x1f\x8b")):
		layer.MediaType = types.OCILayer
	case bytes.HasPrefix(magic, []byte("\x28\xb5\x2f\xfd")):
		layer.MediaType = types.OCILayerZStd
	}
	if layer.MediaType != types.OCIUncompressedLayer {
		if layer.Digest, _, err = v1.SHA256(blob.reader()); err != nil {
			return v1.Descriptor{}, err
		}
	}
	i.blobs[layer.Digest] = blob
	return layer, nil
}

// setTop makes a manifest what the name stands for.
func (i *Image) setTop(content []byte) error {
	described, err := parseJSON[struct {
		MediaType types.MediaType `json:"mediaType"`
	}]("manifest", content)
	if err != nil {
		return err
	}
	if described.MediaType == "" {
		described.MediaType = types.OCIImageIndex
	}
	i.top = sum(content)
	i.manifests[i.top] = manifest{described.MediaType, content}
	return nil
}

// sum returns the digest of a description.
func sum(content []byte) v1.Hash {
	hash := sha256.Sum256(content)
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(hash[:])}
}
