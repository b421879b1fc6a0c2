package main

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// A privateKey is the resource tls_private_key. It lives in the state file
// only, and every change of an argument makes a new key.
type privateKey struct{}

var _ resource.Resource = privateKey{}

func (privateKey) Metadata(_ context.Context, of resource.MetadataRequest, to *resource.MetadataResponse) {
	to.TypeName = of.ProviderTypeName + "_private_key"
}

func (privateKey) Schema(_ context.Context, _ resource.SchemaRequest, to *resource.SchemaResponse) {
	to.Schema = keySchema()
}

func (privateKey) Create(ctx context.Context, req resource.CreateRequest, to *resource.CreateResponse) {
	var m model
	to.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	if to.Diagnostics.HasError() {
		return
	}
	key, err := m.generate()
	if err != nil {
		to.Diagnostics.AddError("Cannot generate the private key", err.Error())
		return
	}
	if err := m.fill(key); err != nil {
		to.Diagnostics.AddError("Cannot write the private key", err.Error())
		return
	}
	to.Diagnostics.Append(to.State.Set(ctx, &m)...)
}

// Read has nothing to ask: the state is the key.
func (privateKey) Read(context.Context, resource.ReadRequest, *resource.ReadResponse) {}

// Update is never called, since every argument requires replacement.
func (privateKey) Update(context.Context, resource.UpdateRequest, *resource.UpdateResponse) {}

// Delete has nothing to do: the framework forgets the state.
func (privateKey) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}
