"""From this checkout to AWS. `aws.py` makes every call, so that a dry run can print them all.

preflight.py, costs.py  what must be so before anything is made, and what it will cost
stacks.py               one CloudFormation stack: created, changed, mended, or left alone
releases.py, wheels.py  what is brought: archives named by their content
boxes.py                onto a box, and read back what runs there
steps.py                the order;  first.py the first experiment;  destroy.py the way back
"""
