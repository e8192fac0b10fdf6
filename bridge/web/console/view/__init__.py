"""What pages show: values in words, lists, filters, charts, trees."""
