output "application_url" {
  description = "The application, through the load balancer."
  value       = "http://${exoscale_nlb.application.ip_address}/"
}

locals {
  # Through the tunnel, both are on the machine that runs it.
  web_host = var.private ? "127.0.0.1" : local.monitoring_ip

  # Puts the key into the SSH agent of this shell, and verifies the machine's
  # host key.
  ssh_login = [
    "terraform output -raw ssh_private_key | ssh-add -q - &&",
    "ssh -o StrictHostKeyChecking=yes -o KnownHostsCommand='/bin/echo ${local.monitoring_ip} ${trimspace(tls_private_key.host.public_key_openssh)}'",
  ]
  ssh_address = "${local.login}@${local.monitoring_ip}"

  # A prefix of less than 8 bits covers a large part of all addresses.
  open_to_all = { for name, cidrs in { web = local.web_cidrs, ssh = var.deploy_cidrs } : name => anytrue([for c in cidrs : tonumber(split("/", c)[1]) < 8]) }
}

output "warnings" {
  description = "Settings that a careful operator would change; empty if there are none."
  value = compact([
    local.open_to_all.web ? "Grafana (plain HTTP, password) and Prometheus (no password) are open to the whole internet: set private = true, or admin_cidrs." : "",
    local.open_to_all.ssh ? "SSH on the monitoring machine (with a key only) is open to the whole internet: set deploy_cidrs." : "",
    !var.restricted_key ? "The monitoring machine has your own API key with all its rights: set restricted_key = true." : "",
    var.restricted_key && !var.pinned_key ? "The monitoring machine's API key may resize every pool of the account: set pinned_key = true." : "",
  ])
}

output "tunnel" {
  description = "Command that makes Grafana and Prometheus available on this machine, on the same ports of 127.0.0.1, while it runs."
  value       = join(" ", concat(local.ssh_login, ["-N -o ExitOnForwardFailure=yes -L 3000:127.0.0.1:3000 -L 9090:127.0.0.1:9090", local.ssh_address]))
}

output "grafana_url" {
  description = "Grafana; log in as admin with grafana_password. If private, through the tunnel."
  value       = "http://${local.web_host}:3000/"
}

output "grafana_password" {
  description = "Password of Grafana's user admin. Read it with: terraform output -raw grafana_password"
  value       = local.secrets["grafana-password"]
  sensitive   = true
}

output "prometheus_url" {
  description = "Prometheus. If private, through the tunnel."
  value       = "http://${local.web_host}:9090/"
}

output "ssh_private_key" {
  description = "Key that may log in to the monitoring machine."
  value       = tls_private_key.deploy.private_key_openssh
  sensitive   = true
}

output "ssh_command" {
  description = "Command that logs in to the monitoring machine. It puts the key into the SSH agent of this shell and verifies the machine's host key."
  value       = join(" ", concat(local.ssh_login, [local.ssh_address]))
}

output "instance_pool_id" {
  description = "Id of the instance pool that the autoscaler resizes."
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
    note     = "An estimate with prices of ${var.prices.date}; the actual prices are on https://www.exoscale.com/pricing/."
  }
}
