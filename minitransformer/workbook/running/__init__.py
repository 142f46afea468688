"""Running a learner's code and hearing what becomes of it: in reading order,

submission (read a notebook), cells (run one in a namespace), references (the solutions as text),
isolation (the system's limits), fence (what answers may not do), traces (what they leave behind),
channel and child (the process that runs them), ration and process (that process seen from outside),
ahead (one that is ready before it is needed), runner (a verdict for every exercise, whatever
happens), breakage (what an error is called).
"""
