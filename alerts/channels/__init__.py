"""Ways to reach a person besides an open page, one outlet a file: their place; none stands yet."""
