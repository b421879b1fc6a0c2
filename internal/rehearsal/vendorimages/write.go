package vendorimages

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/exopool/exopool/fake/machine/nspawn/imageregistry/imagelayout"
)

// accounts is the list of users that every image with a named user has.
const accounts = "root:x:0:0::/:/sbin/nologin\ngrafana:x:472:0::/:/sbin/nologin\nnobody:x:65534:65534::/:/sbin/nologin\n"

// write makes an image of a program, what it links to, an empty folder for its data
// that belongs to a user, and more.
func write(ctx context.Context, dir, program, to, data string, uid int, config v1.Config, more ...imagelayout.Part) error {
	work, err := os.MkdirTemp("", "exopool-image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	users, empty := filepath.Join(work, "passwd"), filepath.Join(work, "data")
	if err := os.WriteFile(users, []byte(accounts), 0o644); err != nil { //nolint:gosec // G306: for every user
		return err
	}
	if err := os.Mkdir(empty, 0o755); err != nil { //nolint:gosec // G301: its owner is another user
		return err
	}
	if err := os.Chown(empty, uid, 0); err != nil {
		return err
	}
	libraries, err := linked(ctx, program)
	if err != nil {
		return err
	}
	parts := append([]imagelayout.Part{{From: program, To: to}}, libraries...)
	parts = append(parts, more...)
	parts = append(parts, imagelayout.Part{From: users, To: "/etc/passwd"}, imagelayout.Part{From: empty, To: data})
	return imagelayout.Write(dir, config, parts...)
}

// linked returns the libraries of this host that a program needs.
func linked(ctx context.Context, program string) (parts []imagelayout.Part, err error) {
	output, err := exec.CommandContext(ctx, "ldd", program).CombinedOutput() //nolint:gosec // G204: a program that the caller runs, too
	if bytes.Contains(output, []byte("not a dynamic executable")) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list the libraries of %s: %w: %s", program, err, output)
	}
	for word := range strings.FieldsSeq(string(output)) {
		if !strings.HasPrefix(word, "/") {
			continue
		}
		file, err := filepath.EvalSymlinks(word)
		if err != nil {
			return nil, err
		}
		parts = append(parts, imagelayout.Part{From: file, To: word})
	}
	return parts, nil
}
