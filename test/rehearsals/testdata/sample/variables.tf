variable "exoscale_key" {
  description = "The Exoscale API key"
  type        = string
}

variable "exoscale_secret" {
  description = "The Exoscale API secret"
  type        = string
}

variable "zone" {
  type    = string
  default = "at-vie-1"
}

variable "target_port" {
  description = "Port of the node exporters"
  type        = number
  default     = 9100
}
