package world

import (
	crand "crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"

	"github.com/google/uuid"
)

// IDs makes ids, names and credentials; repeatable ones from a seed.
type IDs struct{ random io.Reader }

func newIDs(seed uint64) *IDs {
	if seed == 0 {
		return &IDs{crand.Reader}
	}
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	return &IDs{rand.NewChaCha8(key)}
}

// bytes returns n random bytes. It never fails: neither source does.
func (g *IDs) bytes(n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(g.random, b); err != nil {
		panic(fmt.Sprintf("read random bytes: %v", err))
	}
	return b
}

// UUID returns a random UUID.
func (g *IDs) UUID() string {
	var id uuid.UUID
	copy(id[:], g.bytes(len(id)))
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}

// Letters returns n characters out of a-z and 0-9.
func (g *IDs) Letters(n int) string {
	const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"
	b := g.bytes(n)
	for i := range b {
		b[i] = alphabet[int(b[i])%len(alphabet)]
	}
	return string(b)
}

// MAC returns a locally administered address that starts with prefix.
func (g *IDs) MAC(prefix byte) string {
	b := g.bytes(5)
	return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", prefix, b[0], b[1], b[2], b[3], b[4])
}

// Address6 returns an address in the range for documentation.
func (g *IDs) Address6() netip.Addr {
	b := [16]byte{0x20, 0x01, 0x0d, 0xb8}
	copy(b[8:], g.bytes(8))
	return netip.AddrFrom16(b)
}

// Credentials returns an API key and its secret, in the original's shape.
func (g *IDs) Credentials() (key, secret string) {
	return fmt.Sprintf("EXO%x", g.bytes(12)), base64.RawURLEncoding.EncodeToString(g.bytes(32))
}

// FixedID returns the id of something that is the same in every cloud.
func FixedID(name string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://exopool/"+name)).String()
}
