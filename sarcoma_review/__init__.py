"""Surgical planning and case review for bone sarcoma, in notebooks."""
