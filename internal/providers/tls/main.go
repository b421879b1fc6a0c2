package main

import (
	"context"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
)

func main() {
	// The address is the original's: it is what configurations ask for.
	serve := providerserver.ServeOpts{Address: "registry.terraform.io/hashicorp/tls", ProtocolVersion: 5}
	err := providerserver.Serve(context.Background(), func() provider.Provider { return standIn{} }, serve)
	if err != nil {
		fmt.Fprintln(os.Stderr, "serve stand-in for hashicorp/tls:", err)
		os.Exit(1)
	}
}
