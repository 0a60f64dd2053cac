"""How figures leave the house: one file a format. What leaves is decided in `governance.selectors.datasets`."""
