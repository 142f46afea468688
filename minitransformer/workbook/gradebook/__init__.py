"""A class's submissions and what becomes of them: in reading order,

whose (a path's student), handed (who handed in what), records (what was graded before), marks (the
gradebook), grading (a whole class, on every core), and what is written of it: table (CSV), junit,
gradescope, feedback, summary. bundle makes an autograder for Gradescope.
"""
