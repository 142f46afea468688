"""Running a learner's code and hearing what becomes of it: in reading order,

submission (read a notebook), cells (run one in a namespace), references (the solutions as text),
isolation (limits), child (the process that runs answers), process (that process seen from outside),
ahead (one that is ready before it is needed), runner (a verdict for every exercise, whatever
happens), breakage (what an error is called).
"""
