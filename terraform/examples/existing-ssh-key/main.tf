# Log in to all machines with a key that is registered at Exoscale, and only from
# the office, as with Grafana and Prometheus.

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

variable "ssh_key" {
  description = "Name of the registered SSH key."
  type        = string
}

variable "office" {
  description = "Network of the office. The machine that runs Terraform must be in it, because it uploads the programs by SSH."
  type        = string
}

module "exopool" {
  source = "../.."

  exoscale_key    = var.exoscale_key
  exoscale_secret = var.exoscale_secret

  ssh_key      = var.ssh_key
  deploy_cidrs = [var.office]
  admin_cidrs  = [var.office]
}

output "application_url" {
  description = "The application."
  value       = module.exopool.application_url
}

output "grafana_url" {
  description = "Grafana."
  value       = module.exopool.grafana_url
}

output "grafana_password" {
  description = "Password of Grafana's user admin."
  value       = module.exopool.grafana_password
  sensitive   = true
}
