variable "budget" {
  description = "The most that the members may cost in a period, without the machines that are always there, in the currency of prices; null for no limit. The minimum is always paid for, also if it costs more."
  type        = number
  default     = null

  validation {
    condition     = var.budget == null ? true : var.budget > 0 && var.budget <= 999999
    error_message = "A budget is above 0 and up to 999999, or null."
  }
}

variable "budget_period" {
  description = "The period of budget, by UTC: hour, day, week or month."
  type        = string
  default     = "month"
  nullable    = false

  validation {
    condition     = contains(["hour", "day", "week", "month"], var.budget_period)
    error_message = "The period of a budget is an hour, a day, a week or a month."
  }
}

variable "budget_hourly" {
  description = "The most that the members may cost in an hour, in the currency of prices; null for no limit."
  type        = number
  default     = null

  validation {
    condition     = var.budget_hourly == null ? true : var.budget_hourly > 0 && var.budget_hourly <= 999999
    error_message = "A budget for an hour is above 0 and up to 999999, or null."
  }
}

locals {
  # An amount that the environment of a program can hold.
  budget_settings = local.member_cost == null || try(local.member_cost == 0, false) ? {} : { for name, value in {
    AUTOSCALER_MEMBER_PRICE    = format("%.6f", local.member_cost)
    AUTOSCALER_BUDGET          = var.budget == null ? null : format("%.2f", var.budget)
    AUTOSCALER_BUDGET_PERIOD   = var.budget_period
    AUTOSCALER_BUDGET_HOURLY   = var.budget_hourly == null ? null : format("%.4f", var.budget_hourly)
    AUTOSCALER_BUDGET_CURRENCY = can(regex("^[A-Za-z]{1,10}$", var.prices.currency)) ? var.prices.currency : null
  } : name => value if value != null }
}
