"""Where tensors live and what computes on them: one module a device, loaded when first used."""
