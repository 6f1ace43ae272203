"""The explorer: every image of a data set in the browser, at once. ``onebit explore binarized_mnist``."""
