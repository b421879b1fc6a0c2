resource "exoscale_sks_cluster" "minimal" {
  zone = local.zone
  name = "minimal"
}

resource "exoscale_sks_cluster" "full" {
  zone           = local.zone
  name           = local.changed ? "renamed" : "full"
  description    = local.description
  service_level  = "starter"
  cni            = "cilium"
  auto_upgrade   = true
  exoscale_ccm   = true
  exoscale_csi   = true
  metrics_server = true
  labels         = { stage = var.stage }
}

resource "exoscale_sks_nodepool" "minimal" {
  zone          = local.zone
  cluster_id    = exoscale_sks_cluster.minimal.id
  name          = "minimal"
  instance_type = "standard.small"
  size          = 1
}

resource "exoscale_sks_nodepool" "full" {
  zone                    = local.zone
  cluster_id              = exoscale_sks_cluster.full.id
  name                    = local.changed ? "renamed" : "full"
  description             = local.description
  instance_type           = "standard.small"
  size                    = local.changed ? 2 : 1
  disk_size               = local.changed ? 60 : 50
  instance_prefix         = "node"
  labels                  = { stage = var.stage }
  taints                  = { stage = "${var.stage}:NoSchedule" }
  anti_affinity_group_ids = [exoscale_anti_affinity_group.minimal.id]
  security_group_ids      = [exoscale_security_group.full.id]
  private_network_ids     = [exoscale_private_network.minimal.id]
}
