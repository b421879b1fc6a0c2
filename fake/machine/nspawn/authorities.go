package nspawn

import (
	"bytes"
	"encoding/pem"
	"io"
	"io/fs"
	"path"
)

// Limits of what a host adds to its certificates.
const (
	maxAuthorities   = 64
	maxAuthoritySize = 64 << 10 // bytes
)

// authoritiesDir is where administrators of Debian and Ubuntu put certificates that
// the host is to trust, see update-ca-certificates(8). Machines need them, too:
// their connections leave through the host's network, which may answer TLS with
// a certificate of its own.
const authoritiesDir = "usr/local/share/ca-certificates"

// hostAuthorities returns the certificates that a host trusts beyond the usual
// ones, by the name of their file. What is not a certificate is left out.
func hostAuthorities(root fs.FS) map[string][]byte {
	found := map[string][]byte{}
	// What cannot be read adds nothing.
	_ = fs.WalkDir(root, authoritiesDir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || len(found) == maxAuthorities {
			return fs.SkipAll
		}
		if entry.IsDir() || path.Ext(name) != ".crt" {
			return nil
		}
		if text := readCertificate(root, name); text != nil {
			found[path.Base(name)] = text
		}
		return nil
	})
	return found
}

// readCertificate returns the certificates of a file, as PEM that ends a line;
// nil if it has anything else, or a key.
func readCertificate(root fs.FS, name string) []byte {
	file, err := root.Open(name)
	if err != nil {
		return nil
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxAuthoritySize+1))
	if err != nil || len(text) > maxAuthoritySize {
		return nil
	}
	var certificates bytes.Buffer
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil
		}
		certificates.Write(pem.EncodeToMemory(block))
	}
	if certificates.Len() == 0 {
		return nil
	}
	return certificates.Bytes()
}
