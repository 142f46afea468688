"""The book's side: building it, and what its pages are made of beyond their text.

Leaves out what the pages compute (`experiments/`) and the exercises that they show (`workbook/`).
"""
