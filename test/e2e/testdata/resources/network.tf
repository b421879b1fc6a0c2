resource "exoscale_security_group" "minimal" {
  name = "minimal"
}

resource "exoscale_security_group_rule" "minimal" {
  security_group_id = exoscale_security_group.minimal.id
  type              = "INGRESS"
  protocol          = "TCP"
  cidr              = "0.0.0.0/0"
  start_port        = 80
  end_port          = 80
}

resource "exoscale_security_group" "full" {
  name             = "full"
  description      = "with all arguments"
  external_sources = local.bare ? null : local.changed ? ["192.0.2.0/24"] : ["192.0.2.0/24", "198.51.100.7/32"]
}

resource "exoscale_security_group_rule" "ports" {
  security_group_id = exoscale_security_group.full.id
  type              = "INGRESS"
  protocol          = "UDP"
  cidr              = "::/0"
  start_port        = 5000
  end_port          = 5100
  description       = "a range of ports"
}

resource "exoscale_security_group_rule" "group" {
  security_group_id      = exoscale_security_group.full.id
  type                   = "INGRESS"
  protocol               = "TCP"
  user_security_group_id = exoscale_security_group.minimal.id
  start_port             = 9100
  end_port               = 9100
}

resource "exoscale_security_group_rule" "public" {
  for_each = toset(["public-nlb-healthcheck-sources", "public-sks-apiservers"])

  security_group_id     = exoscale_security_group.full.id
  type                  = "INGRESS"
  protocol              = "TCP"
  public_security_group = each.key
  start_port            = 8080
  end_port              = 8080
  description           = each.key
}

resource "exoscale_security_group_rule" "ping" {
  for_each = { ICMP = "0.0.0.0/0", ICMPv6 = "::/0" }

  security_group_id = exoscale_security_group.full.id
  type              = "EGRESS"
  protocol          = each.key
  cidr              = each.value
  icmp_type         = each.key == "ICMP" ? 8 : 128
  icmp_code         = 0
}

resource "exoscale_security_group_rule" "portless" {
  for_each = toset(["AH", "ESP", "GRE", "IPIP"])

  security_group_id = exoscale_security_group.full.id
  type              = "EGRESS"
  protocol          = each.key
  cidr              = "203.0.113.0/24"
}

resource "exoscale_anti_affinity_group" "minimal" {
  name = "minimal"
}

resource "exoscale_anti_affinity_group" "full" {
  name        = "full"
  description = "with all arguments"
}

resource "exoscale_private_network" "minimal" {
  zone = local.zone
  name = "minimal"
}

resource "exoscale_private_network" "full" {
  zone        = local.zone
  name        = local.changed ? "renamed" : "full"
  description = local.description
  start_ip    = "10.0.0.10"
  end_ip      = local.changed ? "10.0.0.99" : "10.0.0.50"
  netmask     = "255.255.255.0"
  labels      = { stage = var.stage }
}

resource "exoscale_elastic_ip" "minimal" {
  zone = local.zone
}

resource "exoscale_elastic_ip" "version6" {
  zone           = local.zone
  address_family = "inet6"
}

resource "exoscale_elastic_ip" "full" {
  zone        = local.zone
  description = local.description
  labels      = local.labels
  reverse_dns = local.bare ? null : "${var.stage}.example.com"

  healthcheck {
    mode            = "https"
    port            = 443
    uri             = "/health"
    tls_sni         = "example.com"
    tls_skip_verify = true
    interval        = local.changed ? 20 : 5
    timeout         = 3
    strikes_ok      = 4
    strikes_fail    = 5
  }
}
