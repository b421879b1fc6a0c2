output "application_url" {
  description = "The application, through the load balancer."
  value       = "http://${exoscale_nlb.application.ip_address}/"
}

output "grafana_url" {
  description = "Grafana; log in as admin with grafana_password."
  value       = "http://${local.monitoring_ip}:3000/"
}

output "grafana_password" {
  description = "Password of Grafana's user admin. Read it with: terraform output -raw grafana_password"
  value       = local.secrets["grafana-password"]
  sensitive   = true
}

output "prometheus_url" {
  description = "Prometheus."
  value       = "http://${local.monitoring_ip}:9090/"
}

output "ssh_private_key" {
  description = "Key that may log in to the monitoring machine."
  value       = tls_private_key.deploy.private_key_openssh
  sensitive   = true
}

output "ssh_command" {
  description = "Logs in to the monitoring machine, with the key in the SSH agent of this shell and the machine's identity checked."
  value = join(" ", [
    "terraform output -raw ssh_private_key | ssh-add -q - &&",
    "ssh -o StrictHostKeyChecking=yes -o KnownHostsCommand='/bin/echo ${local.monitoring_ip} ${trimspace(tls_private_key.host.public_key_openssh)}' ${local.login}@${local.monitoring_ip}",
  ])
}

output "instance_pool_id" {
  description = "The instance pool that the autoscaler sizes."
  value       = exoscale_instance_pool.members.id
}

output "zone" {
  description = "Zone in which everything runs."
  value       = var.zone
}

locals {
  machine_cost = var.prices.ipv4 + var.disk_size * var.prices.disk_gb
  member_cost  = try(var.prices.types[var.member_type] + local.machine_cost, null)
  fixed_cost   = try(var.prices.types[var.monitoring_type] + local.machine_cost + var.prices.nlb, null)
}

output "estimated_cost_per_hour" {
  description = "Estimate from the price table of the variable prices, without traffic and taxes; null for types that are not in it."
  value = {
    minimum  = try(floor(10000 * (local.fixed_cost + var.minimum * local.member_cost) + 0.5) / 10000, null)
    maximum  = try(floor(10000 * (local.fixed_cost + var.maximum * local.member_cost) + 0.5) / 10000, null)
    currency = var.prices.currency
    note     = "An estimate with prices of ${var.prices.date}; what counts is https://www.exoscale.com/pricing/."
  }
}
