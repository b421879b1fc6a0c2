package exoapi

import (
	crand "crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"

	"github.com/google/uuid"
)

// An identity makes ids, names and credentials; repeatable ones from a seed.
type identity struct{ random io.Reader }

func newIdentity(seed uint64) identity {
	if seed == 0 {
		return identity{crand.Reader}
	}
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	return identity{rand.NewChaCha8(key)}
}

// bytes never fails: neither source does.
func (g identity) bytes(n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(g.random, b); err != nil {
		panic(fmt.Sprintf("read random bytes: %v", err))
	}
	return b
}

func (g identity) uuid() string {
	var id uuid.UUID
	copy(id[:], g.bytes(len(id)))
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}

// letters returns n characters out of a-z and 0-9.
func (g identity) letters(n int) string {
	const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"
	b := g.bytes(n)
	for i := range b {
		b[i] = alphabet[int(b[i])%len(alphabet)]
	}
	return string(b)
}

// mac returns a locally administered address that starts with prefix.
func (g identity) mac(prefix byte) string {
	b := g.bytes(5)
	return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", prefix, b[0], b[1], b[2], b[3], b[4])
}

// credentials returns an API key and its secret, in the original's shape.
func (g identity) credentials() (key, secret string) {
	return fmt.Sprintf("EXO%x", g.bytes(12)), base64.RawURLEncoding.EncodeToString(g.bytes(32))
}

// fixedID returns the id of something that is the same in every cloud.
func fixedID(name string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://exopool/"+name)).String()
}
