resource "exoscale_domain" "this" {
  name = "resources.example.net"
}

resource "exoscale_domain_record" "minimal" {
  domain      = exoscale_domain.this.id
  name        = local.changed ? "renamed" : "minimal"
  record_type = "A"
  content     = local.changed ? "192.0.2.2" : "192.0.2.1"
}

resource "exoscale_domain_record" "full" {
  domain      = exoscale_domain.this.id
  name        = "" # that of the domain itself
  record_type = "MX"
  content     = "mail.example.net"
  ttl         = local.changed ? 120 : 60
  prio        = local.changed ? 20 : 10
}
