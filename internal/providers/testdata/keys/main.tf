terraform {
  required_version = ">= 1.9"

  required_providers {
    exoscale = {
      source  = "exoscale/exoscale"
      version = ">= 0.69.3, < 1.0"
    }
    tls = {
      source  = "hashicorp/tls"
      version = ">= 4.0, < 5.0"
    }
  }
}

variable "bits" {
  description = "Length of the RSA key."
  type        = number
  default     = 2048
}

variable "algorithm" {
  description = "Algorithm of the key named any."
  type        = string
  default     = "ED25519"
}

variable "curve" {
  description = "Curve of the key named any."
  type        = string
  default     = "P256"
}

resource "tls_private_key" "any" {
  algorithm   = var.algorithm
  ecdsa_curve = var.curve
}

resource "tls_private_key" "rsa" {
  algorithm = "RSA"
  rsa_bits  = var.bits
}

resource "tls_private_key" "ecdsa" {
  for_each    = toset(["P224", "P256", "P384", "P521"])
  algorithm   = "ECDSA"
  ecdsa_curve = each.key
}
