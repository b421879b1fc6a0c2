# Which connections are allowed. All others are refused; outgoing traffic is not
# restricted.

resource "exoscale_security_group" "members" {
  name        = "${var.name}-members"
  description = "Members of the pool ${var.name}."
}

resource "exoscale_security_group" "monitoring" {
  name        = "${var.name}-monitoring"
  description = "Monitoring machine of ${var.name}."

  lifecycle {
    precondition {
      condition     = length(var.deploy_cidrs) > 0 || !local.uploads
      error_message = "Terraform uploads the programs by SSH: add the network of the machine that runs it to deploy_cidrs, or set release_url, or provision = false."
    }

    precondition {
      condition     = length(var.deploy_cidrs) > 0 || !var.private
      error_message = "With private, SSH is the only way to the monitoring machine: set the networks that may log in, deploy_cidrs."
    }

    precondition {
      condition     = !var.private || join(" ", var.admin_cidrs) == "0.0.0.0/0"
      error_message = "private closes Grafana and Prometheus to all networks, so admin_cidrs has no effect: leave one of the two out."
    }
  }
}

# The load balancer passes the addresses of clients on, so the clients
# themselves must be let in, and its health checks with them.
resource "exoscale_security_group_rule" "members_application" {
  security_group_id = exoscale_security_group.members.id
  description       = "The application, for clients of the load balancer."
  type              = "INGRESS"
  protocol          = "TCP"
  cidr              = "0.0.0.0/0"
  start_port        = var.application_port
  end_port          = var.application_port
}

resource "exoscale_security_group_rule" "members_exporter" {
  security_group_id      = exoscale_security_group.members.id
  description            = "Node exporter, for the monitoring machine only."
  type                   = "INGRESS"
  protocol               = "TCP"
  user_security_group_id = exoscale_security_group.monitoring.id
  start_port             = 9100
  end_port               = 9100
}

resource "exoscale_security_group_rule" "members_drain" {
  security_group_id      = exoscale_security_group.members.id
  description            = "Draining, for the monitoring machine only."
  type                   = "INGRESS"
  protocol               = "TCP"
  user_security_group_id = exoscale_security_group.monitoring.id
  start_port             = 9101
  end_port               = 9101
}

# Only needed if a key is named: nothing else logs in to members.
resource "exoscale_security_group_rule" "members_ssh" {
  for_each = var.ssh_key == null ? toset([]) : toset(var.deploy_cidrs)

  security_group_id = exoscale_security_group.members.id
  description       = "SSH."
  type              = "INGRESS"
  protocol          = "TCP"
  cidr              = each.value
  start_port        = 22
  end_port          = 22
}

locals {
  web_cidrs = var.private ? [] : var.admin_cidrs # of Grafana and Prometheus
  monitoring_access = merge(
    { for cidr in local.web_cidrs : "Grafana ${cidr}" => { cidr = cidr, port = 3000, description = "Grafana." } },
    { for cidr in local.web_cidrs : "Prometheus ${cidr}" => { cidr = cidr, port = 9090, description = "Prometheus." } },
    { for cidr in var.deploy_cidrs : "SSH ${cidr}" => { cidr = cidr, port = 22, description = "SSH, for deployments." } },
  )
}

resource "exoscale_security_group_rule" "monitoring" {
  for_each = local.monitoring_access

  security_group_id = exoscale_security_group.monitoring.id
  description       = each.value.description
  type              = "INGRESS"
  protocol          = "TCP"
  cidr              = each.value.cidr
  start_port        = each.value.port
  end_port          = each.value.port
}
