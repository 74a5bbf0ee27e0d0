"""Figures that the product holds, measured as ratios to a bare reference in one run; times are printed and decide nothing."""
