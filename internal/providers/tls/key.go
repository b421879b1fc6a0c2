package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // for the id only, as the original has it
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/types"
	"golang.org/x/crypto/ssh"
)

const (
	algorithmRSA     = "RSA"
	algorithmECDSA   = "ECDSA"
	algorithmED25519 = "ED25519"
)

const (
	curveP224 = "P224"
	curveP256 = "P256"
	curveP384 = "P384"
	curveP521 = "P521"
)

// generate makes the key that the model asks for.
func (m *model) generate() (crypto.Signer, error) {
	switch algorithm := m.Algorithm.ValueString(); algorithm {
	case algorithmRSA:
		return rsa.GenerateKey(rand.Reader, int(m.RSABits.ValueInt64()))
	case algorithmECDSA:
		curve, err := curveNamed(m.Curve.ValueString())
		if err != nil {
			return nil, err
		}
		return ecdsa.GenerateKey(curve, rand.Reader)
	case algorithmED25519:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	default:
		return nil, fmt.Errorf("unknown algorithm %q", algorithm)
	}
}

func curveNamed(name string) (elliptic.Curve, error) {
	switch name {
	case curveP224:
		return elliptic.P224(), nil
	case curveP256:
		return elliptic.P256(), nil
	case curveP384:
		return elliptic.P384(), nil
	case curveP521:
		return elliptic.P521(), nil
	default:
		return nil, fmt.Errorf("unknown curve %q", name)
	}
}

// fill writes every format of the key into the model.
func (m *model) fill(key crypto.Signer) error {
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("write private key as PKCS#8: %w", err)
	}
	traditional, err := traditionalBlock(key, pkcs8)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return fmt.Errorf("write public key as PKIX: %w", err)
	}
	sum := sha1.Sum(public) //nolint:gosec // the original's id: it names the key and protects nothing
	m.ID = types.StringValue(hex.EncodeToString(sum[:]))
	m.PrivatePEM = text(traditional)
	m.PrivatePKCS8 = text(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
	m.PublicPEM = text(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	return m.fillSSH(key)
}

// fillSSH writes what OpenSSH reads: empty for P224, which it does not know.
func (m *model) fillSSH(key crypto.Signer) error {
	empty := types.StringValue("")
	m.PrivateOpenSSH, m.PublicOpenSSH, m.MD5, m.SHA256 = empty, empty, empty, empty
	if k, ok := key.(*ecdsa.PrivateKey); ok && k.Curve == elliptic.P224() {
		return nil
	}
	private, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		return fmt.Errorf("write private key for OpenSSH: %w", err)
	}
	public, err := ssh.NewPublicKey(key.Public())
	if err != nil {
		return fmt.Errorf("write public key for OpenSSH: %w", err)
	}
	m.PrivateOpenSSH = text(private)
	m.PublicOpenSSH = types.StringValue(string(ssh.MarshalAuthorizedKey(public)))
	m.MD5 = types.StringValue(ssh.FingerprintLegacyMD5(public))
	m.SHA256 = types.StringValue(ssh.FingerprintSHA256(public))
	return nil
}

// traditionalBlock is the private key in the format of its own algorithm,
// where there is an older one than PKCS#8.
func traditionalBlock(key crypto.Signer, pkcs8 []byte) (*pem.Block, error) {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		return &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(k)}, nil
	case *ecdsa.PrivateKey:
		der, err := x509.MarshalECPrivateKey(k)
		if err != nil {
			return nil, fmt.Errorf("write private key as SEC 1: %w", err)
		}
		return &pem.Block{Type: "EC PRIVATE KEY", Bytes: der}, nil
	default:
		return &pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}, nil
	}
}

func text(block *pem.Block) types.String {
	return types.StringValue(string(pem.EncodeToMemory(block)))
}
