"""Listed apps: their lists, the rules for these lists, and who has them."""
