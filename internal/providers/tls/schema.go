package main

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// A model is one tls_private_key, as plan and state carry it.
type model struct {
	Algorithm types.String `tfsdk:"algorithm"`
	RSABits   types.Int64  `tfsdk:"rsa_bits"`
	Curve     types.String `tfsdk:"ecdsa_curve"`

	PrivatePEM     types.String `tfsdk:"private_key_pem"`
	PrivatePKCS8   types.String `tfsdk:"private_key_pem_pkcs8"`
	PrivateOpenSSH types.String `tfsdk:"private_key_openssh"`
	PublicPEM      types.String `tfsdk:"public_key_pem"`
	PublicOpenSSH  types.String `tfsdk:"public_key_openssh"`
	MD5            types.String `tfsdk:"public_key_fingerprint_md5"`
	SHA256         types.String `tfsdk:"public_key_fingerprint_sha256"`
	ID             types.String `tfsdk:"id"`
}

// keySchema has the version of the original's, so that a state file written
// with one provider can be read by the other.
func keySchema() schema.Schema {
	return schema.Schema{
		Version:     1,
		Description: "A private key, kept in the state file. " + notice,
		Attributes: map[string]schema.Attribute{
			"algorithm": schema.StringAttribute{
				Required:      true,
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
				Validators:    []validator.String{stringvalidator.OneOf(algorithmRSA, algorithmECDSA, algorithmED25519)},
				Description:   "RSA, ECDSA or ED25519.",
			},
			"rsa_bits": schema.Int64Attribute{
				Optional:      true,
				Computed:      true,
				Default:       int64default.StaticInt64(2048),
				PlanModifiers: []planmodifier.Int64{int64planmodifier.RequiresReplace()},
				Description:   "Length of an RSA key in bits.",
			},
			"ecdsa_curve": schema.StringAttribute{
				Optional:      true,
				Computed:      true,
				Default:       stringdefault.StaticString(curveP224),
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
				Validators:    []validator.String{stringvalidator.OneOf(curveP224, curveP256, curveP384, curveP521)},
				Description:   "Curve of an ECDSA key: P224, P256, P384 or P521. OpenSSH has no P224.",
			},
			"private_key_pem":               secret("Private key: PKCS#1 for RSA, SEC 1 for ECDSA, PKCS#8 for ED25519."),
			"private_key_pem_pkcs8":         secret("Private key as PKCS#8."),
			"private_key_openssh":           secret("Private key in the format of OpenSSH."),
			"public_key_pem":                computed("Public key as PKIX."),
			"public_key_openssh":            computed("Public key as a line of authorized_keys, with its newline."),
			"public_key_fingerprint_md5":    computed("MD5 fingerprint as OpenSSH writes it, aa:bb:..."),
			"public_key_fingerprint_sha256": computed("SHA-256 fingerprint as OpenSSH writes it, SHA256:..."),
			"id":                            computed("SHA-1 of the public key, hexadecimal."),
		},
	}
}

func computed(description string) schema.Attribute {
	return schema.StringAttribute{Computed: true, Description: description}
}

func secret(description string) schema.Attribute {
	return schema.StringAttribute{Computed: true, Sensitive: true, Description: description}
}
