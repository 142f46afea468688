"""The learner's commands, a module each: `add_arguments(parser)`, and `run(args)` -> exit code.

Leaves out finding them by name (`minitransformer/__main__.py`).
"""
