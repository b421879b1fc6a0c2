terraform {
  # Tests need 1.9, for their mocked providers.
  required_version = ">= 1.5.0"

  required_providers {
    exoscale = {
      source  = "exoscale/exoscale"
      version = ">= 0.69.3, < 1.0.0"
    }
    # Creates the keys of the deployment and the seeds of generated secrets.
    tls = {
      source  = "hashicorp/tls"
      version = ">= 4.0.0, < 5.0.0"
    }
  }
}

provider "exoscale" {
  key    = var.exoscale_key
  secret = var.exoscale_secret
}
