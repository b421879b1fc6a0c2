# Your own shop instead of the load generator: its image, its port and the path
# of its health check.

terraform {
  required_version = ">= 1.5.0"
}

variable "exoscale_key" {
  description = "Exoscale API key."
  type        = string
  sensitive   = true
}

variable "exoscale_secret" {
  description = "Secret of the API key."
  type        = string
  sensitive   = true
}

module "shop" {
  source = "../.."

  exoscale_key    = var.exoscale_key
  exoscale_secret = var.exoscale_secret

  name              = "shop"
  application_image = "docker.io/library/nginx:1.29"
  application_port  = 80
  health_path       = "/"
  member_type       = "standard.small"
  minimum           = 2
  maximum           = 8
}

output "url" {
  description = "The shop."
  value       = module.shop.application_url
}

output "estimated_cost_per_hour" {
  description = "What it costs, roughly."
  value       = module.shop.estimated_cost_per_hour
}
