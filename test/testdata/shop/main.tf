terraform {
  required_providers {
    exoscale = {
      source  = "exoscale/exoscale"
      version = ">= 0.69.3"
    }
  }
}

variable "members" {
  type    = number
  default = 2
}

data "exoscale_template" "debian" {
  zone = "ch-gva-2"
  name = "Linux Debian 13 (Trixie) 64-bit"
}

resource "exoscale_instance_pool" "shop" {
  zone          = "ch-gva-2"
  name          = "shop"
  size          = var.members
  template_id   = data.exoscale_template.debian.id
  instance_type = "standard.small"
  disk_size     = 10
}

output "pool_id" {
  value = exoscale_instance_pool.shop.id
}
