//! Breadth-first search.
