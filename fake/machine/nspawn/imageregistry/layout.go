package imageregistry

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// maxDepth bounds indexes in indexes.
const maxDepth = 4

// Annotations that name an image.
const (
	annotationRef        = "org.opencontainers.image.ref.name"
	annotationContainerd = "io.containerd.image.name"
	annotationDocker     = "vnd.docker.reference.type" // on what is about an image, and none
)

// readLayout reads an OCI layout, whose index lists what it holds.
func (i *Image) readLayout(from files, text []byte) error {
	index, err := parseJSON[v1.IndexManifest]("index.json", text)
	if err != nil {
		return err
	}
	images := slices.DeleteFunc(index.Manifests, func(d v1.Descriptor) bool {
		return d.Annotations[annotationDocker] != "" || !d.MediaType.IsImage() && !d.MediaType.IsIndex()
	})
	if digest, err := v1.NewHash(i.ref().Identifier()); err == nil {
		return i.readDigest(from, images, digest)
	}
	if len(images) > 1 && onePerPlatform(images) {
		return i.readPlatforms(from, text, images)
	}
	one, err := pick(i.ref(), images, namesOf)
	if err != nil {
		return err
	}
	i.top = one.Digest
	if err := i.addManifest(from, one, maxDepth); err != nil {
		return err
	}
	return i.checkPlatform()
}

func namesOf(d v1.Descriptor) (names []string) {
	for _, key := range []string{annotationContainerd, annotationRef} {
		if named := d.Annotations[key]; named != "" {
			names = append(names, named)
		}
	}
	return names
}

// onePerPlatform reports whether images are one, for several platforms.
func onePerPlatform(images []v1.Descriptor) bool {
	seen := map[string]bool{}
	for _, d := range images {
		if d.Platform == nil || len(namesOf(d)) > 0 || seen[d.Platform.String()] {
			return false
		}
		seen[d.Platform.String()] = true
	}
	return true
}

// readPlatforms takes the list of the layout itself for that of the platforms.
func (i *Image) readPlatforms(from files, text []byte, images []v1.Descriptor) error {
	for _, d := range images {
		if err := i.addManifest(from, d, maxDepth); err != nil {
			return err
		}
	}
	return errors.Join(i.setTop(text), i.checkPlatform())
}

// readDigest looks for one manifest, at any depth.
func (i *Image) readDigest(from files, images []v1.Descriptor, digest v1.Hash) error {
	for _, d := range images {
		if err := i.addManifest(from, d, maxDepth); err != nil {
			return err
		}
	}
	if _, ok := i.manifests[digest]; !ok {
		return fmt.Errorf("it has no image %s: copy it with what keeps digests, such as skopeo copy docker://%s oci-archive:FILE", digest, i.ref())
	}
	i.top = digest
	return i.checkPlatform()
}

// addManifest takes over a manifest and what belongs to it. In a list, what is
// not there is another platform's.
func (i *Image) addManifest(from files, d v1.Descriptor, depth int) error {
	if depth == 0 {
		return errors.New("its lists of platforms contain each other")
	}
	content, err := readBlob(from, d.Digest)
	if err != nil {
		return err
	}
	i.manifests[d.Digest] = manifest{d.MediaType, content}
	if d.MediaType.IsImage() {
		return i.addImage(from, content)
	}
	list, err := parseJSON[v1.IndexManifest]("list of platforms", content)
	if err != nil {
		return err
	}
	for _, child := range list.Manifests {
		if !child.MediaType.IsImage() && !child.MediaType.IsIndex() || child.Annotations[annotationDocker] != "" {
			continue
		}
		ours := child.Platform == nil || child.Platform.OS+"/"+child.Platform.Architecture == wanted()
		if err := i.addManifest(from, child, depth-1); err != nil && (ours || !errors.Is(err, fs.ErrNotExist)) {
			return err
		}
	}
	return nil
}

// addImage takes over the configuration and the layers of an image.
func (i *Image) addImage(from files, content []byte) error {
	described, err := parseJSON[v1.Manifest]("manifest", content)
	if err != nil {
		return err
	}
	text, err := readBlob(from, described.Config.Digest)
	if err != nil {
		return err
	}
	config, err := i.addConfig(described.Config.Digest, text)
	if err != nil {
		return err
	}
	for _, layer := range described.Layers {
		blob, err := from.open(blobName(layer.Digest))
		if err != nil {
			return fmt.Errorf("layer %s: %w", layer.Digest, err)
		}
		if blob.size != layer.Size {
			return fmt.Errorf("layer %s: it has %d bytes, not %d", layer.Digest, blob.size, layer.Size)
		}
		i.blobs[layer.Digest] = blob
	}
	i.platforms = append(i.platforms, config.OS+"/"+config.Architecture)
	return nil
}

func blobName(digest v1.Hash) string { return "blobs/" + digest.Algorithm + "/" + digest.Hex }

// readBlob returns a description that a digest denotes.
func readBlob(from files, digest v1.Hash) ([]byte, error) {
	content, err := readAll(from, blobName(digest))
	if err != nil {
		return nil, err
	}
	if sum(content) != digest {
		return nil, fmt.Errorf("%s is damaged: it has another digest", blobName(digest))
	}
	return content, nil
}
