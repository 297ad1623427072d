"""NIST's OSCAL, by compliance-trestle (the extra ``oscal``): assessment results, and the plan of action and milestones.

https://pages.nist.gov/OSCAL/learn/concepts/layer/assessment/
"""
