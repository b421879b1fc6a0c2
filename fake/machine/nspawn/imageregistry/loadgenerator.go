package imageregistry

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/exopool/exopool/fake/loadgen"
	"github.com/exopool/exopool/fake/machine/nspawn/imageregistry/imagelayout"
)

// loadGenerators are the names of the load generator's image that are in public
// use.
func loadGenerators() []string {
	return []string{
		"janoszen/http-load-generator:1.0.1", "janoszen/http-load-generator:1.0.0", "janoszen/http-load-generator:latest",
		"quay.io/janoszen/http-load-generator:1.0.1", "quay.io/janoszen/http-load-generator:1.0.0", "quay.io/janoszen/http-load-generator:latest",
	}
}

// LoadGenerator returns the image of the load generator, under all of its public
// names. The program in it is the running one, which must call [loadgen.Run]
// first of all, together with the libraries that it needs, if any.
func LoadGenerator(ctx context.Context) (*Image, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("make the load generator's image: %w", err)
	}
	image, err := loadGenerator(ctx, program)
	if err != nil {
		return nil, fmt.Errorf("make the load generator's image of %s: %w", program, err)
	}
	return image, nil
}

func loadGenerator(ctx context.Context, program string) (*Image, error) {
	const inside = "/http-load-generator"
	parts := []imagelayout.Part{{From: program, To: inside}}
	libraries, err := libraries(ctx, program)
	if err != nil {
		return nil, err
	}
	for _, library := range libraries {
		parts = append(parts, imagelayout.Part{From: library, To: library})
	}
	dir, err := os.MkdirTemp("/var/tmp", "fakecloud-image-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) // once its files are open
	err = imagelayout.Write(dir, v1.Config{
		Entrypoint: []string{inside, loadgen.Argument}, User: "65534:65534", ExposedPorts: map[string]struct{}{"8080/tcp": {}},
	}, parts...)
	if err != nil {
		return nil, err
	}
	names := loadGenerators()
	image, err := Open(names[0], dir)
	if err != nil {
		return nil, err
	}
	for _, other := range names[1:] {
		ref, err := name.ParseReference(other)
		if err != nil {
			return nil, errors.Join(err, image.close())
		}
		image.refs = append(image.refs, ref)
	}
	return image, nil
}

// libraryPattern matches a file in what a dynamic linker lists.
var libraryPattern = regexp.MustCompile(`(?m)^\t(?:\S+ => )?(/\S+) \(0x`)

// libraries returns what a program needs besides itself: its dynamic linker, and
// what that links. A static program needs nothing.
func libraries(ctx context.Context, program string) ([]string, error) {
	file, err := elf.Open(program)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	for _, part := range file.Progs {
		if part.Type != elf.PT_INTERP {
			continue
		}
		text := make([]byte, part.Filesz)
		if _, err := part.ReadAt(text, 0); err != nil {
			return nil, fmt.Errorf("read its dynamic linker: %w", err)
		}
		linker := strings.TrimRight(string(text), "\x00")
		//nolint:gosec // G204: the linker of this very program
		listed, err := exec.CommandContext(ctx, linker, "--list", program).Output()
		if err != nil {
			return nil, fmt.Errorf("list its libraries: %s --list: %w", linker, err)
		}
		all := []string{linker}
		for _, found := range libraryPattern.FindAllStringSubmatch(string(listed), -1) {
			if found[1] != linker {
				all = append(all, found[1])
			}
		}
		return all, nil
	}
	return nil, nil
}
