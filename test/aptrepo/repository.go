package aptrepo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
)

// The names under which machines ask for the repository, as in
// "deb https://apt.example stable main".
const (
	suite     = "stable"
	component = "main"
)

// A Repository is a signed repository. It is an [http.Handler].
type Repository struct {
	mux         *http.ServeMux
	fingerprint string
}

// Fingerprint returns that of the key that signs the repository, as gpg
// writes it without spaces.
func (r *Repository) Fingerprint() string { return r.fingerprint }

// New builds the packages in dir, which must outlive the repository.
func New(ctx context.Context, dir string, packages ...Package) (*Repository, error) {
	var paragraphs []string
	for _, p := range packages {
		b, err := p.build(ctx, dir)
		if err != nil {
			return nil, err
		}
		paragraphs = append(paragraphs, b.paragraph)
	}
	index := []byte(strings.Join(paragraphs, "\n"))
	release := fmt.Sprintf("Origin: test\nSuite: %[1]s\nCodename: %[1]s\nDate: %[2]s\nArchitectures: amd64\nComponents: %[3]s\n"+
		"SHA256:\n %[4]x %[5]d %[3]s/binary-amd64/Packages\n",
		suite, time.Now().UTC().Format(time.RFC1123), component, sha256.Sum256(index), len(index))
	key, fingerprint, signed, err := sign(release)
	if err != nil {
		return nil, fmt.Errorf("sign the repository: %w", err)
	}

	r := &Repository{mux: http.NewServeMux(), fingerprint: fingerprint}
	r.serve("/gpg-full.key", key)
	r.serve("/dists/"+suite+"/InRelease", signed)
	r.serve("/dists/"+suite+"/"+component+"/binary-amd64/Packages", index)
	r.mux.Handle("GET /pool/", http.StripPrefix("/pool/", http.FileServer(http.Dir(dir))))
	return r, nil
}

func (r *Repository) serve(path string, content []byte) {
	r.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, req *http.Request) {
		http.ServeContent(w, req, "", time.Time{}, bytes.NewReader(content))
	})
}

func (r *Repository) ServeHTTP(w http.ResponseWriter, req *http.Request) { r.mux.ServeHTTP(w, req) }

// sign returns a new public key, in text form, its fingerprint, and the text
// signed with it.
func sign(text string) (key []byte, fingerprint string, signed []byte, err error) {
	entity, err := openpgp.NewEntity("test repository", "", "root@localhost", nil)
	if err != nil {
		return nil, "", nil, err
	}
	var public bytes.Buffer
	w, err := armor.Encode(&public, openpgp.PublicKeyType, nil)
	if err != nil {
		return nil, "", nil, err
	}
	if err := entity.Serialize(w); err != nil {
		return nil, "", nil, err
	}
	if err := w.Close(); err != nil {
		return nil, "", nil, err
	}
	var out bytes.Buffer
	plain, err := clearsign.Encode(&out, entity.PrivateKey, nil)
	if err != nil {
		return nil, "", nil, err
	}
	if _, err := plain.Write([]byte(text)); err != nil {
		return nil, "", nil, err
	}
	if err := plain.Close(); err != nil {
		return nil, "", nil, err
	}
	return public.Bytes(), fmt.Sprintf("%X", entity.PrimaryKey.Fingerprint), out.Bytes(), nil
}
