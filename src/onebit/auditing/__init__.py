"""The audit of a data set: images that are there twice, images that leaked from split to split, splits that drifted."""
