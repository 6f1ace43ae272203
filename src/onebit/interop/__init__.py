"""Adapters to other frameworks, one file each; a framework is imported when somebody asks for it.

`Dataset.to_torch`, `Dataset.to_jax`, `Dataset.to_tf`, `Dataset.to_grain` and `Dataset.to_hf` lead here.
"""
