# Every resource of the provider that the emulator serves, with its required
# arguments alone and with all that may be set.

terraform {
  required_providers {
    exoscale = {
      source = "exoscale/exoscale"
    }
  }
}

provider "exoscale" {
  key    = var.exoscale_key
  secret = var.exoscale_secret
}

variable "exoscale_key" { type = string }

variable "exoscale_secret" {
  type      = string
  sensitive = true
}

variable "stage" {
  description = "full at first; changed has other values; bare leaves out what the provider can clear."
  type        = string
  default     = "full"
}

locals {
  zone        = "at-vie-1"
  bare        = var.stage == "bare"
  changed     = var.stage == "changed"
  description = "in stage ${var.stage}"
  labels      = local.bare ? null : { stage = var.stage }
}

data "exoscale_template" "debian" {
  zone = local.zone
  name = "Linux Debian 12 (Bookworm) 64-bit"
}

data "exoscale_security_group" "default" {
  name = "default"
}
