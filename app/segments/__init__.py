"""Segments: who fits a tree of rules, kept current.

Words of this room. A *tree* is what a person or a program writes: groups (AND, OR, NOT) over rules about fields, activities
and other segments. A tree *resolved* against a workspace's vocabulary has typed values. A *dynamic* segment has a tree and
its members follow it; a *static* one is a list kept by hand. A *move* is somebody entering or leaving; the *cause* says why.
"""
