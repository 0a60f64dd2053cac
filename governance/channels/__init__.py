"""Ways out of the hub by which people are told something: messages, made from what a selector found."""
