resource "exoscale_block_storage_volume" "minimal" {
  zone = local.zone
  name = "minimal"
}

# It is larger before an instance has it: afterwards the instance had to be stopped.
resource "exoscale_block_storage_volume" "full" {
  zone   = local.zone
  name   = local.changed ? "renamed" : "full"
  size   = var.stage == "full" ? 10 : 12
  labels = local.changed ? {} : local.labels
}

resource "exoscale_block_storage_volume_snapshot" "minimal" {
  zone   = local.zone
  name   = local.changed ? "renamed" : "minimal"
  volume = { id = exoscale_block_storage_volume.minimal.id }
}

resource "exoscale_block_storage_volume_snapshot" "full" {
  zone   = local.zone
  name   = local.changed ? "renamed" : "full"
  volume = { id = exoscale_block_storage_volume.full.id }
  labels = local.changed ? {} : local.labels
}

resource "exoscale_block_storage_volume" "copy" {
  zone            = local.zone
  name            = "full"
  labels          = {}
  snapshot_target = { id = exoscale_block_storage_volume_snapshot.full.id }
}

resource "exoscale_compute_instance" "storage" {
  zone                     = local.zone
  name                     = "storage"
  type                     = "standard.small"
  template_id              = data.exoscale_template.debian.id
  disk_size                = 10
  security_group_ids       = [data.exoscale_security_group.default.id]
  block_storage_volume_ids = local.changed ? [exoscale_block_storage_volume.full.id] : []
}
