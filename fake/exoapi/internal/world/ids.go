package world

import (
	crand "crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"

	"github.com/google/uuid"
)

// IDs makes ids, names and credentials, all of which follow from a seed and from
// what they are made for: one of the numbered changes, or what happens without
// one. So a call that is refused, or only reads, leaves no trace in the ids of
// later ones, and changes that are made again make the same ids.
type IDs struct {
	seed   uint64
	others *rand.ChaCha8 // for what happens without a change
	reads  *rand.ChaCha8 // for answers of calls that only read

	changing bool
	number   uint64
	change   *rand.ChaCha8 // of the change under way; nil until it needs one
}

// newIDs makes ids from a seed; zero means a random one.
func newIDs(seed uint64) *IDs {
	for seed == 0 {
		var b [8]byte
		// It never fails.
		_, _ = crand.Read(b[:])
		seed = binary.LittleEndian.Uint64(b[:])
	}
	return &IDs{seed: seed, others: stream(seed, 0, 0), reads: stream(seed, 2, 0)}
}

// stream returns the random numbers of a seed for a purpose.
func stream(seed, purpose, number uint64) *rand.ChaCha8 {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	binary.LittleEndian.PutUint64(key[8:], purpose)
	binary.LittleEndian.PutUint64(key[16:], number)
	return rand.NewChaCha8(key)
}

// Seed returns what makes the ids repeatable.
func (g *IDs) Seed() uint64 { return g.seed }

// Begin makes the ids until [IDs.End] those of a numbered change.
func (g *IDs) Begin(number int) {
	g.changing, g.number, g.change = true, uint64(number), nil //nolint:gosec // counted from 0
}

// BeginRead makes the ids until [IDs.End] those of a call that only reads.
func (g *IDs) BeginRead() { g.changing, g.change = true, g.reads }

// End ends a change, or a call that only reads.
func (g *IDs) End() { g.changing = false }

// bytes returns n random bytes.
func (g *IDs) bytes(n int) []byte {
	from := g.others
	if g.changing {
		if g.change == nil {
			g.change = stream(g.seed, 1, g.number)
		}
		from = g.change
	}
	b := make([]byte, n)
	_, _ = from.Read(b) // it never fails
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
func (g *IDs) Letters(n int) string { return letters(g.bytes(n)) }

// LettersOf returns n characters out of a-z and 0-9 that follow from the seed and
// a name alone.
func (g *IDs) LettersOf(name string, n int) string {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8(sha256.Sum256(fmt.Appendf(nil, "%d/%s", g.seed, name))).Read(b) // it never fails
	return letters(b)
}

func letters(b []byte) string {
	const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"
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
