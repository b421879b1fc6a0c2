package main

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

const notice = "This is a stand-in for hashicorp/tls, made for tests without a Terraform registry. " +
	"It offers tls_private_key only."

// A standIn is the provider. It takes no settings.
type standIn struct{}

var _ provider.Provider = standIn{}

func (standIn) Metadata(_ context.Context, _ provider.MetadataRequest, to *provider.MetadataResponse) {
	to.TypeName = "tls"
}

func (standIn) Schema(_ context.Context, _ provider.SchemaRequest, to *provider.SchemaResponse) {
	to.Schema = schema.Schema{Description: notice}
}

// Configure warns, so that every plan and apply says whose keys it made.
func (standIn) Configure(_ context.Context, _ provider.ConfigureRequest, to *provider.ConfigureResponse) {
	to.Diagnostics.AddWarning("Stand-in for provider hashicorp/tls", notice)
}

func (standIn) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{func() resource.Resource { return privateKey{} }}
}

func (standIn) DataSources(context.Context) []func() datasource.DataSource { return nil }
