package imageregistry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// An Image is what a name of an image stands for. It is closed by the registry
// that serves it.
type Image struct {
	refs      []name.Reference // usually one
	top       v1.Hash
	manifests map[v1.Hash]manifest
	blobs     map[v1.Hash]section
	platforms []string // those that it is whole for
	close     func() error
}

// A manifest describes an image, or lists those of several platforms.
type manifest struct {
	kind    types.MediaType
	content []byte
}

// Open reads the image that machines are to find under a name, as in `docker
// run`, from a folder or an archive: an OCI layout, or what docker save writes.
// It has to be for Linux on this host's architecture.
func Open(named, path string) (*Image, error) {
	ref, err := parseReference(named)
	if err != nil {
		return nil, err
	}
	from, err := openFiles(path)
	if err != nil {
		return nil, err
	}
	i := &Image{refs: []name.Reference{ref}, manifests: map[v1.Hash]manifest{}, blobs: map[v1.Hash]section{}, close: from.Close}
	if err := i.read(from); err != nil {
		return nil, fmt.Errorf("%s: %w", path, errors.Join(err, from.Close()))
	}
	return i, nil
}

// Name returns the whole name, the same for all ways to write it.
func (i *Image) Name() string { return i.ref().Name() }

// ref is the name that the image is looked for by.
func (i *Image) ref() name.Reference { return i.refs[0] }

func (i *Image) read(from files) error {
	text, err := readAll(from, "index.json")
	if err == nil {
		return i.readLayout(from, text)
	}
	if errors.Is(err, fs.ErrNotExist) {
		text, err = readAll(from, "manifest.json")
	}
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("it is no image: it has neither index.json, as an OCI layout, nor manifest.json, as an archive of docker save")
	}
	if err != nil {
		return err
	}
	return i.readSaved(from, text)
}

// wanted is the platform that machines have.
func wanted() string { return "linux/" + runtime.GOARCH }

// checkPlatform reports whether there is an image for the machines.
func (i *Image) checkPlatform() error {
	if slices.Contains(i.platforms, wanted()) {
		return nil
	}
	if len(i.platforms) == 0 {
		return errors.New("it holds no image")
	}
	slices.Sort(i.platforms)
	return fmt.Errorf("its image is for %s, machines here are %s", strings.Join(slices.Compact(i.platforms), ", "), wanted())
}

// addConfig takes the configuration of an image over and returns its platform.
func (i *Image) addConfig(digest v1.Hash, content []byte) (*v1.ConfigFile, error) {
	config, err := v1.ParseConfigFile(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	if config.OS == "" || config.Architecture == "" {
		return nil, errors.New("it is no image for containers: its configuration names no platform")
	}
	i.blobs[digest] = inMemory(content)
	return config, nil
}

// pick returns the only one of several, or the one that has the name asked for.
func pick[T any](ref name.Reference, all []T, names func(T) []string) (one T, err error) {
	switch len(all) {
	case 0:
		return one, errors.New("it holds no image")
	case 1:
		return all[0], nil
	}
	var others []string
	for _, candidate := range all {
		for _, named := range names(candidate) {
			if denotes(named, ref) {
				return candidate, nil
			}
			others = append(others, named)
		}
	}
	if len(others) == 0 {
		return one, fmt.Errorf("it holds %d images, none with a name", len(all))
	}
	return one, fmt.Errorf("it holds %d images, and none is %s but %s", len(all), ref, strings.Join(others, ", "))
}

// denotes reports whether a name in an archive is that of an image; some hold
// the tag only.
func denotes(named string, ref name.Reference) bool {
	if named == ref.Identifier() {
		return true
	}
	other, err := name.ParseReference(named)
	return err == nil && strings.ContainsAny(named, "/:") && other.Name() == ref.Name()
}

// parseJSON reads a description.
func parseJSON[T any](what string, content []byte) (parsed T, err error) {
	if err := json.Unmarshal(content, &parsed); err != nil {
		return parsed, fmt.Errorf("read %s: %w", what, err)
	}
	return parsed, nil
}
