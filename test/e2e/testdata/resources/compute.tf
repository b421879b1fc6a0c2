resource "exoscale_ssh_key" "this" {
  name       = "key"
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMWdEpkzl0Pu9GVMpOMPqghPj6kpcLSfDfkrh1r5Apw/ test@example"
}

# An instance without a group is put into the default one, which only a
# configuration that names it expects.
resource "exoscale_compute_instance" "minimal" {
  zone               = local.zone
  name               = "minimal"
  type               = "standard.micro"
  template_id        = data.exoscale_template.debian.id
  disk_size          = 10
  security_group_ids = [data.exoscale_security_group.default.id]
}

resource "exoscale_compute_instance" "full" {
  zone                    = local.zone
  name                    = local.changed ? "renamed" : "full"
  type                    = local.changed ? "standard.small" : "standard.micro"
  template_id             = data.exoscale_template.debian.id
  disk_size               = local.changed || local.bare ? 12 : 10
  anti_affinity_group_ids = [exoscale_anti_affinity_group.full.id]
  elastic_ip_ids          = local.bare ? null : [exoscale_elastic_ip.full.id]
  security_group_ids      = local.changed ? [exoscale_security_group.minimal.id] : [exoscale_security_group.full.id]
  ssh_keys                = [exoscale_ssh_key.this.name]
  user_data               = "#cloud-config\nfinal_message: ${var.stage}\n"
  labels                  = local.labels
  reverse_dns             = local.bare ? null : "instance.example.com"
  destroy_protected       = !local.bare
  enable_secure_boot      = true
  enable_tpm              = local.changed || local.bare
  ipv6                    = true
  state                   = "running"

  dynamic "network_interface" {
    for_each = local.bare ? [] : [local.changed ? "10.0.0.6" : "10.0.0.5"]
    content {
      network_id = exoscale_private_network.full.id
      ip_address = network_interface.value
    }
  }
}

resource "exoscale_compute_instance" "stopped" {
  zone        = local.zone
  name        = "stopped"
  type        = "standard.tiny"
  template_id = data.exoscale_template.debian.id
  disk_size   = 10
  private     = true
  ssh_key     = exoscale_ssh_key.this.name
  state       = local.changed ? "running" : "stopped"

  security_group_ids = [data.exoscale_security_group.default.id]
  network_interface {
    network_id = exoscale_private_network.minimal.id
  }
}

resource "exoscale_instance_pool" "minimal" {
  zone          = local.zone
  name          = "minimal"
  size          = 1
  instance_type = "standard.micro"
  template_id   = data.exoscale_template.debian.id
  disk_size     = 10 # the provider does not require it, the API does
}

resource "exoscale_instance_pool" "full" {
  zone                    = local.zone
  name                    = local.changed ? "renamed" : "full"
  description             = local.description
  size                    = local.changed ? 3 : 2
  min_available           = local.changed ? 2 : 1
  instance_type           = local.changed ? "standard.small" : "standard.micro"
  template_id             = data.exoscale_template.debian.id
  disk_size               = local.changed ? 12 : 10
  instance_prefix         = local.bare ? null : "web"
  key_pair                = local.bare ? null : exoscale_ssh_key.this.name
  user_data               = "#cloud-config\nfinal_message: ${var.stage}\n"
  labels                  = { stage = var.stage }
  ipv6                    = !local.bare
  anti_affinity_group_ids = [exoscale_anti_affinity_group.minimal.id]
  security_group_ids      = local.bare ? null : [exoscale_security_group.full.id]
  network_ids             = local.bare ? null : [exoscale_private_network.full.id]
  elastic_ip_ids          = local.bare ? null : [exoscale_elastic_ip.minimal.id]
}

resource "exoscale_nlb" "minimal" {
  zone = local.zone
  name = "minimal"
}

resource "exoscale_nlb" "full" {
  zone        = local.zone
  name        = local.changed ? "renamed" : "full"
  description = local.description
  labels      = local.labels
}

resource "exoscale_nlb_service" "minimal" {
  zone             = local.zone
  nlb_id           = exoscale_nlb.minimal.id
  name             = "minimal"
  instance_pool_id = exoscale_instance_pool.minimal.id
  port             = 80
  target_port      = 8080

  healthcheck {
    port = 8080
  }
}

resource "exoscale_nlb_service" "full" {
  zone             = local.zone
  nlb_id           = exoscale_nlb.full.id
  name             = local.changed ? "renamed" : "full"
  description      = local.description
  instance_pool_id = exoscale_instance_pool.full.id
  protocol         = local.changed ? "udp" : "tcp"
  strategy         = local.changed ? "source-hash" : "round-robin"
  port             = local.changed ? 8443 : 443
  target_port      = 8443

  # What the mode does not need goes away.
  healthcheck {
    mode     = local.changed ? "tcp" : local.bare ? "http" : "https"
    port     = 8443
    uri      = local.changed ? null : "/health"
    tls_sni  = var.stage == "full" ? "example.com" : null
    interval = 15
    timeout  = 4
    retries  = 3
  }
}
